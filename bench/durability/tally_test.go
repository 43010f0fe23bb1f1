package main

import (
	"testing"

	"tributary.example/internal/id"
)

// TestTally: what the proof must see, one thing at a time.
func TestTally(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tally         tally
		lost, doubled int64
	}{
		"all there":                   {tally{acked: []id.Click{"a", "b"}, journal: times("abc"), store: times("abc"), counted: 3}, 0, 0},
		"not in the journal":          {tally{acked: []id.Click{"a", "b"}, journal: times("a"), store: times("ab"), counted: 2}, 1, 0},
		"not in the store":            {tally{acked: []id.Click{"a", "b"}, journal: times("ab"), store: times("a"), counted: 1}, 1, 0},
		"in the store, not counted":   {tally{acked: []id.Click{"a", "b"}, journal: times("ab"), store: times("ab"), counted: 1}, 1, 0},
		"twice in the journal":        {tally{acked: []id.Click{"a"}, journal: times("aa"), store: times("a"), counted: 1}, 0, 1},
		"twice in the store":          {tally{acked: []id.Click{"a"}, journal: times("a"), store: times("aa"), counted: 1}, 0, 1},
		"counted twice":               {tally{acked: []id.Click{"a"}, journal: times("a"), store: times("a"), counted: 2}, 0, 1},
		"never answered, but arrived": {tally{journal: times("a"), store: times("a"), counted: 1}, 0, 0},
	} {
		if lost, doubled := tc.tally.lost(), tc.tally.doubled(); lost != tc.lost || doubled != tc.doubled {
			t.Errorf("%s: lost %d, doubled %d, want %d, %d", name, lost, doubled, tc.lost, tc.doubled)
		}
	}
}

func times(clicks string) map[id.Click]int {
	out := map[id.Click]int{}
	for _, c := range clicks {
		out[id.Click(string(c))]++
	}
	return out
}
