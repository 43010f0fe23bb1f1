package api

import (
	"context"
	"net/netip"
	"time"

	"tributary.example/access"
	"tributary.example/coupon"
)

type quoteIn struct {
	Body struct {
		Code       string `json:"code" maxLength:"100" doc:"As the customer typed it."`
		Plan       string `json:"plan,omitempty" maxLength:"40"`
		Currency   string `json:"currency,omitempty" doc:"The plan's own when no amount is sent, else the program's."`
		Amount     int64  `json:"amount,omitempty" doc:"The price before the discount, in minor units."`
		CustomerID string `json:"customer_id,omitempty" maxLength:"200" doc:"Your own id; with a secret key only."`
		Email      string `json:"email,omitempty" maxLength:"254" doc:"With a secret key only."`
	}
}

type quoteView struct {
	Valid      bool       `json:"valid" doc:"The code counts, for credit or discount."`
	Reason     string     `json:"reason" enum:"ok,unknown,not_yet,paused,ended,own_code,existing_customer,plan_not_covered,used_up"`
	Sentence   string     `json:"sentence" doc:"For the customer to read."`
	Discounted bool       `json:"discounted"`
	Code       string     `json:"code"`
	Currency   string     `json:"currency"`
	Discount   int64      `json:"discount" doc:"In minor units."`
	Due        int64      `json:"due" doc:"What is left to pay, in minor units."`
	Payments   int        `json:"payments" doc:"How many payments are discounted; 0 is always when discounted."`
	Quote      string     `json:"quote,omitempty" doc:"The token that fixes this price; send it with the sign-up."`
	ExpiresAt  *time.Time `json:"expires_at,omitempty"`
}

func viewQuote(o coupon.Offer) quoteView {
	return quoteView{
		Valid: o.Valid, Reason: string(o.Reason), Sentence: o.Sentence.String(), Discounted: o.DiscountMinor > 0, Code: string(o.Code),
		Currency: string(o.Currency), Discount: o.DiscountMinor, Due: o.DueMinor, Payments: o.Payments, Quote: o.Token, ExpiresAt: known(o.EndsAt),
	}
}

func (a API) quoteCoupon(ctx context.Context, in *quoteIn) (*found[quoteView], error) {
	c, b := callerOf(ctx), in.Body
	ask := coupon.QuoteAsk{Asker: coupon.ByAnybody, Code: b.Code, PlanCode: b.Plan, Currency: b.Currency, AmountMinor: b.Amount}
	if ask.Currency == "" && (ask.PlanCode == "" || ask.AmountMinor != 0) {
		ask.Currency = c.prog.Currency
	}
	if c.key.Kind == access.Secret {
		ask.Asker, ask.CustomerExternalID, ask.Email = coupon.ByMerchant, b.CustomerID, b.Email
	}
	offer, err := coupon.Quote(ctx, a.DB, a.Root, c.prog.ID, ask)
	if err == nil && offer.Reason == coupon.Unknown {
		address, _ := netip.ParseAddr(c.actor.Address)
		a.limits.guessed(c.key, address, a.now())
	}
	return show(viewQuote(offer), err)
}
