package coupon

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tributary.example/internal/fault"
)

func TestParseCode(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want Code
	}{
		{"JANE10", "JANE10"},
		{" jane 10 ", "JANE10"},
		{"Jane-10", "JANE10"},
		{"jane‑10", "JANE10"}, // non-breaking hyphen
		{"ｊａｎｅ１０", "JANE10"},  // full width
		{"ja\u00a0ne10", "JANE10"},
		{"①②③", "123"},
		{"abc", "ABC"},
		{strings.Repeat("A", 40), Code(strings.Repeat("A", 40))},
		{strings.Repeat("A", 41), ""},
		{strings.Repeat("A ", 400), ""},
		{"ab", ""},
		{"", ""},
		{"JÄNE10", ""},
		{"JАNE10", ""}, // a Cyrillic А
		{"JANE_10", ""},
		{"JANE%", ""},
		{"jane\xff10", ""},
	}
	for _, tt := range tests {
		got, err := ParseCode(tt.in)
		if got != tt.want || (tt.want == "") != fault.Is(err, fault.Invalid) {
			t.Errorf("ParseCode(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{"JANE10", "ja ne-10", "ﬁne", "ｊ", "‐‑‒–—", "İ", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCode(s)
		if err != nil {
			return
		}
		if strings.Trim(string(c), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" || len(c) < 3 || len(c) > 40 {
			t.Fatalf("ParseCode(%q) = %q", s, c)
		}
		for _, again := range []string{string(c), strings.ToLower(string(c)), " " + string(c[:1]) + "-" + string(c[1:])} {
			if got, err := ParseCode(again); got != c || err != nil {
				t.Fatalf("ParseCode(%q) = %q, %v, want %q", again, got, err, c)
			}
		}
	})
}

func TestSuggest(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		ppm   int64
		first []Code
	}{
		{"Jane Doe", 100_000, []Code{"JANE10", "JANEDOE10", "JANED10", "DOE10", "JANEA10"}},
		{"jane", 100_000, []Code{"JANE10", "JANEA10"}},
		{"Jörg Müller-Lüdenscheidt", 150_000, []Code{"JORG15", "JORGMULLERLUDENSCHEI15"}},
		{"Jane", 125_000, []Code{"JANE", "JANEA"}},
		{"Jane", 0, []Code{"JANE", "JANEA"}},
		{"Дмитрий", 100_000, []Code{"FRIEND10", "FRIENDA10"}},
		{"Bo", 0, []Code{"BOA", "BOB"}},
		{"", 100_000, []Code{"FRIEND10"}},
	}
	for _, tt := range tests {
		got := Suggest(tt.name, tt.ppm)
		for _, c := range got {
			if parsed, err := ParseCode(string(c)); parsed != c || err != nil {
				t.Errorf("Suggest(%q) offers %q: %v", tt.name, c, err)
			}
		}
		if diff := cmp.Diff(tt.first, got[:min(len(got), len(tt.first))]); diff != "" {
			t.Errorf("Suggest(%q, %d) (-want +got):\n%s", tt.name, tt.ppm, diff)
		}
	}
}

// TestATypingMistakeShows: one wrong character never checks out, and two
// swapped neighbours hardly ever.
func TestATypingMistakeShows(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var raw [8]byte
		binary.BigEndian.PutUint64(raw[:], rapid.Uint64().Draw(r, "random"))
		c := RandomCode(bytes.NewReader(raw[:]))
		if parsed, err := ParseCode(string(c)); parsed != c || err != nil || !c.ChecksOut() {
			r.Fatalf("RandomCode = %q, %v", c, err)
		}
		wrong := []byte(c)
		i := rapid.IntRange(0, len(wrong)-1).Draw(r, "place")
		wrong[i] = alphabet[rapid.IntRange(0, len(alphabet)-1).Draw(r, "character")]
		if string(wrong) != string(c) && Code(wrong).ChecksOut() {
			r.Fatalf("%q checks out beside %q", wrong, c)
		}
	})
	for _, c := range []Code{"", "JANE10", "0OIL10000", RandomCode(rand.Reader)[:8]} {
		if c.ChecksOut() {
			t.Errorf("%q checks out", c)
		}
	}
}
