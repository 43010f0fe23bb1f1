package referral

import (
	"context"
	"time"

	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/program"
)

// Lapse is when the claim on a customer ends for lack of life: at the end of
// the first stretch of more than days calendar days, in the zone, in which the
// customer was inactive. Past due and paused do not count. A stretch that is
// not over ends its days in the future. Zero days never lapse. It is pure.
func Lapse(news []customer.Change, days int, zone *time.Location) (time.Time, bool) {
	if days <= 0 {
		return time.Time{}, false
	}
	life := customer.Life(news)
	for i, c := range life {
		if c.State != customer.StateInactive {
			continue
		}
		end := c.At.In(zone).AddDate(0, 0, days).UTC()
		last := i+1 == len(life) || life[i+1].State == customer.StateErased
		if last || life[i+1].At.After(end) {
			return end, true
		}
	}
	return time.Time{}, false
}

// NoteLapse writes when a customer's referral lapses, also one that ended, or that it does
// not, by all that is known of the customer's life now.
func NoteLapse(ctx context.Context, tx *db.Tx, prog program.Program, cus id.Customer) error {
	news, err := customer.News(ctx, tx, prog.ID, cus)
	if err != nil {
		return err
	}
	at, _ := Lapse(news, prog.LapseAfterDays, prog.Location())
	_, err = tx.Exec(ctx, `update referrals set lapsed_at = $3
		where program_id = $1 and customer_id = $2 and state in ('standing', 'ended') and lapsed_at is distinct from $3`, prog.ID, cus, at)
	return err
}
