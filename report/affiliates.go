package report

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// Enrolled is one affiliate with what came of it since the beginning. Money is
// in minor units of the currency asked for.
type Enrolled struct {
	Affiliate id.Affiliate
	Name      string
	Email     string
	State     string
	StateAt   time.Time
	Clicks    int64
	Customers int64 // who have paid
	Revenue   int64
	Earned    int64
}

// Finding narrows a list of affiliates or referrals; empty fields do not.
type Finding struct {
	Program   id.Program
	Currency  string
	State     string
	Affiliate id.Affiliate
	Text      string // part of a name or e-mail, or a whole link ending, code or customer id
	Before    string // older than the row with this id
	Limit     int
}

// Affiliates is a page of a program's affiliates, the newest first, with their
// figures.
func Affiliates(ctx context.Context, s Sources, f Finding) ([]Enrolled, error) {
	rows, err := db.All(ctx, s.Books, func(r db.Row) (v Enrolled, err error) {
		return v, r.Scan(&v.Affiliate, &v.Name, &v.Email, &v.State, &v.StateAt, &v.Customers, &v.Revenue, &v.Earned)
	}, `
		select f.affiliate_id, f.name, p.email, f.state, f.state_at,
			(select count(distinct customer_id) from commissions c where c.program_id = $1 and c.affiliate_id = f.affiliate_id and c.kind = 'payment'),
			(select cast(coalesce(sum(base_minor), 0) as bigint) from commissions c where c.program_id = $1 and c.affiliate_id = f.affiliate_id and c.currency = $2),
			(select cast(coalesce(sum(target_minor), 0) as bigint) from commissions c where c.program_id = $1 and c.affiliate_id = f.affiliate_id and c.currency = $2)
		from affiliates f join people p on p.person_id = f.person_id
		where f.program_id = $1 and ($3 = '' or f.state = $3) and ($4 = '' or f.affiliate_id < $4)
			and ($5 = '' or lower(f.name) like $6 escape '\' or lower(p.email) like $6 escape '\'
				or exists (select 1 from links l where l.program_id = $1 and l.affiliate_id = f.affiliate_id and l.slug = $5)
				or exists (select 1 from coupons k where k.program_id = $1 and k.affiliate_id = f.affiliate_id and k.canonical = $7))
		order by f.affiliate_id desc limit $8`,
		f.Program, f.Currency, f.State, f.Before, f.text(), f.like(), f.code(), f.Limit)
	if err != nil || len(rows) == 0 {
		return rows, err
	}
	clicks, err := clicksBetween(ctx, s.Clicks, f.Program, rows[len(rows)-1].Affiliate, rows[0].Affiliate)
	if err != nil {
		return nil, fmt.Errorf("clicks of affiliates: %w", err)
	}
	for i := range rows {
		rows[i].Clicks = clicks[rows[i].Affiliate]
	}
	return rows, nil
}

func (f Finding) text() string { return strings.ToLower(strings.TrimSpace(f.Text)) }

func (f Finding) like() string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.text()) + "%"
}

func (f Finding) code() string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(f.text()))
}

// clicksBetween sums the clicks of the affiliates of a page, whose ids lie
// beside each other.
func clicksBetween(ctx context.Context, q db.Reader, prog id.Program, from, to id.Affiliate) (map[id.Affiliate]int64, error) {
	type row struct {
		aff    id.Affiliate
		clicks int64
	}
	rows, err := db.All(ctx, q, func(r db.Row) (v row, err error) {
		return v, r.Scan(&v.aff, &v.clicks)
	}, `
		select affiliate_id, cast(sum(clicks) as bigint) from click_days
		where program_id = $1 and affiliate_id >= $2 and affiliate_id <= $3 and dimension = '' and value = ''
		group by affiliate_id`, prog, from, to)
	sums := map[id.Affiliate]int64{}
	for _, r := range rows {
		sums[r.aff] = r.clicks
	}
	return sums, err
}

// Counts are numbers of things by state.
type Counts map[string]int64

// All is the sum over all states.
func (c Counts) All() int64 {
	var n int64
	for _, one := range c {
		n += one
	}
	return n
}

// countMost bounds what a count costs: above it there is none.
const countMost = 10_000

// AffiliatesByState counts a program's affiliates; nil when there are too many
// to count at once.
func AffiliatesByState(ctx context.Context, q db.Reader, prog id.Program) (Counts, error) {
	type row struct {
		state string
		n     int64
	}
	rows, err := db.All(ctx, q, func(r db.Row) (v row, err error) {
		return v, r.Scan(&v.state, &v.n)
	}, `
		select state, count(*) from (select state from affiliates where program_id = $1 limit $2) counted group by state`, prog, countMost)
	c := Counts{}
	for _, r := range rows {
		c[r.state] = r.n
	}
	if c.All() >= countMost {
		return nil, err
	}
	return c, err
}

// Happened says how far a new program has come.
type Happened struct {
	Approved, Clicked, SignedUp, Paid bool
}

// Progress answers for one program.
func Progress(ctx context.Context, s Sources, prog id.Program) (Happened, error) {
	h, err := db.One(ctx, s.Books, func(r db.Row) (v Happened, err error) {
		return v, r.Scan(&v.Approved, &v.SignedUp, &v.Paid)
	}, `
		select case when exists (select 1 from affiliates where program_id = $1 and state = 'active') then 1 else 0 end,
			case when exists (select 1 from referrals where program_id = $1) then 1 else 0 end,
			case when exists (select 1 from commissions where program_id = $1 and kind = 'payment') then 1 else 0 end`, prog)
	if err != nil {
		return h, err
	}
	h.Clicked, err = db.One(ctx, s.Clicks, db.Scalar[bool], `
		select case when exists (select 1 from click_days where program_id = $1) then 1 else 0 end`, prog)
	return h, err
}
