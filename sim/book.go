package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/commission"
	"tributary.example/coupon"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/ledger"
	"tributary.example/link"
	"tributary.example/payment"
	"tributary.example/payout"
	"tributary.example/program"
	"tributary.example/referral"
)

// Book is one program in which a history is played.
type Book struct {
	DB     *db.DB
	Env    flow.Env
	Prog   program.Program
	Rand   *rand.Rand // of payout runs
	Affs   []id.Affiliate
	links  []id.Link
	codes  []string
	cpns   []id.Coupon
	tokens map[string]string
}

// Write runs fn in a transaction of the simulator.
func (b *Book) Write(ctx context.Context, fn func(tx *db.Tx) error) error {
	return b.DB.Write(ctx, db.Command("sim"), fn)
}

// Open makes the program of a history, with its affiliates.
func (b *Book) Open(ctx context.Context, slug string, h History) error {
	b.tokens = map[string]string{}
	err := b.Write(ctx, func(tx *db.Tx) (err error) {
		if _, err = click.EnsureRing(ctx, tx, b.Env.Root); err != nil {
			return err
		}
		b.Prog, err = program.Create(ctx, tx, program.New{
			Slug: slug, Currency: "EUR", LinkHost: "go." + slug + ".example", Settings: h.Settings, Rules: h.Rules,
			Plans: []program.NewPlan{{Code: "starter", Period: program.Monthly}, {Code: "pro", Period: program.Monthly}},
		})
		return err
	})
	for n := range h.Affiliates {
		if err == nil {
			err = b.Write(ctx, func(tx *db.Tx) error { return b.enrol(ctx, tx, n) })
		}
	}
	return err
}

func (b *Book) enrol(ctx context.Context, tx *db.Tx, n int) error {
	name := fmt.Sprintf("Aff%d", n)
	a, err := flow.Apply(ctx, tx, b.Env, b.Prog, flow.Application{Name: name, Email: name + "@example.org"})
	if err != nil {
		return err
	}
	if _, err := flow.Approve(ctx, tx, b.Env, b.Prog, a.ID, ""); err != nil {
		return err
	}
	details := affiliate.Details{Rail: affiliate.RailManual, Holder: name, Account: "by hand"}
	if _, err := affiliate.PutDetails(ctx, tx, b.Env.Root, b.Prog.ID, a.ID, details); err != nil {
		return err
	}
	links, err := link.OfAffiliate(ctx, tx, b.Prog.ID, a.ID)
	if err != nil {
		return err
	}
	coupons, err := coupon.OfAffiliate(ctx, tx, b.Prog.ID, a.ID)
	if err != nil {
		return err
	}
	b.Affs, b.links = append(b.Affs[:n:n], a.ID), append(b.links[:n:n], links[0].ID)
	b.codes, b.cpns = append(b.codes[:n:n], coupons[0].Code), append(b.cpns[:n:n], coupons[0].ID)
	return nil
}

// Tell hands a fact in, as a merchant's server does. The kind of error is
// NotFound when it must be told again later.
func (b *Book) Tell(ctx context.Context, f Fact) error {
	tokens, err := b.mint(ctx, f)
	if err != nil {
		return err
	}
	who := customer.Seen{ExternalID: f.Customer, PlanCode: f.Plan}
	return b.Write(ctx, func(tx *db.Tx) error {
		switch f.Sort {
		case Stepped:
			step := flow.Step{Customer: who, Kind: f.Step, At: f.At, Tokens: tokens}
			if f.Code >= 0 {
				step.Code = b.codes[f.Code]
			}
			_, err := flow.SignUp(ctx, tx, b.Env, b.Prog, step)
			return err
		case Paid:
			_, err := flow.Book(ctx, tx, b.Prog, customer.Seen{ExternalID: f.Customer}, payment.Fact{
				ExternalID: f.Name, At: f.At, Currency: f.Currency, AmountMinor: f.Minor, TaxMinor: f.Tax, PlanCode: f.Plan, Lines: f.Lines, PeriodStart: f.Period,
			})
			return err
		case Refunded:
			_, err := flow.Refund(ctx, tx, b.Prog, payment.RefundFact{PaymentExternalID: f.Of, ExternalID: f.Name, At: f.At, AmountMinor: f.Minor})
			return err
		}
		cus, err := customer.ByExternalID(ctx, tx, b.Prog.ID, f.Customer)
		if err == nil {
			_, err = flow.SetCustomerState(ctx, tx, b.Prog, cus.ID, customer.Change{At: f.At, State: f.State, Source: customer.SourceAPI})
		}
		return err
	})
}

// mint makes the tokens of a fact's clicks, the same ones each time.
func (b *Book) mint(ctx context.Context, f Fact) ([]string, error) {
	if len(f.Clicks) == 0 {
		return nil, nil
	}
	ring, err := click.LoadRing(ctx, b.DB, b.Env.Root)
	if err != nil {
		return nil, err
	}
	var tokens []string
	for _, c := range f.Clicks {
		key := fmt.Sprintf("%d %s", c.Affiliate, c.At)
		if b.tokens[key] == "" {
			if b.tokens[key], _, err = ring.Mint(b.Prog.ID, b.links[c.Affiliate], c.At); err != nil {
				return nil, err
			}
		}
		tokens = append(tokens, b.tokens[key])
	}
	return tokens, nil
}

// Do does what the merchant does.
func (b *Book) Do(ctx context.Context, d Deed) error {
	return b.Write(ctx, func(tx *db.Tx) error {
		switch {
		case d.State != "":
			_, err := flow.SetAffiliateState(ctx, tx, b.Env, b.Prog, b.Affs[d.Affiliate], d.State, "sim")
			if fault.Is(err, fault.Conflict) {
				return nil
			}
			return err
		case d.NewPlan != "":
			_, err := program.PutPlan(ctx, tx, b.Prog, program.NewPlan{Code: d.NewPlan, Period: program.Monthly})
			return err
		case d.OldPlan != "":
			plan, err := program.PlanByCode(ctx, tx, b.Prog.ID, d.OldPlan)
			if err == nil {
				_, err = program.ArchivePlan(ctx, tx, b.Prog.ID, plan.ID)
			}
			return err
		}
		_, err := program.PutTerms(ctx, tx, b.Prog.ID, program.Terms{Scope: b.scope(d), Rules: d.Rules})
		return err
	})
}

func (b *Book) scope(d Deed) program.Scope {
	switch d.Scope {
	case program.ScopeAffiliate:
		return program.Scope{Kind: d.Scope, ID: string(b.Affs[d.Affiliate])}
	case program.ScopeCoupon:
		return program.Scope{Kind: d.Scope, ID: string(b.cpns[d.Affiliate])}
	case program.ScopeLink:
		return program.Scope{Kind: d.Scope, ID: string(b.links[d.Affiliate])}
	}
	return b.Prog.Scope()
}

// Release makes payable what is due, and seals.
func (b *Book) Release(ctx context.Context) error {
	return b.Write(ctx, func(tx *db.Tx) error {
		if _, err := commission.Release(ctx, tx, b.Prog, 100); err != nil {
			return err
		}
		_, err := ledger.Seal(ctx, tx, b.Prog.ID)
		return err
	})
}

// PayOut opens a run and takes it as far as chance has it; what an earlier run
// left open goes on.
func (b *Book) PayOut(ctx context.Context) error {
	return b.Write(ctx, func(tx *db.Tx) error {
		if err := b.goOn(ctx, tx); err != nil {
			return err
		}
		cutOff := tx.Now().Add(-time.Duration(b.Rand.IntN(15)) * day)
		if view, err := payout.Draft(ctx, tx, b.Prog, cutOff); err != nil || len(view.Shares) == 0 {
			return err
		}
		run, err := payout.Open(ctx, tx, b.Prog, cutOff)
		if err != nil {
			return err
		}
		_, _, err = payout.Approve(ctx, tx, b.Prog, run.ID, run.Seen)
		return err
	})
}

// goOn sends or cancels what was approved, and settles, fails or leaves what
// was sent; what was settled may come back.
func (b *Book) goOn(ctx context.Context, tx *db.Tx) error {
	runs, err := payout.Runs(ctx, tx, b.Prog.ID, "", 0)
	for _, run := range runs {
		switch {
		case err != nil:
			return err
		case run.State == payout.RunApproved && b.Rand.IntN(4) == 0:
			_, err = payout.Cancel(ctx, tx, b.Prog.ID, run.ID)
		case run.State == payout.RunApproved && b.Rand.IntN(3) > 0:
			_, err = payout.Send(ctx, tx, b.Prog.ID, run.ID, "manual")
		case run.State == payout.RunSent, run.State == payout.RunDone && b.Rand.IntN(10) == 0:
			err = b.results(ctx, tx, run.ID)
		}
	}
	return err
}

func (b *Book) results(ctx context.Context, tx *db.Tx, run id.Run) error {
	pots, err := payout.OfRun(ctx, tx, b.Prog.ID, run)
	for _, pot := range pots {
		switch chance := b.Rand.IntN(10); {
		case err != nil:
			return err
		case pot.State == payout.Sent && chance < 6:
			_, err = payout.Settle(ctx, tx, b.Prog.ID, pot.ID, "bank 1")
		case pot.State == payout.Sent && chance < 8, pot.State == payout.Settled && chance < 3:
			_, err = payout.Fail(ctx, tx, b.Prog.ID, pot.ID, "came back")
		}
	}
	return err
}

// Void takes a customer's referral back from its beginning, or restores it.
func (b *Book) Void(ctx context.Context, who string, back bool) error {
	return b.Write(ctx, func(tx *db.Tx) error {
		cus, ok, err := customer.LookupExternalID(ctx, tx, b.Prog.ID, who)
		if err != nil || !ok {
			return err
		}
		refs, err := referral.ForCustomer(ctx, tx, b.Prog.ID, cus.ID)
		for _, ref := range refs {
			switch {
			case err != nil:
				return err
			case back && ref.State == referral.StateVoid:
				_, err = referral.Restore(ctx, tx, b.Prog.ID, ref.ID, "sim")
			case !back && ref.State == referral.StateStanding:
				_, err = referral.Void(ctx, tx, b.Prog.ID, ref.ID, "sim")
			}
		}
		if err != nil {
			return err
		}
		return commission.Settle(ctx, tx, b.Prog, cus.ID)
	})
}
