package report

import (
	"context"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// Ranked is one affiliate with its figures of a period.
type Ranked struct {
	Affiliate  id.Affiliate
	Name       string
	Signups    int64
	Customers  int64
	Revenue    int64
	Commission int64
}

// TopAffiliates are those whose customers paid most in the period, the best
// first.
func TopAffiliates(ctx context.Context, q db.Reader, a Ask, limit int) ([]Ranked, error) {
	return db.All(ctx, q, scanRanked, `
		select f.affiliate_id, f.name, coalesce(s.n, 0), coalesce(c.n, 0), coalesce(m.base, 0), coalesce(m.target, 0)
		from affiliates f
		left join (
			select affiliate_id, count(*) n from referrals
			where program_id = $1 and since >= $2 and since < $3 and state <> 'void' group by affiliate_id
		) s on s.affiliate_id = f.affiliate_id
		left join (
			select r.affiliate_id, count(*) n from customers c
			join referrals r on r.program_id = c.program_id and r.customer_id = c.customer_id and r.state = 'standing'
			where c.program_id = $1 and c.first_paid_at >= $2 and c.first_paid_at < $3 group by r.affiliate_id
		) c on c.affiliate_id = f.affiliate_id
		left join (
			select affiliate_id, cast(sum(base_minor) as bigint) base, cast(sum(target_minor) as bigint) target from commissions
			where program_id = $1 and at >= $2 and at < $3 and currency = $4 group by affiliate_id
		) m on m.affiliate_id = f.affiliate_id
		where f.program_id = $1 and (s.n > 0 or m.base is not null)
		order by coalesce(m.base, 0) desc, coalesce(s.n, 0) desc, f.affiliate_id limit $5`,
		a.Program, a.Period.From, a.Period.To, a.Currency, limit)
}

func scanRanked(r db.Row) (Ranked, error) {
	var v Ranked
	err := r.Scan(&v.Affiliate, &v.Name, &v.Signups, &v.Customers, &v.Revenue, &v.Commission)
	return v, err
}

// Owed is what a program owes its affiliates in one currency, by account.
type Owed struct {
	Currency                          string
	Held, Payable, InPayout, Clawback int64
}

// OwedBy sums the balances of all affiliates of a program.
func OwedBy(ctx context.Context, q db.Reader, prog id.Program) ([]Owed, error) {
	return db.All(ctx, q, func(r db.Row) (v Owed, err error) {
		return v, r.Scan(&v.Currency, &v.Held, &v.Payable, &v.InPayout, &v.Clawback)
	}, `
		select currency,
			cast(sum(case when account = 'held' then minor else 0 end) as bigint),
			cast(sum(case when account = 'payable' then minor else 0 end) as bigint),
			cast(sum(case when account = 'in_payout' then minor else 0 end) as bigint),
			cast(sum(case when account = 'clawback' then minor else 0 end) as bigint)
		from ledger_balances where program_id = $1 group by currency order by currency`, prog)
}

// Waiting counts what waits for the merchant.
type Waiting struct {
	Applications int64
	Reviews      int64 // commissions that a person must look at
	Runs         int64 // payout runs approved but not settled
}

// WaitingFor answers for one program.
func WaitingFor(ctx context.Context, q db.Reader, prog id.Program) (Waiting, error) {
	return db.One(ctx, q, func(r db.Row) (v Waiting, err error) {
		return v, r.Scan(&v.Applications, &v.Reviews, &v.Runs)
	}, `
		select (select count(*) from affiliates where program_id = $1 and state = 'applied'),
			(select count(*) from commissions where program_id = $1 and review <> '' and released_at is null),
			(select count(*) from payout_runs where program_id = $1 and state in ('approved', 'sent'))`, prog)
}

// LinkFigures are one link's counts of a period.
type LinkFigures struct {
	Link    id.Link
	Clicks  int64
	Uniques int64
	Dropped int64
}

// Links sums each link of an affiliate over a period.
func Links(ctx context.Context, q db.Reader, a Ask) ([]LinkFigures, error) {
	from, to := a.Period.From.UnixMicro()/quarter, a.Period.To.UnixMicro()/quarter
	return db.All(ctx, q, func(r db.Row) (v LinkFigures, err error) {
		return v, r.Scan(&v.Link, &v.Clicks, &v.Uniques, &v.Dropped)
	}, `
		select link_id, cast(sum(clicks) as bigint), cast(sum(uniques) as bigint), cast(sum(dropped) as bigint) from (
			select link_id, clicks, uniques, 0 dropped from click_quarters
			where program_id = $1 and affiliate_id = $2 and quarter >= $3 and quarter < $4
			union all
			select link_id, 0, 0, hits from click_drops
			where program_id = $1 and affiliate_id = $2 and quarter >= $3 and quarter < $4
		) both_kinds group by link_id`, a.Program, a.Affiliate, from, to)
}

// Dropped is how many hits on an affiliate's links did not count, by reason.
type Dropped struct {
	Reason string
	Hits   int64
}

// Drops sums an affiliate's dropped hits of a period by reason.
func Drops(ctx context.Context, q db.Reader, a Ask) ([]Dropped, error) {
	from, to := a.Period.From.UnixMicro()/quarter, a.Period.To.UnixMicro()/quarter
	return db.All(ctx, q, func(r db.Row) (v Dropped, err error) {
		return v, r.Scan(&v.Reason, &v.Hits)
	}, `
		select reason, cast(sum(hits) as bigint) from click_drops
		where program_id = $1 and affiliate_id = $2 and quarter >= $3 and quarter < $4
		group by reason order by sum(hits) desc, reason`, a.Program, a.Affiliate, from, to)
}
