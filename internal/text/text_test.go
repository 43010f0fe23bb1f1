package text

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestT(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 23, 30, 0, 0, time.UTC)
	vienna := time.FixedZone("CET", 3600)
	tests := []struct {
		loc  Locale
		s    Sentence
		want string
	}{
		{English, S("Coupon %s has ended.", "JANE10"), "Coupon JANE10 has ended."},
		{English, S("%s of %s", 1234567, Arg{Kind: KindMoney, Number: 124000, Text: "EUR"}), "1,234,567 of 1,240.00 EUR"},
		{English, S("%s", Arg{Kind: KindMoney, Number: -5, Text: "EUR"}), "-0.05 EUR"},
		{English, S("%s", Arg{Kind: KindMoney, Number: 1500, Text: "KWD"}), "1.500 KWD"},
		{English, S("%s", Arg{Kind: KindMoney, Number: 1500, Text: "JPY"}), "1,500 JPY"},
		{English, S("%s or %s", Percent(100_000), Percent(125_500)), "10 % or 12.55 %"},
		{English, S("%s", Percent(-5)), "-0.0005 %"},
		{English, S("%s", at), "4 Mar 2026, 23:30"},
		{English.In(vienna), S("%s", Date(at)), "5 Mar 2026"},
		{English, S("clicked %s earlier", 73*time.Hour), "clicked 3 days earlier"},
		{English, S("clicked %s earlier", time.Hour), "clicked 1 hour earlier"},
		{English, S("%s", time.Duration(3)), "less than a second"},
		{English, S("100%% of %s"), "100% of –"},
	}
	for _, tt := range tests {
		if got := T(tt.loc, tt.s); got != tt.want {
			t.Errorf("T(%q) = %q, want %q", tt.s.Key, got, tt.want)
		}
	}
}

func TestSentenceSurvivesJSON(t *testing.T) {
	t.Parallel()
	want := S("%s paid %s at %s", "Ann", Arg{Kind: KindMoney, Number: 100, Text: "EUR"}, time.UnixMicro(5).UTC())
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Sentence
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
