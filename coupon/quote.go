package coupon

import (
	"context"
	"time"

	"tributary.example/affiliate"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/person"
	"tributary.example/program"
)

// QuoteLife is how long a quote fixes its price.
const QuoteLife = 24 * time.Hour

// Asker tells how much a quote may say.
type Asker string

// The askers: anybody with a publishable key, who learns nothing about a
// customer, and the merchant's server.
const (
	ByAnybody  Asker = "publishable"
	ByMerchant Asker = "secret"
)

// QuoteAsk is what a price is asked for. Without a currency the plan's own
// price is meant.
type QuoteAsk struct {
	Asker              Asker
	Code               string
	PlanCode           string
	Currency           string
	AmountMinor        int64  // zero or more, before the discount
	CustomerExternalID string // ByMerchant only
	Email              string // ByMerchant only
}

// Offer is the answer to a quote. It never tells whose code it is.
type Offer struct {
	Valid         bool // the code counts, be it for credit or discount
	Reason        Reason
	Sentence      text.Sentence
	Code          Code
	Currency      money.Currency
	DiscountMinor int64
	DueMinor      int64
	Payments      int       // how many are discounted; 0 is always, or none when DiscountMinor is 0
	Token         string    // fixes the price until EndsAt; "" when the code does not count
	EndsAt        time.Time // of the token
}

// Quote says what a code takes off a price. A code that does not count is an
// answer, not an error; the kind of error is Invalid, for a plan, currency or
// amount that cannot be.
func Quote(ctx context.Context, r db.Reader, root secret.Root, prog id.Program, ask QuoteAsk) (Offer, error) {
	amount, err := ask.amount(ctx, r, prog)
	if err != nil {
		return Offer{}, err
	}
	if ask.PlanCode != "" {
		plan, err := program.PlanByCode(ctx, r, prog, ask.PlanCode)
		if err != nil {
			return Offer{}, err
		}
		ask.PlanCode = plan.Code
	}
	cpn, judged, err := ask.judge(ctx, r, root, prog, amount.Currency)
	if err != nil {
		return Offer{}, err
	}
	offer := Offer{
		Valid: judged.Valid, Reason: judged.Reason, Sentence: judged.Sentence, Code: cpn.Canonical,
		Currency: amount.Currency, DueMinor: amount.Minor,
	}
	if judged.Discounted {
		if offer.DiscountMinor, err = cpn.Discount.Off(amount); err != nil {
			return Offer{}, err
		}
		offer.DueMinor, offer.Payments = amount.Minor-offer.DiscountMinor, cpn.Discount.Payments
	}
	if offer.Valid {
		offer.EndsAt = r.Now().Add(QuoteLife).Truncate(time.Second)
		offer.Token = signQuote(root, prog, Quoted{
			Coupon: cpn.ID, Code: cpn.Canonical, PlanCode: ask.PlanCode, Currency: amount.Currency, AmountMinor: amount.Minor,
			DiscountMinor: offer.DiscountMinor, Payments: offer.Payments, EndsAt: offer.EndsAt,
		})
	}
	return offer, nil
}

// amount is the price that is asked about: the caller's, or the plan's.
func (ask QuoteAsk) amount(ctx context.Context, r db.Reader, prog id.Program) (money.Amount, error) {
	if ask.Currency == "" && ask.AmountMinor == 0 && ask.PlanCode != "" {
		plan, err := program.PlanByCode(ctx, r, prog, ask.PlanCode)
		return money.Of(plan.PriceMinor, money.Currency(plan.Currency)), err
	}
	cur, err := money.ParseCurrency(ask.Currency)
	if err == nil && ask.AmountMinor < 0 {
		err = fault.New(fault.Invalid, "The amount is below zero.").Field("amount").Hint("Send the price before the discount in minor units.")
	}
	return money.Of(ask.AmountMinor, cur), err
}

// judge looks the code up and checks it now. A code that cannot be one is
// unknown like any other that there is not.
func (ask QuoteAsk) judge(ctx context.Context, r db.Reader, root secret.Root, prog id.Program, cur money.Currency) (Coupon, Verdict, error) {
	code, err := ParseCode(ask.Code)
	if err != nil {
		cpn := Coupon{Canonical: Code(cutCode(ask.Code))}
		return cpn, Check(cpn, Ask{}), nil
	}
	cpn, ok, err := ByCode(ctx, r, prog, code)
	if err != nil || !ok {
		cpn = Coupon{Canonical: code}
		return cpn, Check(cpn, Ask{}), err
	}
	owner, err := affiliate.Get(ctx, r, prog, cpn.Affiliate)
	if err != nil {
		return Coupon{}, Verdict{}, err
	}
	facts := Ask{At: r.Now(), PlanCode: ask.PlanCode, Currency: cur, OwnerState: owner.State}
	if ask.Asker == ByMerchant {
		if err := ask.about(ctx, r, root, prog, owner, &facts); err != nil {
			return Coupon{}, Verdict{}, err
		}
	}
	return cpn, Check(cpn, facts), nil
}

// about adds what is known of the customer.
func (ask QuoteAsk) about(ctx context.Context, r db.Reader, root secret.Root, prog id.Program, owner affiliate.Affiliate, facts *Ask) error {
	emails := []string{person.NormalEmail(ask.Email)}
	if ask.CustomerExternalID != "" {
		cus, ok, err := customer.LookupExternalID(ctx, r, prog, ask.CustomerExternalID)
		if err != nil {
			return err
		}
		if ok {
			facts.Existing = !cus.FirstPaidAt.IsZero()
			red, _, err := RedeemedBy(ctx, r, prog, cus.ID)
			if err != nil {
				return err
			}
			facts.Redeemed = red.Coupon
			known, err := customer.Emails(ctx, r, prog, cus.ID)
			if err != nil {
				return err
			}
			emails = append(emails, known...)
		}
	}
	per, err := person.Get(ctx, r, owner.Person)
	if err != nil {
		return err
	}
	for _, email := range emails {
		facts.Own = facts.Own || email != "" && email == per.EmailNormal
		before, err := customer.Before(ctx, r, prog, customer.MarksOf(root, prog, email, ask.CustomerExternalID))
		if err != nil {
			return err
		}
		facts.Existing = facts.Existing || before
	}
	return nil
}

func cutCode(s string) string {
	if r := []rune(s); len(r) > maxCode {
		return string(r[:maxCode]) + "…"
	}
	return s
}
