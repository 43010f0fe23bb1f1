// Package report answers the questions that dashboards and exports ask.
//
// Nouns: Period, Series, Totals.
//
// Invariants:
//  1. It reads any table and writes none.
//  2. The same figure is the same everywhere: one query per figure, in here.
//  3. Days are days of the program's time zone, cut from quarter-hours UTC.
//
// It owns no tables.
package report

import (
	"context"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// Period is whole days of a zone, From included, To not.
type Period struct {
	From, To time.Time // midnights in Zone
	Zone     *time.Location
}

// LastDays is the period of the n days that end with today.
func LastDays(now time.Time, n int, zone *time.Location) Period {
	y, m, d := now.In(zone).Date()
	return Period{From: time.Date(y, m, d-n+1, 0, 0, 0, 0, zone), To: time.Date(y, m, d+1, 0, 0, 0, 0, zone), Zone: zone}
}

// Before is the period of the same number of days that ends where this one
// begins.
func (p Period) Before() Period {
	y, m, d := p.From.Date()
	return Period{From: time.Date(y, m, d-p.Len(), 0, 0, 0, 0, p.Zone), To: p.From, Zone: p.Zone}
}

// Len is the number of days, also over a change of clocks.
func (p Period) Len() int { return int(day(p.To) - day(p.From)) }

// Day is the nth day's midnight.
func (p Period) Day(n int) time.Time {
	y, m, d := p.From.Date()
	return time.Date(y, m, d+n, 0, 0, 0, 0, p.Zone)
}

// index is the day that a time belongs to, counted from From.
func (p Period) index(at time.Time) int { return int(day(at.In(p.Zone)) - day(p.From)) }

// day counts local dates from 1970-01-01, as the click store does.
func day(t time.Time) int64 {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// Figures are one day's, or a period's, in the order in which they come about.
// Money is in minor units of the program's currency.
type Figures struct {
	Clicks     int64
	Uniques    int64 // per day; a longer period shows the sum of its days
	Signups    int64
	Customers  int64 // first payments above zero
	Payments   int64
	Revenue    int64 // of referred customers, without tax, after refunds
	Commission int64
}

func (f *Figures) add(g Figures) {
	f.Clicks += g.Clicks
	f.Uniques += g.Uniques
	f.Signups += g.Signups
	f.Customers += g.Customers
	f.Payments += g.Payments
	f.Revenue += g.Revenue
	f.Commission += g.Commission
}

// Series is a period's figures, day by day, and their sum.
type Series struct {
	Period Period
	Days   []Figures
	Total  Figures
}

// Ask says whose figures are wanted: a program's, or one affiliate's, in one
// currency.
type Ask struct {
	Program   id.Program
	Affiliate id.Affiliate // "" is all
	Currency  string
	Period    Period
}

// Sources are the two databases that figures come from; on PostgreSQL they are
// one.
type Sources struct {
	Books, Clicks db.Reader
}

// quarter is how many microseconds a quarter-hour has: the finest step whose
// borders are borders of days in every time zone.
const quarter = 15 * 60 * 1_000_000

// DailySeries answers an Ask.
func DailySeries(ctx context.Context, s Sources, a Ask) (Series, error) {
	out := Series{Period: a.Period, Days: make([]Figures, a.Period.Len())}
	if err := out.clicks(ctx, s.Clicks, a); err != nil {
		return out, fmt.Errorf("clicks per day: %w", err)
	}
	for _, part := range parts {
		if err := out.counts(ctx, s.Books, a, part); err != nil {
			return out, fmt.Errorf("%s per day: %w", part.name, err)
		}
	}
	for _, f := range out.Days {
		out.Total.add(f)
	}
	return out, nil
}

func (s *Series) clicks(ctx context.Context, q db.Reader, a Ask) error {
	type row struct{ day, clicks, uniques int64 }
	rows, err := db.All(ctx, q, func(r db.Row) (v row, err error) {
		return v, r.Scan(&v.day, &v.clicks, &v.uniques)
	}, `
		select day, clicks, uniques from click_days
		where program_id = $1 and affiliate_id = $2 and day >= $3 and day < $4 and dimension = '' and value = ''`,
		a.Program, a.Affiliate, day(a.Period.From), day(a.Period.To))
	for _, r := range rows {
		f := &s.Days[r.day-day(a.Period.From)]
		f.Clicks, f.Uniques = r.clicks, r.uniques
	}
	return err
}

// part is one query of a series: quarter-hour, a count and two sums of money.
type part struct {
	name  string
	query string
	put   func(f *Figures, count, first, second int64)
}

var parts = []part{
	{"sign-ups", `
		select since / 900000000, count(*), cast(0 as bigint), cast(0 as bigint) from referrals
		where program_id = $1 and ($2 = '' or affiliate_id = $2) and since >= $3 and since < $4 and state <> 'void' and $5 <> ''
		group by since / 900000000`,
		func(f *Figures, count, _, _ int64) { f.Signups += count }},
	{"customers", `
		select c.first_paid_at / 900000000, count(*), cast(0 as bigint), cast(0 as bigint) from customers c
		join referrals r on r.program_id = c.program_id and r.customer_id = c.customer_id and r.state = 'standing'
		where c.program_id = $1 and ($2 = '' or r.affiliate_id = $2) and c.first_paid_at >= $3 and c.first_paid_at < $4 and $5 <> ''
		group by c.first_paid_at / 900000000`,
		func(f *Figures, count, _, _ int64) { f.Customers += count }},
	{"commissions", `
		select at / 900000000, sum(case when kind = 'payment' then 1 else 0 end),
			cast(coalesce(sum(base_minor), 0) as bigint), cast(coalesce(sum(target_minor), 0) as bigint) from commissions
		where program_id = $1 and ($2 = '' or affiliate_id = $2) and at >= $3 and at < $4 and currency = $5
		group by at / 900000000`,
		func(f *Figures, count, base, target int64) {
			f.Payments += count
			f.Revenue += base
			f.Commission += target
		}},
}

func (s *Series) counts(ctx context.Context, q db.Reader, a Ask, p part) error {
	type row struct{ quarter, count, first, second int64 }
	rows, err := db.All(ctx, q, func(r db.Row) (v row, err error) {
		return v, r.Scan(&v.quarter, &v.count, &v.first, &v.second)
	}, p.query, a.Program, a.Affiliate, a.Period.From, a.Period.To, a.Currency)
	for _, r := range rows {
		p.put(&s.Days[a.Period.index(time.UnixMicro(r.quarter*quarter))], r.count, r.first, r.second)
	}
	return err
}
