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
// customer was inactive. Past due and paused do not count, nor does the time
// before the step that decided the claim. A stretch that is not over ends its
// days in the future. Zero days never lapse. It is pure.
func Lapse(news []customer.Change, decided time.Time, days int, zone *time.Location) (time.Time, bool) {
	if days <= 0 {
		return time.Time{}, false
	}
	life := customer.Life(news)
	for i, c := range life {
		if c.State != customer.StateInactive {
			continue
		}
		from := c.At
		if from.Before(decided) {
			from = decided
		}
		end := from.In(zone).AddDate(0, 0, days).UTC()
		last := i+1 == len(life) || life[i+1].State == customer.StateErased
		if last || life[i+1].At.After(end) {
			return end, true
		}
	}
	return time.Time{}, false
}

// NoteLapse writes when a customer's referrals lapse, also one that ended, or
// that they do not, by all that is known of the customer's life now.
func NoteLapse(ctx context.Context, tx *db.Tx, prog program.Program, cus id.Customer) error {
	all, err := ForCustomer(ctx, tx, prog.ID, cus)
	if err != nil || len(all) == 0 {
		return err
	}
	news, err := customer.News(ctx, tx, prog.ID, cus)
	if err != nil {
		return err
	}
	for _, ref := range all {
		at, _ := Lapse(news, ref.TermsAt, prog.LapseAfterDays, prog.Location())
		if at.Equal(ref.LapsedAt) || ref.State != StateStanding && ref.State != StateEnded {
			continue
		}
		ref.LapsedAt = at
		if err := put(ctx, tx, prog.ID, ref); err != nil {
			return err
		}
	}
	return nil
}
