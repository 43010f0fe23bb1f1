package web

import (
	"strings"

	"tributary.example/internal/text"
	"tributary.example/program"
)

// paymentRates says what payments earn, the rule for every plan first: "20 %,
// 50 % of the first, 25 % on pro"; and the duration of the first of them. It is "" when payments
// earn nothing.
func paymentRates(loc text.Locale, prog program.Program, terms program.Terms) (rates string, d program.Duration) {
	var general, special []string
	for _, rule := range terms.Rules {
		if rule.Trigger != program.TriggerPayment {
			continue
		}
		if len(general)+len(special) == 0 {
			d = rule.Duration
		}
		line := rateText(loc, prog, rule.Rate)
		if len(rule.Plans) == 0 {
			general = append(general, line)
			if rule.First != nil {
				general = append(general, rateText(loc, prog, *rule.First)+" of the first")
			}
			continue
		}
		special = append(special, line+" on "+strings.Join(rule.Plans, ", "))
	}
	return strings.Join(append(general, special...), ", "), d
}

// headline says what payments earn, in a few words.
func headline(prog program.Program, terms program.Terms) string {
	rates, d := paymentRates(locale(prog), prog, terms)
	if rates == "" {
		return "Earn with " + prog.Name
	}
	return "Earn " + ofPayments(rates, "every payment") + durationText(d)
}

// ofPayments puts what the rates are of behind the first of them.
func ofPayments(rates, what string) string {
	first, rest, more := strings.Cut(rates, ", ")
	if more {
		rest = ", " + rest
	}
	return first + " of " + what + rest
}

// rateText shows a rate: a percentage, or the amount in the program's
// currency.
func rateText(loc text.Locale, prog program.Program, rate program.Rate) string {
	if !rate.IsFixed() {
		return loc.Percent(rate.PPM)
	}
	if minor, ok := rate.Fixed[prog.Currency]; ok {
		return loc.Money(minor, prog.Currency)
	}
	for code, minor := range rate.Fixed {
		return loc.Money(minor, code)
	}
	return text.Unknown
}

// whileText says for how long a customer's payments earn, as a sentence's end.
func whileText(d program.Duration) string {
	switch d.Kind {
	case program.Months:
		return text.S("for %s months from the first payment", d.N).String()
	case program.Payments:
		return text.S("for their first %s payments", d.N).String()
	}
	return "as long as they stay"
}

// durationText follows a rate: ", for life", " for 12 months".
func durationText(d program.Duration) string {
	switch d.Kind {
	case program.Months:
		return text.S(" for %s months", d.N).String()
	case program.Payments:
		return text.S(", for the first %s payments", d.N).String()
	}
	return ", for life"
}
