package track

import (
	"net/url"
	"strings"
	"testing"

	"tributary.example/program"
)

// FuzzTarget asks for any destination with any parameters: the visitor ends on
// a verified host by the site's scheme, with the token.
func FuzzTarget(f *testing.F) {
	for _, to := range []string{"/a", "//evil", "https://docs.shop.example/x?via=1", "https:evil", "/\\x", "/%2f%2fevil", "https://www.shop.example:443@x/"} {
		f.Add(to, "utm_source", "a b&c")
	}
	home, _ := url.Parse("https://www.shop.example/")
	s := &site{Record: program.Record{ViaName: "via", Sites: []string{"docs.shop.example"}}, home: home}
	token := strings.Repeat("t", 66)
	f.Fuzz(func(t *testing.T, to, name, value string) {
		var a ask
		a.take(name, value)
		where := found{link: linked{Slug: "jane"}, program: s, utm: map[string]string{"utm_medium": "{slug}-{sub1}"}}
		out := address(target(where, to), where, a, token)
		u, err := url.Parse(out)
		if err != nil {
			t.Fatalf("%q leads to %q: %v", to, out, err)
		}
		if u.Scheme != "https" || (u.Host != "www.shop.example" && u.Host != "docs.shop.example") || u.User != nil {
			t.Errorf("%q leads to %q", to, out)
		}
		if got := u.Query()["via"]; len(got) != 1 || got[0] != token {
			t.Errorf("%q: tokens %q in %q", to, got, out)
		}
		if strings.ContainsAny(out, "\r\n\\ \"<>") {
			t.Errorf("%q leads to %q", to, out)
		}
	})
}
