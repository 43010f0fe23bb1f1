// Package program is what a merchant promotes, by which policy, on which
// terms.
//
// Nouns: Program, Side, Policy, Plan, Group, Terms, Rule, Scope.
//
// Invariants:
//  1. A program has two sides, live and test: two rows that share nothing.
//  2. A host serves the links of one program.
//  3. Terms and policies are versions: written once, never edited.
//  4. What the edge must know leaves with the transaction that changes it.
//
// It owns programs, hosts, program_sites, program_policies, plans, groups and
// terms. It must not know affiliates, links or coupons: a scope is a pair.
package program

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Side tells a program's real books from the ones for trying out.
type Side string

// The sides.
const (
	Live Side = "live"
	Test Side = "test"
)

// Mode is what a click may store in the visitor's browser.
type Mode string

// The modes.
const (
	ModeFull       Mode = "full"
	ModeConsent    Mode = "consent"
	ModeCookieless Mode = "cookieless"
)

// Binding tells which terms later payments of a referral have.
type Binding string

// The bindings: a referral keeps the terms of its sign-up, or follows the
// current ones.
const (
	Keep   Binding = "keep"
	Follow Binding = "follow"
)

// Applications tells how an application is answered.
type Applications string

// The ways: a person decides, everybody is approved, or nobody may apply.
const (
	ApplyReview  Applications = "review"
	ApplyApprove Applications = "approve"
	ApplyClosed  Applications = "closed"
)

// Settings are what a merchant may change about a program.
type Settings struct {
	Name           string       `json:"name"`
	SiteURL        string       `json:"site_url"` // https://shop.example, where links lead by default
	Zone           string       `json:"zone"`     // IANA name; months, days and runs are counted in it
	Mode           Mode         `json:"mode"`
	ViaName        string       `json:"via_name"`
	WindowDays     int          `json:"window_days"`
	HoldDays       int          `json:"hold_days"`
	MinimumMinor   int64        `json:"minimum_minor"` // of a payout, in the program's currency
	Binding        Binding      `json:"binding"`
	LapseAfterDays int          `json:"lapse_after_days"` // 0: never
	Applications   Applications `json:"applications"`
	FallbackURL    string       `json:"fallback_url"`
	SuggestPPM     int64        `json:"suggest_ppm"` // discount of the code suggested on approval
	SuggestPlans   []string     `json:"suggest_plans"`
	Accent         string       `json:"accent"` // '#rrggbb' or ""
}

// Program is one side of a merchant's affiliate program: the unit of
// isolation.
type Program struct {
	ID       id.Program `json:"id"`
	Twin     id.Program `json:"twin_id"`
	Slug     string     `json:"slug"`
	Side     Side       `json:"side"`
	LinkHost string     `json:"link_host"` // host[:port] of new links
	Currency string     `json:"currency"`
	Settings
	PolicyVersion int       `json:"policy_version"`
	RecordVersion int64     `json:"-"`
	BooksStart    time.Time `json:"books_start"` // payments before it are history and never earn
	CreatedAt     time.Time `json:"created_at"`
}

// Location is the program's time zone; UTC when its name is not known here.
func (p Program) Location() *time.Location {
	loc, err := time.LoadLocation(p.Zone)
	if err != nil {
		return time.UTC
	}
	return loc
}

// Window is how long after a click a sign-up still counts.
func (p Program) Window() time.Duration { return time.Duration(p.WindowDays) * 24 * time.Hour }

// Hold is how long a commission waits before it is payable.
func (p Program) Hold() time.Duration { return time.Duration(p.HoldDays) * 24 * time.Hour }

// CookieName is the name of the first-party cookie.
func (p Program) CookieName() string { return "trb_" + p.Slug }

const selectProgram = `
	select program_id, twin_id, slug, side, link_host, currency, name, site_url, zone, mode, via_name,
		window_days, hold_days, minimum_minor, binding, lapse_after_days, applications, fallback_url,
		suggest_ppm, suggest_plans, accent, policy_version, record_version, books_start, created_at
	from programs `

func scanProgram(r db.Row) (Program, error) {
	var p Program
	err := r.Scan(&p.ID, &p.Twin, &p.Slug, &p.Side, &p.LinkHost, &p.Currency, &p.Name, &p.SiteURL, &p.Zone, &p.Mode, &p.ViaName,
		&p.WindowDays, &p.HoldDays, &p.MinimumMinor, &p.Binding, &p.LapseAfterDays, &p.Applications, &p.FallbackURL,
		&p.SuggestPPM, db.JSON(&p.SuggestPlans), &p.Accent, &p.PolicyVersion, &p.RecordVersion, &p.BooksStart, &p.CreatedAt)
	return p, err
}

// Get returns a program. Kinds: NotFound.
func Get(ctx context.Context, q db.Reader, prog id.Program) (Program, error) {
	return one(ctx, q, "There is no program %s.", string(prog), `where program_id = $1`, prog)
}

// BySlug returns the program of that slug. Kinds: NotFound.
func BySlug(ctx context.Context, q db.Reader, slug string) (Program, error) {
	return one(ctx, q, "There is no program %s.", slug, `where slug = $1`, slug)
}

// ByHost returns the program whose links a host serves. Kinds: NotFound.
func ByHost(ctx context.Context, q db.Reader, host string) (Program, error) {
	return one(ctx, q, "No program has links on %s.", host, `where program_id = (select program_id from hosts where host = $1)`, host)
}

func one(ctx context.Context, q db.Reader, key, name, where string, arg any) (Program, error) {
	p, err := db.One(ctx, q, scanProgram, selectProgram+where, arg)
	if errors.Is(err, db.ErrNoRow) {
		return p, fault.New(fault.NotFound, key, name)
	}
	return p, err
}

// List returns every program and side, the oldest first.
func List(ctx context.Context, q db.Reader) ([]Program, error) {
	return db.All(ctx, q, scanProgram, selectProgram+`order by created_at, slug`)
}

// Hosts are the hosts that serve a program's links.
func Hosts(ctx context.Context, q db.Reader, prog id.Program) ([]string, error) {
	return db.All(ctx, q, db.Scalar[string], `select host from hosts where program_id = $1 order by host`, prog)
}

// Sites are the verified hosts that links may lead to.
func Sites(ctx context.Context, q db.Reader, prog id.Program) ([]string, error) {
	return db.All(ctx, q, db.Scalar[string], `select host from program_sites where program_id = $1 order by host`, prog)
}

// AddSite verifies another host that links may lead to, and tells the edge.
// Kinds: Invalid.
func AddSite(ctx context.Context, tx *db.Tx, prog id.Program, host string) error {
	host, err := ParseHost(host)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		insert into program_sites (program_id, host, created_at) values ($1, $2, $3)
		on conflict (program_id, host) do nothing`, prog, host, tx.Now())
	if err != nil {
		return fmt.Errorf("add site: %w", err)
	}
	return touch(ctx, tx, prog)
}
