package report

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// Brought is one customer and the referral it stands in, or the refusal when
// nobody was credited.
type Brought struct {
	Referral   id.Referral // "" when nobody was credited
	Customer   id.Customer
	ExternalID string
	Email      string
	Affiliate  id.Affiliate
	Name       string // of the affiliate
	ByLink     bool
	ByCoupon   bool
	Plan       string
	State      string // of the referral; 'lapsed' when it stands no more for lack of life; 'refused'
	Life       string // state of the customer
	At         time.Time
}

// The states of a list that are no states of a referral.
const (
	Refused = "refused"
	Lapsed  = "lapsed"
)

// Cursor is where a list goes on after this row: the ending of its id, which
// grows with time.
func (b Brought) Cursor() string {
	if b.Referral != "" {
		return ending(string(b.Referral))
	}
	return ending(string(b.Customer))
}

// ending is an id without its prefix, which is three letters and a line.
func ending(s string) string { return s[min(4, len(s)):] }

// Referrals is a page of a program's referrals, the newest first, with those
// customers among them whose evidence credited nobody. Before is a Cursor.
func Referrals(ctx context.Context, q db.Reader, f Finding) ([]Brought, error) {
	var all []Brought
	if f.State != Refused {
		rows, err := credited(ctx, q, f)
		if err != nil {
			return nil, err
		}
		all = rows
	}
	if f.Affiliate == "" && (f.State == Refused || f.State == "") {
		rows, err := refused(ctx, q, f)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	slices.SortFunc(all, func(a, b Brought) int { return -cmp.Compare(a.Cursor(), b.Cursor()) })
	return all[:min(len(all), f.Limit)], nil
}

func scanBrought(r db.Row) (Brought, error) {
	var b Brought
	err := r.Scan(&b.Referral, &b.Customer, &b.ExternalID, &b.Email, &b.Affiliate, &b.Name, &b.ByLink, &b.ByCoupon,
		&b.Plan, &b.State, &b.Life, &b.At)
	return b, err
}

func credited(ctx context.Context, q db.Reader, f Finding) ([]Brought, error) {
	return db.All(ctx, q, scanBrought, `
		select r.referral_id, c.customer_id, c.external_id, c.email, r.affiliate_id, a.name,
			case when r.link_id <> '' then 1 else 0 end, case when r.coupon_id <> '' then 1 else 0 end, c.plan_code,
			case when r.state = 'standing' and r.lapsed_at <= $8 then 'lapsed' else r.state end, c.state, r.since
		from referrals r
		join customers c on c.program_id = r.program_id and c.customer_id = r.customer_id
		join affiliates a on a.program_id = r.program_id and a.affiliate_id = r.affiliate_id
		where r.program_id = $1 and ($2 = '' or r.state = $2) and ($3 = '' or r.affiliate_id = $3) and ($4 = '' or r.referral_id < 'ref_' || $4)
			and ($5 = '' or lower(c.external_id) = $5 or lower(c.email) like $6 escape '\')
		order by r.referral_id desc limit $7`,
		f.Program, f.State, f.Affiliate, f.Before, f.text(), f.like(), f.Limit, q.Now())
}

// refused are customers whose newest decision credited nobody, though there
// was something to weigh, and who never had a referral.
func refused(ctx context.Context, q db.Reader, f Finding) ([]Brought, error) {
	return db.All(ctx, q, scanBrought, `
		select '', c.customer_id, c.external_id, c.email, '', '',
			case when exists (select 1 from referral_evidence e where e.program_id = $1 and e.customer_id = c.customer_id and e.kind = 'click') then 1 else 0 end,
			case when exists (select 1 from referral_evidence e where e.program_id = $1 and e.customer_id = c.customer_id and e.kind = 'coupon') then 1 else 0 end,
			c.plan_code, 'refused', c.state, coalesce(c.signed_up_at, c.created_at)
		from customers c
		where c.program_id = $1 and ($2 = '' or c.customer_id < 'cus_' || $2)
			and ($3 = '' or lower(c.external_id) = $3 or lower(c.email) like $4 escape '\')
			and exists (select 1 from referral_evidence e where e.program_id = $1 and e.customer_id = c.customer_id)
			and not exists (select 1 from referrals r where r.program_id = $1 and r.customer_id = c.customer_id)
		order by c.customer_id desc limit $5`,
		f.Program, f.Before, f.text(), f.like(), f.Limit)
}
