package track

import (
	"net/url"
	"strings"

	"tributary.example/click"
)

// ask is what a visitor's address asks for.
type ask struct {
	to   string
	subs map[string]string
	utm  []parameter // in the order of the address
	qr   bool
}

type parameter struct{ name, value string }

// maxPassed bounds a parameter that is passed on, in bytes.
const maxPassed = 512

// take reads one parameter of the address. The first of a name counts.
func (a *ask) take(name, value string) {
	switch {
	case name == "to" && a.to == "":
		a.to = value
	case name == "qr":
		a.qr = value == "1"
	case click.IsSub(name) && a.subs[name] == "":
		if a.subs == nil {
			a.subs = map[string]string{}
		}
		a.subs[name] = value
	case click.IsUTM(name) && len(name) <= maxPassed && len(value) <= maxPassed && !has(a.utm, name):
		a.utm = append(a.utm, parameter{name, value})
	}
}

func has(all []parameter, name string) bool {
	for _, p := range all {
		if p.name == name {
			return true
		}
	}
	return false
}

// target is where a visitor is sent: what the address asks for when that is
// verified, else the link's own destination, else the program's site.
func target(f found, to string) *url.URL {
	if u := deepLink(f.program, to); u != nil {
		return u
	}
	if u := deepLink(f.program, f.link.Destination); u != nil {
		return u
	}
	home := *f.program.home
	if home.Path == "" {
		home.Path = "/"
	}
	return &home
}

// deepLink reads a path on the program's site or an address on a verified
// host; anything else is nil. Browsers read \ as /, and skip control
// characters: neither is let through.
func deepLink(s *site, to string) *url.URL {
	if to == "" || len(to) > 2048 || strings.ContainsRune(to, '\\') || strings.ContainsFunc(to, control) {
		return nil
	}
	u, err := url.Parse(to)
	if err != nil {
		return nil
	}
	if u.Scheme == "" && u.Host == "" && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		u.Scheme, u.Host = s.home.Scheme, s.home.Host
	}
	if !s.verified(u) {
		return nil
	}
	if strings.HasPrefix(u.Path, "//") {
		return nil
	}
	u.Host = strings.ToLower(u.Host)
	return u
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// address is the target with what is passed on: UTM of the address, then of
// the group's templates where the target has none, and the token under the
// program's parameter name.
func address(u *url.URL, f found, a ask, token string) string {
	var add []parameter
	add = append(add, a.utm...)
	var present url.Values
	if len(f.utm) > 0 {
		present = u.Query()
	}
	for name, template := range f.utm {
		if !click.IsUTM(name) || has(add, name) || present.Has(name) {
			continue
		}
		add = append(add, parameter{name, fill(template, f, a)})
	}
	if token != "" {
		add = append(add, parameter{f.program.ViaName, token})
	}
	if len(add) == 0 {
		return u.String()
	}
	var query strings.Builder
	query.Grow(len(u.RawQuery) + len(f.program.ViaName) + len(token) + 2)
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); pair != "" && err == nil && !has(add, plain) {
			join(&query, pair)
		}
	}
	for _, p := range add {
		join(&query, url.QueryEscape(p.name)+"="+url.QueryEscape(p.value))
	}
	out := *u
	out.RawQuery = query.String()
	return out.String()
}

func join(query *strings.Builder, pair string) {
	if query.Len() > 0 {
		query.WriteByte('&')
	}
	query.WriteString(pair)
}

// fill writes a UTM template: {slug} is the link's, {sub1} … {sub5} the
// visit's.
func fill(template string, f found, a ask) string {
	if !strings.Contains(template, "{") {
		return template
	}
	return strings.NewReplacer("{slug}", f.link.Slug, "{sub1}", a.subs["sub1"], "{sub2}", a.subs["sub2"],
		"{sub3}", a.subs["sub3"], "{sub4}", a.subs["sub4"], "{sub5}", a.subs["sub5"]).Replace(template)
}

// utmMap is the UTM of the address by name.
func (a ask) utmMap() map[string]string {
	if len(a.utm) == 0 {
		return nil
	}
	out := make(map[string]string, len(a.utm))
	for _, p := range a.utm {
		out[p.name] = p.value
	}
	return out
}
