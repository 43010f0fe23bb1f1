package person

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"tributary.example/internal/fault"
)

// Limits of RFC 5321, section 4.5.3.1.
const (
	maxLocal = 64
	maxEmail = 254
)

// provider is what a mail provider does with the part before the @.
type provider struct {
	domain string // the one that all its domains deliver to
	dots   bool   // dots make no difference
}

var (
	gmail  = provider{domain: "gmail.com", dots: true}
	proton = provider{domain: "proton.me", dots: true}
)

// providers are those whose own documentation says that dots make no
// difference, or that several domains are one mailbox. Everybody's plus tags
// are cut, because a tag is never a person of its own.
var providers = map[string]provider{
	"gmail.com":      gmail,
	"googlemail.com": gmail,
	"proton.me":      proton,
	"protonmail.com": proton,
	"pm.me":          proton,
}

// ParseEmail checks an e-mail address as a person types it, and returns it
// without surrounding spaces and with the domain in lower case. The kind of
// error is Invalid.
func ParseEmail(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", fault.New(fault.Invalid, "An e-mail address is missing.").Field("email")
	}
	at := strings.LastIndexByte(s, '@')
	if len(s) > maxEmail || at < 1 || at > maxLocal || !isAddress(s) || !isDomain(s[at+1:]) {
		return "", fault.New(fault.Invalid, "%s is not an e-mail address.", cut(s)).Field("email").
			Hint("Write it like name@example.com.")
	}
	return s[:at+1] + strings.ToLower(s[at+1:]), nil
}

// NormalEmail is the form in which addresses are compared: lower case, without
// a plus tag, without the dots that the provider ignores, the domain in ASCII
// and the provider's main one. It takes anything; "" stays "".
func NormalEmail(s string) string {
	s = strings.ToLower(norm.NFKC.String(strings.ToLower(strings.TrimSpace(s))))
	local, domain, ok := cutLast(s)
	if !ok {
		return s
	}
	domain = strings.TrimRight(domain, ".")
	// The conversion's time grows with the square of the length, and a sign-in
	// form takes anything from anybody: 300 kB would take 17 seconds.
	if len(domain) <= maxEmail {
		if ascii, err := idna.Lookup.ToASCII(domain); err == nil && ascii != "" {
			domain = ascii
		}
	}
	if plus := strings.IndexByte(local, '+'); plus > 0 {
		local = local[:plus]
	}
	if p, ok := providers[domain]; ok {
		domain = p.domain
		if plain := strings.ReplaceAll(local, ".", ""); p.dots && plain != "" {
			local = plain
		}
	}
	return local + "@" + domain
}

// MaskEmail is what a reader sees who may not see the address: "j•••@example.com".
// Nothing in it lets a line break.
func MaskEmail(s string) string {
	local, domain, ok := cutLast(s)
	if !ok {
		return "•••"
	}
	_, size := utf8.DecodeRuneInString(local)
	return local[:size] + "•••@" + domain
}

func cutLast(s string) (local, domain string, ok bool) {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return s, "", false
	}
	return s[:at], s[at+1:], true
}

// isAddress accepts the plain form only: no display name, comment or quotes.
func isAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s && printable(s) && !strings.ContainsAny(s, " \"<>()")
}

// isDomain accepts a host name with at least one dot: one without is a typing
// mistake far more often than a mailbox.
func isDomain(s string) bool {
	ascii, err := idna.Lookup.ToASCII(strings.ToLower(s))
	if err != nil || len(ascii) > 253 || !strings.Contains(ascii, ".") {
		return false
	}
	for label := range strings.SplitSeq(ascii, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return true
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func printable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}

func cut(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}
