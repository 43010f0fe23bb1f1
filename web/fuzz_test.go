package web

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"tributary.example/money"
	"tributary.example/program"
)

// FuzzParseSeen: what was seen is written as it was read.
func FuzzParseSeen(f *testing.F) {
	for _, s := range []string{"", "aff_1 EUR 1240;aff_2 EUR -3", "a b", ";;", "a b 99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sums, err := parseSeen(s)
		if err != nil {
			return
		}
		again, err := parseSeen(seenText(sums))
		if err != nil || seenText(again) != seenText(sums) {
			t.Errorf("%q: got %v, then %v, %v", s, sums, again, err)
		}
	})
}

// FuzzForm types anything into the fields that read figures: a mistake is
// told, and what is taken is shown so that it is taken again.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"20", "12.5 %", "5.00 EUR", "5.00 EUR / 6 USD", "1,240.00", "1,5", "EUR", "/", "é", "2026-12-31", "-1", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(url.Values{"f": {s}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		read := func(read func(in *input)) bool {
			in := inputOf(r, program.Program{})
			read(in)
			return in.err() == nil
		}
		read(func(in *input) { in.day("f") })
		if n := 0; read(func(in *input) { n = in.number("f") }) && n < 0 {
			t.Errorf("%q is the number %d", s, n)
		}
		var rate program.Rate
		if read(func(in *input) { rate = in.rate("f") }) {
			if rate.PPM < 0 || rate.PPM > 1_000_000 {
				t.Errorf("%q is %d parts of a million", s, rate.PPM)
			}
			for c, minor := range rate.Fixed {
				if minor < 0 {
					t.Errorf("%q is %d %s", s, minor, c)
				}
			}
		}
		if minor, err := parseAmount(s, "EUR"); err == nil {
			if again, err := parseAmount(money.Decimal(minor, "EUR"), "EUR"); minor < 0 || err != nil || again != minor {
				t.Errorf("%q is %d, then %d, %v", s, minor, again, err)
			}
		}
	})
}
