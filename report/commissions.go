package report

import (
	"context"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// Names are the words for the ids in a list of commissions.
type Names struct {
	Customer  string // the merchant's own id
	Affiliate string
	Payment   string // the merchant's or provider's own id, "" for none
}

// OnlyReview narrows a list of commissions to those that a person must look at.
const OnlyReview = "review"

// CommissionNames finds the words for the ids of the commissions from one time
// to another, both included: a page of a list, narrowed as the list was.
func CommissionNames(ctx context.Context, q db.Reader, f Finding, from, to time.Time) (map[id.Commission]Names, error) {
	type row struct {
		com id.Commission
		Names
	}
	rows, err := db.All(ctx, q, func(r db.Row) (v row, err error) {
		return v, r.Scan(&v.com, &v.Customer, &v.Affiliate, &v.Payment)
	}, `
		select m.commission_id, c.external_id, a.name, coalesce(p.external_id, '')
		from commissions m
		join customers c on c.program_id = m.program_id and c.customer_id = m.customer_id
		join affiliates a on a.program_id = m.program_id and a.affiliate_id = m.affiliate_id
		left join payments p on p.program_id = m.program_id and p.payment_id = m.payment_id
		where m.program_id = $1 and m.at >= $2 and m.at <= $3 and ($4 = '' or m.affiliate_id = $4)
			and ($5 = '' or m.review <> '' or m.disputed = 1)`, f.Program, from, to, f.Affiliate, f.State)
	names := map[id.Commission]Names{}
	for _, r := range rows {
		names[r.com] = r.Names
	}
	return names, err
}

// PaidBy is what left the merchant towards affiliates in a period, by
// currency, in minor units.
func PaidBy(ctx context.Context, q db.Reader, prog id.Program, p Period) (map[string]int64, error) {
	type row struct {
		currency string
		minor    int64
	}
	rows, err := db.All(ctx, q, func(r db.Row) (v row, err error) {
		return v, r.Scan(&v.currency, &v.minor)
	}, `
		select currency, cast(coalesce(sum(amount_minor), 0) as bigint) from payouts
		where program_id = $1 and state = 'settled' and settled_at >= $2 and settled_at < $3 group by currency`, prog, p.From, p.To)
	sums := map[string]int64{}
	for _, r := range rows {
		sums[r.currency] = r.minor
	}
	return sums, err
}

// YearOf is the period of the year that a time lies in.
func YearOf(at time.Time, zone *time.Location) Period {
	y := at.In(zone).Year()
	return Period{From: time.Date(y, 1, 1, 0, 0, 0, 0, zone), To: time.Date(y+1, 1, 1, 0, 0, 0, 0, zone), Zone: zone}
}
