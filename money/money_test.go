package money

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tributary.example/internal/fault"
)

func TestDigitsFollowISO4217(t *testing.T) {
	t.Parallel()
	for code, want := range map[Currency]int{"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3, "BHD": 3, "KRW": 0} {
		if got := code.Digits(); got != want {
			t.Errorf("%s has %d digits, want %d", code, got, want)
		}
	}
}

func TestParseCurrency(t *testing.T) {
	t.Parallel()
	if got, err := ParseCurrency(" eur "); got != "EUR" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for _, s := range []string{"", "EU", "EURO", "ABC", "€"} {
		if _, err := ParseCurrency(s); !fault.Is(err, fault.Invalid) {
			t.Errorf("ParseCurrency(%q) gave %v, want a fault", s, err)
		}
	}
}

// Three decimals taken for two pay ten times too much.
func TestThreeDecimals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		amount Amount
		want   string
	}{
		{Of(12345, "KWD"), "12.345 KWD"},
		{Of(12345, "EUR"), "123.45 EUR"},
		{Of(12345, "JPY"), "12345 JPY"},
		{Of(-5, "EUR"), "-0.05 EUR"},
		{Of(0, "KWD"), "0.000 KWD"},
		{Of(math.MinInt64, "EUR"), "-92233720368547758.08 EUR"},
	}
	for _, tt := range tests {
		if got := tt.amount.String(); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

func TestDecimalComesBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]Currency{"EUR", "JPY", "KWD"}).Draw(t, "currency")
		want := rapid.Int64Range(-1e15, 1e15).Draw(t, "minor")
		got, err := ParseDecimal(Decimal(want, c), c)
		if err != nil || got != want {
			t.Fatalf("got %d, %v, want %d", got, err, want)
		}
	})
}

func TestParseDecimalRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", ".", "1.", ".5", "1.234", "1,00", "1e3", "--1", "99999999999999999999", "0x1"} {
		if got, err := ParseDecimal(s, "EUR"); err == nil {
			t.Errorf("ParseDecimal(%q) = %d", s, got)
		}
	}
}

func TestRateRoundsHalfAwayFromZero(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rate        Rate
		minor, want int64
	}{
		{500_000, 1, 1}, {500_000, -1, -1}, {500_000, 3, 2}, {499_999, 1, 0},
		{300_000, 4900, 1470}, {0, 4900, 0}, {Whole, math.MaxInt64, math.MaxInt64},
	}
	for _, tt := range tests {
		if got, err := tt.rate.Of(tt.minor); got != tt.want || err != nil {
			t.Errorf("%s of %d = %d, %v, want %d", tt.rate, tt.minor, got, err, tt.want)
		}
	}
	if _, err := (2 * Whole).Of(math.MaxInt64); !errors.Is(err, ErrOverflow) {
		t.Errorf("200 %% of the largest amount gave %v", err)
	}
}

func TestSumOverflows(t *testing.T) {
	t.Parallel()
	if _, err := Sum(math.MaxInt64, 1); !errors.Is(err, ErrOverflow) {
		t.Errorf("got %v", err)
	}
	if _, err := Sum(math.MinInt64, -1); !errors.Is(err, ErrOverflow) {
		t.Errorf("got %v", err)
	}
	if got, err := Sum(5, -7, 1); got != -1 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
}

func TestCurrenciesNeverMeet(t *testing.T) {
	t.Parallel()
	if got, err := Of(1, "EUR").Add(Of(1, "USD")); err == nil {
		t.Errorf("1 EUR + 1 USD = %s", got)
	}
}

// Rounding each step makes a third of a cent disappear or appear.
func TestRoundPartsRoundsOnce(t *testing.T) {
	t.Parallel()
	third := ExactOf(1).Times(1, 3)
	tests := []struct {
		name  string
		parts []Exact
		total int64
		shown []int64
	}{
		{"thirds", []Exact{third, third, third}, 1, []int64{1, 0, 0}},
		{"halves", []Exact{ExactOf(1).Times(1, 2), ExactOf(1).Times(1, 2)}, 1, []int64{1, 0}},
		{"largest rest first", []Exact{ExactOf(1).Times(1, 4), ExactOf(1).Times(3, 4)}, 1, []int64{0, 1}},
		{"negative", []Exact{ExactOf(-1).Times(1, 2), ExactOf(-1)}, -2, []int64{-1, -1}},
		{"none", nil, 0, []int64{}},
	}
	for _, tt := range tests {
		total, shown, err := RoundParts(tt.parts)
		if err != nil || total != tt.total {
			t.Errorf("%s: total %d, %v, want %d", tt.name, total, err, tt.total)
		}
		if diff := cmp.Diff(tt.shown, shown); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

func TestRoundPartsLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "n")
		parts := make([]Exact, n)
		for i := range parts {
			parts[i] = ExactOf(rapid.Int64Range(-1e12, 1e12).Draw(t, "minor")).
				Times(rapid.Int64Range(0, 1e6).Draw(t, "num"), rapid.Int64Range(1, 1e6).Draw(t, "den"))
		}
		total, shown, err := RoundParts(parts)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := Sum(shown...); got != total {
			t.Fatalf("the parts %v sum to %d, want %d", shown, got, total)
		}
		for i, p := range parts {
			off := new(big.Rat).Sub(new(big.Rat).SetInt64(shown[i]), p.rat())
			if off.Abs(off).Cmp(big.NewRat(1, 1)) >= 0 {
				t.Fatalf("part %d is shown as %d, a whole unit or more from %s", i, shown[i], p.rat())
			}
		}
	})
}

func TestSplitGivesAllBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(-1e15, 1e15).Draw(t, "minor")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1e9), 1, 8).Draw(t, "weights")
		shares, err := Split(minor, weights)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := Sum(shares...); got != minor {
			t.Fatalf("%v sum to %d, want %d", shares, got, minor)
		}
	})
	if _, err := Split(1, []int64{1, -1}); err == nil {
		t.Error("a negative weight gave no error")
	}
	if _, err := Split(1, nil); err == nil {
		t.Error("no weights gave no error")
	}
}

func TestAmountInJSON(t *testing.T) {
	t.Parallel()
	got, err := json.Marshal(Of(4900, "EUR"))
	if err != nil || string(got) != `{"amount_minor":4900,"currency":"EUR"}` {
		t.Errorf("got %s, %v", got, err)
	}
}

func FuzzParseDecimal(f *testing.F) {
	f.Add("12.30")
	f.Add("-0.05")
	f.Fuzz(func(t *testing.T, s string) {
		minor, err := ParseDecimal(s, "EUR")
		if err != nil {
			return
		}
		again, err := ParseDecimal(Decimal(minor, "EUR"), "EUR")
		if err != nil || again != minor {
			t.Errorf("%q reads as %d, written and read again %d, %v", s, minor, again, err)
		}
	})
}
