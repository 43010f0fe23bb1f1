package merchant

import (
	"fmt"
	"strconv"
	"strings"
)

// currency is what Fernwood charges in; its minor unit is the cent.
const currency = "EUR"

// plan is what the shop sells. Tributary knows it by its code.
type plan struct {
	Code, Name, For string
	PriceMinor      int64 // a month
	Features        []string
}

var plans = []plan{
	{Code: "starter", Name: "Starter", For: "For a home, a studio or a café.", PriceMinor: 1900, Features: []string{
		"Up to 40 plants in one place",
		"Watering days that follow season and weather",
		"A list for whoever has the can today",
		"Help from a gardener within a day",
	}},
	{Code: "pro", Name: "Pro", For: "For offices, hotels and people with a greenhouse.", PriceMinor: 4900, Features: []string{
		"As many plants and places as you have",
		"Everything in Starter",
		"Rounds for a team, with who did what",
		"Help from a gardener within an hour",
	}},
}

// planOf finds a plan by its code.
func planOf(code string) (plan, bool) {
	for _, p := range plans {
		if p.Code == code {
			return p, true
		}
	}
	return plan{}, false
}

// decimal writes cents as 19.00.
func decimal(minor int64) string {
	sign := ""
	if minor < 0 {
		sign, minor = "−", -minor
	}
	return fmt.Sprintf("%s%d.%02d", sign, minor/100, minor%100)
}

// parseDecimal reads 5, 5.5, 5.50 or 5,50 as cents.
func parseDecimal(text string) (int64, bool) {
	whole, part, _ := strings.Cut(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), ".")
	const mostDigits = 9
	if whole == "" || len(whole) > mostDigits || len(part) > 2 {
		return 0, false
	}
	minor, err := strconv.ParseUint(whole+(part + "00")[:2], 10, 63)
	return int64(minor), err == nil
}
