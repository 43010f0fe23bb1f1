package customer

import "testing"

// FuzzParseExternalID: an id that was read is read again as itself, and fits.
func FuzzParseExternalID(f *testing.F) {
	for _, s := range []string{"42", " cus_1 ", "a\x00b", "\xff", "é/ü", "\u0085"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ext, err := ParseExternalID(s)
		if err != nil {
			return
		}
		if again, err := ParseExternalID(ext); err != nil || again != ext || len(ext) > maxExternalID {
			t.Errorf("%q was read as %q, then as %q, %v", s, ext, again, err)
		}
	})
}
