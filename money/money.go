// Package money is exact amounts: integers in minor units with their currency,
// rates in parts per million, and fractions that are rounded once.
//
// Nouns: Amount, Currency, Rate, Exact.
//
// Invariants:
//  1. No floating point. What is not a whole minor unit stays a fraction until
//     Round, which rounds half away from zero.
//  2. Amounts of two currencies never meet: it is an error.
//  3. What does not fit 64 bits is an error, never a wrong figure.
//  4. Split gives back exactly the amount that went in.
//
// It owns no tables and knows nothing of who owes what.
package money

import (
	"fmt"
	"math"
	"strings"

	"github.com/bojanz/currency"

	"tributary.example/internal/fault"
	"tributary.example/internal/text"
)

// Currency is an ISO 4217 code, such as "EUR". The zero value is none.
type Currency string

// ParseCurrency checks a code; lower case is accepted. The kind of error is
// Invalid.
func ParseCurrency(s string) (Currency, error) {
	code := strings.ToUpper(strings.TrimSpace(s))
	if code == "" || !currency.IsValid(code) {
		return "", fault.New(fault.Invalid, "%s is not a currency.", text.Arg{Kind: text.KindText, Text: cut(s)}).
			Field("currency").Hint("Use a three-letter code of ISO 4217, such as EUR, USD or JPY.")
	}
	return Currency(code), nil
}

// Digits is the number of decimals of the currency's minor unit: 0 for JPY, 2
// for EUR, 3 for KWD (ISO 4217, by the CLDR table).
func (c Currency) Digits() int {
	d, ok := currency.GetDigits(string(c))
	if !ok {
		return 2
	}
	return int(d)
}

// String is the code.
func (c Currency) String() string { return string(c) }

// Amount is a whole number of minor units of one currency.
type Amount struct {
	Minor    int64    `json:"amount_minor"`
	Currency Currency `json:"currency"`
}

// Of makes an amount of minor units.
func Of(minor int64, c Currency) Amount { return Amount{Minor: minor, Currency: c} }

// Add is the sum. It fails for two currencies and beyond 64 bits.
func (a Amount) Add(b Amount) (Amount, error) {
	if a.Currency != b.Currency {
		return Amount{}, fmt.Errorf("add %s to %s: two currencies", b.Currency, a.Currency)
	}
	minor, err := Add(a.Minor, b.Minor)
	return Amount{minor, a.Currency}, err
}

// Neg is the amount with the other sign.
func (a Amount) Neg() Amount { return Amount{-a.Minor, a.Currency} }

// IsZero reports whether nothing is meant: no minor units.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// String is the plain decimal form with the code behind it, such as
// "-1240.05 EUR", for logs, files and tests; pages format by language.
func (a Amount) String() string { return Decimal(a.Minor, a.Currency) + " " + string(a.Currency) }

// TextArg shows the amount in a sentence, in the reader's language.
func (a Amount) TextArg() text.Arg {
	return text.Arg{Kind: text.KindMoney, Number: a.Minor, Text: string(a.Currency)}
}

// Decimal writes minor units with a point and the currency's decimals, without
// grouping, as files want it.
func Decimal(minor int64, c Currency) string {
	digits := c.Digits()
	sign, abs := "", uint64(minor)
	if minor < 0 {
		sign, abs = "-", -uint64(minor)
	}
	s := fmt.Sprintf("%0*d", digits+1, abs)
	if digits == 0 {
		return sign + s
	}
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}

// ParseDecimal reads what Decimal writes: digits with at most the currency's
// decimals behind a point. The kind of error is Invalid.
func ParseDecimal(s string, c Currency) (int64, error) {
	bad := fault.New(fault.Invalid, "%s is not an amount in %s.", cut(s), string(c)).
		Hint("Write digits, with at most %s decimals behind a point.", c.Digits())
	rest, negative := strings.CutPrefix(strings.TrimSpace(s), "-")
	whole, fraction, point := strings.Cut(rest, ".")
	if whole == "" || len(fraction) > c.Digits() || (point && fraction == "") {
		return 0, bad
	}
	digits := whole + fraction + strings.Repeat("0", c.Digits()-len(fraction))
	var minor int64
	for _, d := range []byte(digits) {
		if d < '0' || d > '9' || minor > (math.MaxInt64-9)/10 {
			return 0, bad
		}
		minor = minor*10 + int64(d-'0')
	}
	if negative {
		minor = -minor
	}
	return minor, nil
}

// Add is the sum of two figures of one currency; beyond 64 bits it is an error.
func Add(a, b int64) (int64, error) {
	sum := a + b
	if (a > 0 && b > 0 && sum <= 0) || (a < 0 && b < 0 && sum >= 0) {
		return 0, fmt.Errorf("%d + %d: %w", a, b, ErrOverflow)
	}
	return sum, nil
}

// Sum adds figures of one currency; beyond 64 bits it is an error.
func Sum(minors ...int64) (int64, error) {
	var sum int64
	for _, m := range minors {
		var err error
		if sum, err = Add(sum, m); err != nil {
			return 0, err
		}
	}
	return sum, nil
}

// Rate is parts per million: 300000 is 30 %.
type Rate int64

// Whole is the rate of 100 %.
const Whole Rate = 1_000_000

// TextArg shows the rate in a sentence as a percentage.
func (r Rate) TextArg() text.Arg { return text.Percent(int64(r)) }

// String is the percentage, for logs and tests.
func (r Rate) String() string { return text.English.Percent(int64(r)) }

// Of is that part of an amount, rounded once, half away from zero.
func (r Rate) Of(minor int64) (int64, error) {
	return ExactOf(minor).Times(int64(r), int64(Whole)).Round()
}

func cut(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}
