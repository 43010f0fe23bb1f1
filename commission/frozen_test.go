package commission_test

import (
	"strings"
	"testing"
	"time"

	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/payment"
	"tributary.example/program"
)

// A plan that is sold no more was still younger than the terms that a customer
// keeps: what its payments earned does not change.
func TestAnArchivedPlanChangesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		b := newBooks(t, d, 0, thirty())
		jane, cus := b.affiliate("jane"), b.customer("u1")
		b.refer(cus, jane, d.Clock.Now())
		d.Clock.Advance(time.Hour)
		var team program.Plan
		b.write(func(tx *db.Tx) (err error) {
			if team, err = program.PutPlan(ctx, tx, b.prog, program.NewPlan{Code: "team", Period: program.Monthly}); err != nil {
				return err
			}
			_, err = program.PutTerms(ctx, tx, b.prog.ID, program.Terms{Scope: b.prog.Scope(), Rules: []program.Rule{{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 400_000}}}})
			return err
		})
		d.Clock.Advance(time.Hour)
		b.write(func(tx *db.Tx) error {
			_, _, err := payment.Record(ctx, tx, b.prog.ID, payment.Fact{ExternalID: "in_1", Customer: cus, At: d.Clock.Now(), Currency: "EUR", AmountMinor: 1000, PlanCode: "team"})
			if err != nil {
				return err
			}
			return commission.Settle(ctx, tx, b.prog, cus)
		})
		b.expect("by the terms that know the plan", jane, bal{Held: 400})
		b.write(func(tx *db.Tx) error {
			if _, err := program.ArchivePlan(ctx, tx, b.prog.ID, team.ID); err != nil {
				return err
			}
			return commission.Settle(ctx, tx, b.prog, cus)
		})
		b.expect("the plan is sold no more", jane, bal{Held: 400})
	})
}

// A rule for one plan asks for the plan of the step itself, in whatever order
// the steps are told.
func TestStepsEarnByTheirOwnPlan(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		fixed := func(trigger program.Trigger, minor int64, plans ...string) program.Rule {
			return program.Rule{Trigger: trigger, Plans: plans, Rate: program.Rate{Fixed: map[string]int64{"EUR": minor}}}
		}
		b := newBooks(t, d, 0, fixed(program.TriggerSignup, 1, "starter"), fixed(program.TriggerSignup, 20, "pro"),
			fixed(program.TriggerOnboarding, 300, "starter"), fixed(program.TriggerOnboarding, 4000, "pro"))
		at := d.Clock.Now().Add(time.Hour)
		type told struct {
			step customer.StepKind
			hour int
			plan string
		}
		tests := map[string]struct {
			told []told
			want int64
		}{
			"each its own":            {[]told{{customer.SignedUp, 1, "starter"}, {customer.Onboarded, 2, "pro"}}, 4001},
			"the later one first":     {[]told{{customer.Onboarded, 2, "pro"}, {customer.SignedUp, 1, "starter"}}, 4001},
			"of the sign-up":          {[]told{{customer.SignedUp, 1, "starter"}, {customer.Onboarded, 2, ""}}, 301},
			"not yet known":           {[]told{{customer.SignedUp, 1, ""}, {customer.Onboarded, 2, "pro"}}, 4000},
			"the earliest counts":     {[]told{{customer.SignedUp, 2, "pro"}, {customer.SignedUp, 1, "starter"}}, 1},
			"the earliest was told":   {[]told{{customer.SignedUp, 1, "starter"}, {customer.SignedUp, 2, "pro"}}, 1},
			"named when told again":   {[]told{{customer.SignedUp, 1, ""}, {customer.SignedUp, 1, "pro"}}, 20},
			"not unsaid":              {[]told{{customer.SignedUp, 1, "pro"}, {customer.SignedUp, 1, ""}}, 20},
			"onboarded before it all": {[]told{{customer.SignedUp, 2, "pro"}, {customer.Onboarded, 1, ""}}, 20},
		}
		affs := map[string]id.Affiliate{}
		for name := range tests {
			affs[name] = b.affiliate(strings.ReplaceAll(name, " ", "-"))
		}
		d.Clock.Advance(24 * time.Hour)
		for name, tt := range tests {
			jane, cus := affs[name], b.customer(name)
			b.refer(cus, jane, at)
			for _, say := range tt.told {
				b.write(func(tx *db.Tx) error {
					if _, err := customer.Step(ctx, tx, b.prog.ID, cus, say.step, at.Add(time.Duration(say.hour)*time.Hour), say.plan); err != nil {
						return err
					}
					return commission.Settle(ctx, tx, b.prog, cus)
				})
			}
			if got := b.balance(jane).Net(); got != tt.want {
				t.Errorf("%s: earned %d, want %d", name, got, tt.want)
			}
		}
	})
}
