package sim

import (
	"context"
	"fmt"
	"slices"

	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/internal/id"
	"tributary.example/money"
	"tributary.example/payment"
	"tributary.example/program"
	"tributary.example/referral"
	"tributary.example/verify"
)

// Earned is what one cause earned, with names instead of ids.
type Earned struct {
	Affiliate int
	Currency  money.Currency
	Minor     int64
}

// Result is how a book stands.
type Result struct {
	Targets map[string]Earned // by payment, or by "signup" or "onboarding" and the customer; zeros are left out
	Net     map[string]int64  // by affiliate and currency
	Claims  map[string][]Claim
	Faults  []string // what must never be
}

// Claim is a referral that stood, with names instead of ids.
type Claim struct {
	Affiliate    int
	Link, Coupon bool
	Ref          referral.Referral
}

// Result reads a book.
func (b *Book) Result(ctx context.Context) (Result, error) {
	res := Result{Targets: map[string]Earned{}, Net: map[string]int64{}, Claims: map[string][]Claim{}}
	all, err := customer.List(ctx, b.DB, b.Prog.ID, customer.Page{})
	if err != nil {
		return res, err
	}
	for _, cus := range all {
		if err := b.earned(ctx, cus, &res); err != nil {
			return res, err
		}
	}
	sums := map[string]int64{}
	for _, e := range res.Targets {
		sums[fmt.Sprintf("%d %s", e.Affiliate, e.Currency)] += e.Minor
	}
	for n, aff := range b.Affs {
		balances, err := commission.Balances(ctx, b.DB, b.Prog.ID, aff)
		if err != nil {
			return res, err
		}
		for _, bal := range balances {
			res.net(fmt.Sprintf("%d %s", n, bal.Currency), bal, sums)
		}
	}
	for key, sum := range sums {
		if sum != res.Net[key] {
			res.Faults = append(res.Faults, fmt.Sprintf("affiliate %s: targets sum to %d, accounts to %d", key, sum, res.Net[key]))
		}
	}
	rep, err := verify.Books(ctx, b.DB, b.Prog.ID)
	for _, f := range rep.Findings {
		res.Faults = append(res.Faults, f.String())
	}
	return res, err
}

func (res *Result) net(key string, bal commission.Balance, sums map[string]int64) {
	if bal.Net() != 0 {
		res.Net[key] = bal.Net()
	}
	if _, ok := sums[key]; !ok && bal.Net() != 0 {
		res.Faults = append(res.Faults, fmt.Sprintf("affiliate %s has %d from nothing", key, bal.Net()))
	}
}

func (b *Book) earned(ctx context.Context, cus customer.Customer, res *Result) error {
	coms, err := commission.List(ctx, b.DB, b.Prog.ID, commission.Page{Customer: cus.ID})
	if err != nil {
		return err
	}
	for _, com := range coms {
		key := string(com.Kind) + " " + cus.ExternalID
		if com.Kind == program.TriggerPayment {
			pay, err := payment.Get(ctx, b.DB, b.Prog.ID, com.Payment)
			if err != nil {
				return err
			}
			key = pay.ExternalID
		}
		if com.TargetMinor != 0 {
			res.Targets[key] = Earned{b.number(com.Affiliate), com.Currency, com.TargetMinor}
		}
	}
	refs, err := referral.ForCustomer(ctx, b.DB, b.Prog.ID, cus.ID)
	for _, ref := range refs {
		if ref.State == referral.StateStanding {
			res.Claims[cus.ExternalID] = append(res.Claims[cus.ExternalID], Claim{b.number(ref.Affiliate), ref.Link != "", ref.Coupon != "", ref})
		}
	}
	return err
}

func (b *Book) number(aff id.Affiliate) int { return slices.Index(b.Affs, aff) }
