package id

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var want [16]byte
		copy(want[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid"))
		got, err := UUID(FromUUID[Link](want))
		if err != nil || got != want {
			t.Fatalf("got %x, %v, want %x", got, err, want)
		}
	})
}

// The vector is TypeID's own: https://github.com/jetify-com/typeid/tree/main/spec.
func TestKnownVector(t *testing.T) {
	t.Parallel()
	u := [16]byte{0x01, 0x89, 0x0a, 0x5d, 0xac, 0x96, 0x77, 0x4b, 0xbc, 0xce, 0xb3, 0x02, 0x09, 0x9a, 0x80, 0x57}
	if text, want := encode(u), "01h455vb4pex5vsknk084sn02q"; string(text[:]) != want {
		t.Errorf("encode = %q, want %q", text, want)
	}
}

func TestIdsSortByTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	a, b := New[Click](at), New[Click](at.Add(time.Millisecond))
	if a >= b {
		t.Errorf("%s >= %s", a, b)
	}
	if got := TimeOf(a); !got.Equal(at) {
		t.Errorf("TimeOf = %v, want %v", got, at)
	}
}

func TestIdsOfOneMillisecondKeepTheirOrder(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	last := New[Posting](at)
	for range 20_000 {
		UUIDv7(at.Add(time.Second)) // another clock is in use
		next := New[Posting](at)
		if next <= last || !TimeOf(next).Equal(at) {
			t.Fatalf("%s after %s", next, last)
		}
		last = next
	}
}

func TestTheCounterLeavesRoom(t *testing.T) {
	t.Parallel()
	var c counter
	if n := c.next(8, 0xffffffff); n >= 1<<25 {
		t.Errorf("a millisecond begins at %d of %d", n, 1<<26)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "lnk_", "aff_01h455vb4pex5vsknk084sn02q", "lnk_81h455vb4pex5vsknk084sn02q", "lnk_01h455vb4pex5vsknk084sn02u", "lnk_01H455VB4PEX5VSKNK084SN02Q"} {
		if _, err := Parse[Link](s); err == nil {
			t.Errorf("Parse(%q) gave no error", s)
		}
	}
}

func TestPrefixesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range prefixes {
		if seen[p] {
			t.Errorf("prefix %s twice", p)
		}
		seen[p] = true
	}
	if len(seen) != 26 || seen[""] {
		t.Errorf("%d prefixes, want one for each of the 26 types", len(seen))
	}
}

func FuzzParse(f *testing.F) {
	f.Add("lnk_01h455vb4pex5vsknk084sn02q")
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse[Link](s)
		if err != nil {
			return
		}
		u, _ := UUID(v)
		if FromUUID[Link](u) != v {
			t.Errorf("%q does not come back", s)
		}
	})
}
