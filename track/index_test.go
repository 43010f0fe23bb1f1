package track

import (
	"testing"

	"pgregory.net/rapid"
)

// TestIndexIsAMap plays random changes on an index and on a map. The hashes
// are few, so that rows crowd.
func TestIndexIsAMap(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var x index
		want := map[uint32]bool{}
		spread := rapid.Uint64Range(1, 64).Draw(t, "spread")
		hash := func(row uint32) uint64 { return uint64(row) * 0x9e3779b97f4a7c15 >> 40 % spread }
		for range rapid.IntRange(0, 200).Draw(t, "changes") {
			row := rapid.Uint32Range(0, 60).Draw(t, "row")
			if rapid.Bool().Draw(t, "put") && !want[row] {
				x.put(hash(row), row, hash)
				want[row] = true
			} else {
				x.remove(hash(row), row, hash)
				delete(want, row)
			}
		}
		for row := range uint32(61) {
			got, ok := x.find(hash(row), func(r uint32) bool { return r == row })
			if ok != want[row] || ok && got != row {
				t.Fatalf("row %d: got %d, %v, want %v", row, got, ok, want[row])
			}
		}
		if x.used != len(want) {
			t.Fatalf("%d used, want %d", x.used, len(want))
		}
	})
}
