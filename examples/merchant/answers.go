package merchant

// referralAnswer is what a shop reads of the answer to call 1.
type referralAnswer struct {
	Referral *struct {
		AffiliateName string `json:"affiliate_name"`
		Kind          string `json:"kind"`
	} `json:"referral"`
	Decision struct {
		Sentence string `json:"sentence"`
	} `json:"decision"`
	Discount *grant `json:"discount"`
}

// grant is the discount that a code gives, or why it gives none.
type grant struct {
	Granted       bool             `json:"granted"`
	Sentence      string           `json:"sentence"`
	Coupon        string           `json:"coupon"`
	PercentPPM    int64            `json:"percent_ppm"`
	Fixed         map[string]int64 `json:"fixed"`
	Payments      int              `json:"payments"` // how many are discounted; 0 is always
	DiscountMinor int64            `json:"discount_minor"`
}

// off is what the discount takes from a price, in minor units.
func (g grant) off(priceMinor int64) int64 {
	off := g.DiscountMinor
	switch {
	case !g.Granted:
		return 0
	case off == 0 && g.PercentPPM > 0:
		off = (priceMinor*g.PercentPPM + 500_000) / 1_000_000
	case off == 0:
		off = g.Fixed[currency]
	}
	return min(off, priceMinor)
}

// commissionsAnswer is what the answers to calls 2 and 3 have in common.
type commissionsAnswer struct {
	Commissions []struct {
		Amount   int64  `json:"amount"`
		Currency string `json:"currency"`
		State    string `json:"state"`
	} `json:"commissions"`
}

// couponQuote is the answer to POST /v1/coupons/quote.
type couponQuote struct {
	Code       string `json:"code"` // as its owner writes it
	Valid      bool   `json:"valid"`
	Reason     string `json:"reason"`
	Sentence   string `json:"sentence"`
	Discounted bool   `json:"discounted"`
	Discount   int64  `json:"discount"` // in minor units
	Due        int64  `json:"due"`      // in minor units
	Payments   int    `json:"payments"` // how many are discounted; 0 is always
	Quote      string `json:"quote"`    // fixes the price for a day
}

// couponAsk is the body of POST /v1/coupons/quote.
type couponAsk struct {
	Code     string `json:"code"`
	Plan     string `json:"plan"`
	Currency string `json:"currency"`
	Amount   int64  `json:"amount"`          // the list price in minor units
	Email    string `json:"email,omitempty"` // finds out about own codes; answered to the secret key only
}

// hint is what to do about a code that does not count; the script on the page says the same.
func (q couponQuote) hint() string {
	if q.Reason == "unknown" {
		return "Check the spelling, or go on without a code."
	}
	return "You can go on without a code."
}

// problem is an error as Tributary tells it (RFC 9457).
type problem struct {
	Title     string `json:"title"`
	Detail    string `json:"detail"`
	Hint      string `json:"hint"`
	Field     string `json:"field"`
	RequestID string `json:"request_id"`
}
