package report

import (
	"cmp"
	"context"
	"slices"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// Brings is what came of one link or code in a period. Money is in minor units
// of the currency asked for.
type Brings struct {
	Signups   int64
	Customers int64 // who have paid
	Earned    int64
}

// LinkBrings is what each link of an affiliate brought in a period, by the
// time of the sign-up.
func LinkBrings(ctx context.Context, q db.Reader, a Ask) (map[string]Brings, error) {
	return brings(ctx, q, a, `
		select r.link_id, count(*), sum(case when c.first_paid_at is null then 0 else 1 end),
			cast(coalesce(sum((select sum(m.target_minor) from commissions m where m.program_id = $1
				and m.referral_id = r.referral_id and m.customer_id = r.customer_id and m.currency = $3)), 0) as bigint)
		from referrals r join customers c on c.program_id = r.program_id and c.customer_id = r.customer_id
		where r.program_id = $1 and r.affiliate_id = $2 and r.link_id <> '' and r.state not in ('void', 'lost')
			and r.since >= $4 and r.since < $5
		group by r.link_id`)
}

// CouponBrings is LinkBrings for codes.
func CouponBrings(ctx context.Context, q db.Reader, a Ask) (map[string]Brings, error) {
	return brings(ctx, q, a, `
		select r.coupon_id, count(*), sum(case when c.first_paid_at is null then 0 else 1 end),
			cast(coalesce(sum((select sum(m.target_minor) from commissions m where m.program_id = $1
				and m.referral_id = r.referral_id and m.customer_id = r.customer_id and m.currency = $3)), 0) as bigint)
		from referrals r join customers c on c.program_id = r.program_id and c.customer_id = r.customer_id
		where r.program_id = $1 and r.affiliate_id = $2 and r.coupon_id <> '' and r.state not in ('void', 'lost')
			and r.since >= $4 and r.since < $5
		group by r.coupon_id`)
}

func brings(ctx context.Context, q db.Reader, a Ask, query string) (map[string]Brings, error) {
	type row struct {
		id string
		Brings
	}
	rows, err := db.All(ctx, q, func(r db.Row) (v row, err error) {
		return v, r.Scan(&v.id, &v.Signups, &v.Customers, &v.Earned)
	}, query, a.Program, a.Affiliate, a.Currency, a.Period.From, a.Period.To)
	all := map[string]Brings{}
	for _, r := range rows {
		all[r.id] = r.Brings
	}
	return all, err
}

// Emails are the addresses of an affiliate's customers whose commissions lie
// between two times, both included: a page of a list.
func Emails(ctx context.Context, q db.Reader, prog id.Program, aff id.Affiliate, from, to time.Time) (map[id.Customer]string, error) {
	type row struct {
		cus  id.Customer
		mail string
	}
	rows, err := db.All(ctx, q, func(r db.Row) (v row, err error) {
		return v, r.Scan(&v.cus, &v.mail)
	}, `
		select distinct c.customer_id, c.email from commissions m
		join customers c on c.program_id = m.program_id and c.customer_id = m.customer_id
		where m.program_id = $1 and m.affiliate_id = $2 and m.at >= $3 and m.at <= $4`, prog, aff, from, to)
	all := map[id.Customer]string{}
	for _, r := range rows {
		all[r.cus] = r.mail
	}
	return all, err
}

// PaidItem is what one commission in a payout was for.
type PaidItem struct {
	Item     string // the commission's id
	Trigger  string // 'payment', 'signup', 'onboarding'
	Customer id.Customer
	Email    string
}

// PaidItems are the commissions that a payout's lines are about, by id.
func PaidItems(ctx context.Context, q db.Reader, prog id.Program, pot id.Payout) (map[string]PaidItem, error) {
	rows, err := db.All(ctx, q, func(r db.Row) (v PaidItem, err error) {
		return v, r.Scan(&v.Item, &v.Trigger, &v.Customer, &v.Email)
	}, `
		select distinct m.commission_id, m.kind, c.customer_id, c.email
		from payout_lines x
		join ledger_legs l on l.program_id = x.program_id and l.posting_id = x.posting_id and l.n = x.n
		join commissions m on m.program_id = l.program_id and m.commission_id = l.item
		join customers c on c.program_id = m.program_id and c.customer_id = m.customer_id
		where x.program_id = $1 and x.payout_id = $2`, prog, pot)
	all := map[string]PaidItem{}
	for _, i := range rows {
		all[i.Item] = i
	}
	return all, err
}

// OwnReferrals is a page of what one affiliate has to do with customers, the
// newest first: the referrals that they have or had, and as 'lost' the
// customers whom their link or code was weighed for and who never became
// theirs. Before is a Cursor.
func OwnReferrals(ctx context.Context, q db.Reader, f Finding) ([]Brought, error) {
	all, err := Referrals(ctx, q, f)
	if err != nil || f.State != "" && f.State != lost {
		return all, err
	}
	rows, err := missed(ctx, q, f)
	if err != nil {
		return nil, err
	}
	all = append(all, rows...)
	slices.SortFunc(all, func(a, b Brought) int { return -cmp.Compare(a.Cursor(), b.Cursor()) })
	return all[:min(len(all), f.Limit)], nil
}

// lost is a state of referrals; what never stood is shown with it.
const lost = "lost"

// missed are customers whose evidence names an affiliate who never had them.
func missed(ctx context.Context, q db.Reader, f Finding) ([]Brought, error) {
	return db.All(ctx, q, scanBrought, `
		select '', c.customer_id, '', c.email, $2, '', e.by_click, e.by_code, '', $3, '', e.at
		from (
			select customer_id, max(case when kind = 'click' then 1 else 0 end) by_click,
				max(case when kind = 'coupon' then 1 else 0 end) by_code, min(step_at) at
			from referral_evidence where program_id = $1 and affiliate_id = $2 and ($4 = '' or customer_id < 'cus_' || $4)
			group by customer_id
		) e join customers c on c.program_id = $1 and c.customer_id = e.customer_id
		where not exists (select 1 from referrals r where r.program_id = $1 and r.customer_id = c.customer_id and r.affiliate_id = $2)
		order by c.customer_id desc limit $5`, f.Program, f.Affiliate, lost, f.Before, f.Limit)
}
