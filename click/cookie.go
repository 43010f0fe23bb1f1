package click

import (
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// maxTouches is how many tokens a cookie holds.
const maxTouches = 5

// touchSeparator joins tokens; it is in no token, and needs no quoting in a
// cookie.
const touchSeparator = "."

// maxCookieAge is the longest life that browsers grant a cookie (RFC 6265bis).
const maxCookieAge = 400 * 24 * time.Hour

// Touches splits a cookie's value into the tokens that have a token's form,
// oldest first. The merchant's backend passes the value on as it is.
func Touches(value string) []string {
	var out []string
	for part := range strings.SplitSeq(value, touchSeparator) {
		if _, err := ParseToken(part); err == nil {
			out = append(out, part)
		}
	}
	return out
}

// AddTouch puts a token into a cookie's value: one per link, newest last, five
// at most. When a sixth comes the second-oldest goes, so that the first touch
// survives.
func AddTouch(value, token string) string {
	added, err := ParseToken(token)
	if err != nil {
		return value
	}
	var kept []string
	for _, old := range Touches(value) {
		if t, _ := ParseToken(old); t.Link != added.Link {
			kept = append(kept, old)
		}
	}
	kept = append(kept, token)
	if n := len(kept); n > maxTouches {
		kept = append(kept[:1], kept[n-maxTouches+1:]...)
	}
	return strings.Join(kept, touchSeparator)
}

// CookieAge is how long the browser keeps the cookie: the window, but no
// longer than browsers allow.
func CookieAge(window time.Duration) time.Duration { return min(window, maxCookieAge) }

// CookieDomain is the cookie's Domain: the domain that the link's host and the
// program's site have in common, or "" (only the link's host) when the link's
// host is elsewhere. Hosts may carry a port.
func CookieDomain(linkHost, siteHost string) string {
	lnk, site := hostname(linkHost), hostname(siteHost)
	if _, err := netip.ParseAddr(lnk); err == nil {
		return ""
	}
	domain, err := publicsuffix.EffectiveTLDPlusOne(site)
	if err != nil || (lnk != domain && !strings.HasSuffix(lnk, "."+domain)) {
		return ""
	}
	return domain
}

func hostname(host string) string {
	host = strings.ToLower(host)
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.TrimSuffix(strings.Trim(host, "[]"), ".")
}
