package part

import (
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestColourSpaceGoesThereAndBack(t *testing.T) {
	t.Parallel()
	// oklch(0.628 0.258 29.2) is red in CSS Color 4's own examples.
	l, c, h := Colour{255, 0, 0}.oklch()
	if math.Abs(l-0.628) > 0.001 || math.Abs(c-0.258) > 0.001 || math.Abs(h-29.2) > 0.1 {
		t.Errorf("red is oklch(%.3f %.3f %.1f)", l, c, h)
	}
	for _, want := range []Colour{{0, 0, 0}, {255, 255, 255}, {11, 127, 134}, {200, 30, 90}} {
		l, c, h := want.oklch()
		if diff := cmp.Diff(fromOKLCH(l, c, h), want); diff != "" {
			t.Error(diff)
		}
	}
}

func TestParseColour(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{"#0b7f86": true, "#0B7F86": true, "0b7f86": false, "#0b7": false, "#0b7f8g": false, "": false, "#+b7f86": false} {
		if _, got := ParseColour(in); got != want {
			t.Errorf("ParseColour(%q) = %v", in, got)
		}
	}
}

var sheetPair = regexp.MustCompile(`--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)`)

func TestABrandIsReadableWhateverItsColour(t *testing.T) {
	t.Parallel()
	for _, brand := range []string{"#ffff00", "#000000", "#ffffff", "#ff0066", "#0b7f86", "#808080", "#00ff88", "#1a0dab"} {
		k, _ := ParseColour(brand)
		light, dark := map[string]Colour{"paper": white}, map[string]Colour{"paper": fromOKLCH(0.195, 0.012, 245)}
		for _, m := range sheetPair.FindAllStringSubmatch(BrandSheet(k), -1) {
			light[m[1]], _ = ParseColour(m[2])
			dark[m[1]], _ = ParseColour(m[3])
		}
		for side, tokens := range map[string]map[string]Colour{"light": light, "dark": dark} {
			for _, pair := range [][2]string{{"accent", "paper"}, {"accent", "on-accent"}, {"accent-strong", "accent-soft"}, {"accent", "accent-soft"}, {"accent-strong", "on-accent"}} {
				if got := contrast(tokens[pair[0]], tokens[pair[1]]); got < 4.5 {
					t.Errorf("%s, %s: %s on %s is %.2f", brand, side, pair[0], pair[1], got)
				}
			}
		}
	}
}

var token = regexp.MustCompile(`--([a-z0-9-]+): light-dark\(oklch\(([0-9. ]+)\), oklch\(([0-9. ]+)\)\)`)

// The house's own colours: text 4.5, edges of controls and lines of charts 3.
func TestTheHousesColoursAreReadable(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("../static/css/1-tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	sides := [2]map[string]Colour{{}, {}}
	for _, m := range token.FindAllStringSubmatch(string(css), -1) {
		for i := range sides {
			sides[i][m[1]] = readOKLCH(t, m[2+i])
		}
	}
	if got := len(sides[0]); got < 20 {
		t.Fatalf("only %d colours were found", got)
	}
	for _, need := range []struct {
		over, under string
		ratio       float64
	}{
		{"ink", "paper", 7}, {"ink-2", "paper", 4.5}, {"ink-3", "paper", 4.5}, {"ink-2", "side", 4.5}, {"ink-3", "side", 4.5}, {"ink-2", "wash", 4.5},
		{"accent", "paper", 4.5}, {"on-accent", "accent", 4.5}, {"on-accent", "accent-strong", 4.5}, {"accent-strong", "accent-soft", 4.5},
		{"good", "good-soft", 4.5}, {"wait", "wait-soft", 4.5}, {"bad", "bad-soft", 4.5}, {"good", "paper", 4.5}, {"bad", "paper", 4.5},
		{"ink", "wait-soft", 7}, {"ink-2", "good-soft", 4.5}, {"ink-2", "wait-soft", 4.5}, {"ink-2", "bad-soft", 4.5},
		{"edge", "paper", 3}, {"second", "paper", 3}, {"third", "paper", 3}, {"fourth", "paper", 3},
	} {
		for i, side := range sides {
			if got := contrast(side[need.over], side[need.under]); got < need.ratio {
				t.Errorf("side %d: %s on %s is %.2f, wants %.1f", i, need.over, need.under, got, need.ratio)
			}
		}
	}
}

func readOKLCH(t *testing.T, s string) Colour {
	t.Helper()
	var v [3]float64
	for i, word := range regexp.MustCompile(`[0-9.]+`).FindAllString(s, 3) {
		n, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		v[i] = n
	}
	return fromOKLCH(v[0], v[1], v[2])
}
