package access_test

import (
	"net/url"
	"strings"
	"testing"

	"tributary.example/access"
)

// FuzzOwnPath reads a target as browsers do: without tabs, line breaks and
// control characters at its ends, and with a backslash for a slash.
func FuzzOwnPath(f *testing.F) {
	for _, s := range []string{"/p/shop?a=b#c", "/\t/evil.example", `/\evil.example`, "//evil", "\x00//evil", "/..//evil.example", "/%09/evil", "/é"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if !access.OwnPath(target) {
			return
		}
		seen := strings.TrimFunc(target, func(r rune) bool { return r <= ' ' })
		seen = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(seen)
		if !strings.HasPrefix(seen, "/") || strings.HasPrefix(seen, "//") {
			t.Fatalf("%q is read as %q", target, seen)
		}
		// What cannot be parsed is sent as it is.
		if u, err := url.Parse(target); err == nil && (u.Scheme != "" || u.Host != "" || u.User != nil) {
			t.Fatalf("%q leads to %s", target, u.Host)
		}
	})
}
