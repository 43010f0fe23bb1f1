package secret

import (
	"bytes"
	"testing"
)

// FuzzOpen opens nothing that was not sealed, and never panics.
func FuzzOpen(f *testing.F) {
	r, err := NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "s1.", "s1.AAAA", "s2.AAAA", r.Seal("p", "other row", []byte("x"))} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, sealed string) {
		if plain, err := r.Open("p", "row", sealed); err == nil {
			t.Errorf("%q opened as %q", sealed, plain)
		}
		if root, err := ParseRoot(sealed); err == nil && root == (Root{}) && len(bytes.Trim([]byte(sealed), " \t\r\n0")) != 0 {
			t.Errorf("%q is the zero key", sealed)
		}
	})
}
