package program

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Credit is who wins when a link and a coupon of different affiliates
// disagree.
type Credit string

// The credit policies.
const (
	CouponFirst      Credit = "coupon_first"
	LinkFirst        Credit = "link_first"
	CouponIfInvolved Credit = "coupon_if_involved" // only with a click of its owner in the window; alone it wins
)

// Touch is which of several clicks wins.
type Touch string

// The touches.
const (
	LastTouch  Touch = "last_touch"
	FirstTouch Touch = "first_touch"
)

// Policy is how a program credits customers, in one version.
type Policy struct {
	Version        int       `json:"version"`
	StartsAt       time.Time `json:"starts_at"`
	Credit         Credit    `json:"credit"`
	Touch          Touch     `json:"touch"`
	NewSignupsOnly bool      `json:"new_signups_only"` // an earlier sign-up stops later touches
	CheckoutPaths  []string  `json:"checkout_paths"`   // path prefixes on which a click does not win over an older one
}

// DefaultPolicy puts coupons first and counts the last touch.
func DefaultPolicy(at time.Time) Policy {
	return Policy{Version: 1, StartsAt: at, Credit: CouponFirst, Touch: LastTouch, CheckoutPaths: []string{}}
}

// Check refuses words that are no policy. Kinds: Invalid.
func (p Policy) Check() error {
	switch p.Credit {
	case CouponFirst, LinkFirst, CouponIfInvolved:
	default:
		return fault.New(fault.Invalid, "%s is not a credit policy.", string(p.Credit)).Field("credit").
			Hint("Use coupon_first, link_first or coupon_if_involved.")
	}
	if p.Touch != LastTouch && p.Touch != FirstTouch {
		return fault.New(fault.Invalid, "%s is not a touch.", string(p.Touch)).Field("touch").Hint("Use last_touch or first_touch.")
	}
	for _, path := range p.CheckoutPaths {
		if !strings.HasPrefix(path, "/") {
			return fault.New(fault.Invalid, "%s is not a path.", path).Field("checkout_paths").Hint("Paths begin with a slash, such as /checkout.")
		}
	}
	return nil
}

// SetPolicy writes the next version, in force from now on. Kinds: Invalid,
// NotFound.
func SetPolicy(ctx context.Context, tx *db.Tx, prog id.Program, p Policy) (Policy, error) {
	if err := p.Check(); err != nil {
		return p, err
	}
	before, err := PolicyAt(ctx, tx, prog, tx.Now())
	if err != nil {
		return p, err
	}
	version, err := db.One(ctx, tx, db.Scalar[int], `
		update programs set policy_version = policy_version + 1 where program_id = $1 returning policy_version`, prog)
	if err != nil {
		return p, fmt.Errorf("count policy: %w", err)
	}
	p.Version, p.StartsAt = version, tx.Now()
	if err := putPolicy(ctx, tx, prog, p); err != nil {
		return p, err
	}
	return p, audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "policy.changed", Subject: string(prog), Before: before, After: p})
}

func putPolicy(ctx context.Context, tx *db.Tx, prog id.Program, p Policy) error {
	if p.CheckoutPaths == nil {
		p.CheckoutPaths = []string{}
	}
	_, err := tx.Exec(ctx, `
		insert into program_policies (program_id, version, starts_at, credit, touch, new_signups_only, checkout_paths)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		prog, p.Version, p.StartsAt, p.Credit, p.Touch, p.NewSignupsOnly, db.JSON(p.CheckoutPaths))
	if err != nil {
		return fmt.Errorf("insert policy: %w", err)
	}
	return nil
}

// PolicyAt is the policy in force at a time; before the first one, the first.
// Kinds: NotFound.
func PolicyAt(ctx context.Context, q db.Reader, prog id.Program, at time.Time) (Policy, error) {
	p, err := db.One(ctx, q, scanPolicy, `
		select version, starts_at, credit, touch, new_signups_only, checkout_paths from program_policies
		where program_id = $1 and (starts_at <= $2 or version = 1)
		order by version desc limit 1`, prog, at)
	if errors.Is(err, db.ErrNoRow) {
		return p, fault.New(fault.NotFound, "There is no program %s.", string(prog))
	}
	return p, err
}

func scanPolicy(r db.Row) (Policy, error) {
	var p Policy
	err := r.Scan(&p.Version, &p.StartsAt, &p.Credit, &p.Touch, &p.NewSignupsOnly, db.JSON(&p.CheckoutPaths))
	return p, err
}
