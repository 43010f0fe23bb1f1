package coupon

import (
	"slices"
	"strings"

	"tributary.example/internal/fault"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/program"
)

// Discount is what a code takes off a price: a percentage or a fixed amount
// per currency, or nothing at all.
type Discount struct {
	PercentPPM int64            `json:"percent_ppm,omitempty"`
	Fixed      map[string]int64 `json:"fixed_minor,omitempty"` // currency → minor units
	Plans      []string         `json:"plans,omitempty"`       // plan codes; none is all
	Payments   int              `json:"payments"`              // how many are discounted; 0 is always
}

const maxPayments = 1200

// None reports whether the code gives no discount on anything.
func (d Discount) None() bool { return d.PercentPPM == 0 && len(d.Fixed) == 0 }

// Covers reports whether the discount is for a plan. Nobody knows yet for "".
func (d Discount) Covers(planCode string) bool {
	return len(d.Plans) == 0 || slices.Contains(d.Plans, planCode)
}

// In reports whether the discount has an amount in a currency.
func (d Discount) In(c money.Currency) bool {
	_, ok := d.Fixed[string(c)]
	return d.PercentPPM > 0 || ok
}

// Off is what is taken off an amount of zero or more, in its minor units:
// rounded half away from zero, never more than the amount.
func (d Discount) Off(a money.Amount) (int64, error) {
	off := d.Fixed[string(a.Currency)]
	if d.PercentPPM > 0 {
		var err error
		if off, err = money.Rate(d.PercentPPM).Of(a.Minor); err != nil {
			return 0, err
		}
	}
	return max(0, min(off, a.Minor)), nil
}

// Sentence says what the customer gets, for pages: "10 % off starter, on the
// first payment". It is zero when there is no discount.
func (d Discount) Sentence() text.Sentence {
	if d.None() {
		return text.Sentence{}
	}
	off := d.shown()
	plans := strings.Join(d.Plans, ", ")
	switch {
	case d.Payments == 1 && plans == "":
		return text.S("%s off the first payment", off)
	case d.Payments == 1:
		return text.S("%s off the first payment of %s", off, plans)
	case d.Payments > 1 && plans == "":
		return text.S("%s off the first %s payments", off, d.Payments)
	case d.Payments > 1:
		return text.S("%s off the first %s payments of %s", off, d.Payments, plans)
	case plans == "":
		return text.S("%s off every payment", off)
	}
	return text.S("%s off every payment of %s", off, plans)
}

func (d Discount) shown() any {
	if d.PercentPPM > 0 {
		return text.Percent(d.PercentPPM)
	}
	var all []string
	for code, minor := range d.Fixed {
		all = append(all, text.English.Money(minor, code))
	}
	slices.Sort(all)
	if len(all) == 1 {
		for code, minor := range d.Fixed {
			return money.Of(minor, money.Currency(code))
		}
	}
	return strings.Join(all, " / ")
}

// check refuses a discount that could not be meant. The kind of error is
// Invalid.
func (d Discount) check(plans []program.Plan) error {
	var faults fault.List
	if d.PercentPPM < 0 || d.PercentPPM > int64(money.Whole) {
		faults.Add(fault.New(fault.Invalid, "A discount lies between 0 and 100 percent.").Field("percent"))
	}
	if d.PercentPPM != 0 && len(d.Fixed) > 0 {
		faults.Add(fault.New(fault.Invalid, "A discount is a percentage or an amount, not both.").Field("percent"))
	}
	for code, minor := range d.Fixed {
		if c, err := money.ParseCurrency(code); err != nil || string(c) != code || minor <= 0 {
			faults.Add(fault.New(fault.Invalid, "A fixed discount is an amount above zero in a currency.").Field("fixed").
				Hint("Use codes of ISO 4217, such as EUR, and minor units."))
		}
	}
	for _, p := range d.Plans {
		if !slices.ContainsFunc(plans, func(known program.Plan) bool { return known.Code == p }) {
			faults.Add(fault.New(fault.Invalid, "This program has no plan %s.", p).Field("plans").Hint("Choose from the program's plans."))
		}
	}
	if d.Payments < 0 || d.Payments > maxPayments {
		faults.Add(fault.New(fault.Invalid, "A discount is for 0 to %s payments; 0 means always.", maxPayments).Field("payments"))
	}
	return faults.Err()
}
