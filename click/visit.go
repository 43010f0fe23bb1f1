package click

import (
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"tributary.example/internal/id"
)

// Way is how a visit came to us.
type Way string

// The ways.
const (
	ByRedirect Way = "redirect" // the browser asked for the link's address
	ByLanding  Way = "landing"  // our script told of a page opened with the link's name
)

// Visit is one hit on a link, as the edge saw it.
type Visit struct {
	Way       Way
	At        time.Time
	Method    string
	Purposes  []string // Sec-Purpose, Purpose and X-Moz, as sent
	FetchDest string   // Sec-Fetch-Dest
	FetchMode string   // Sec-Fetch-Mode
	Agent     string   // User-Agent
	Language  string   // Accept-Language
	Referrer  string
	Landing   string // path on the merchant's site
	Addr      netip.Addr
	Country   string
	Subs      map[string]string
	UTM       map[string]string
	QR        bool

	Program   id.Program
	Link      id.Link
	Affiliate id.Affiliate
	// LinkWorks is false for a paused or retired link, AffiliateCounts for an
	// affiliate who is not active.
	LinkWorks, AffiliateCounts bool
}

// The most that is kept of a click's texts, in bytes.
const (
	maxText     = 512 // user agent, referrer, landing path
	maxValue    = 100 // sub-ids and UTM
	maxLanguage = 35  // RFC 5646, section 4.4.1
)

// cutMark ends a text that was longer.
const cutMark = "…"

// Cut makes a text of a browser fit to keep: valid UTF-8 without control
// characters (PostgreSQL refuses some), at most max bytes, with a mark where
// it was cut.
func Cut(s string, max int) string {
	if len(s) <= max && printable(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return -1
		}
		return r
	}, s)
	if len(s) <= max {
		return s
	}
	end := max - len(cutMark)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + cutMark
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// limit cuts all texts of a click to what is kept.
func (c *Click) limit() {
	c.Agent, c.Referrer, c.Landing = Cut(c.Agent, maxText), Cut(c.Referrer, maxText), Cut(c.Landing, maxText)
	c.Language = Cut(c.Language, maxLanguage)
	c.Subs, c.UTM = limitValues(c.Subs, subNames), limitValues(c.UTM, utmNames)
}

func limitValues(values map[string]string, names []string) map[string]string {
	if len(values) == 0 {
		return nil
	}
	var out map[string]string
	for _, name := range names {
		value := Cut(values[name], maxValue)
		if value == "" {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = value
	}
	return out
}

// The names of sub-ids and UTM parameters that are kept with a click.
var (
	subNames = []string{"sub1", "sub2", "sub3", "sub4", "sub5"}
	utmNames = []string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"}
)

// IsSub reports whether a parameter is a sub-id.
func IsSub(name string) bool {
	return len(name) == 4 && name[:3] == "sub" && name[3] >= '1' && name[3] <= '5'
}

// IsUTM reports whether a parameter is passed on to the destination: any whose
// name begins with utm_.
func IsUTM(name string) bool { return strings.HasPrefix(name, "utm_") }

// hostAndPath is what is kept of a referrer: never its query.
func hostAndPath(referrer string) string {
	u, err := url.Parse(referrer)
	if err != nil || u.Host == "" {
		return ""
	}
	return strings.ToLower(u.Host) + u.EscapedPath()
}

// firstLanguage is the first tag of an Accept-Language header.
func firstLanguage(header string) string {
	tag, _, _ := strings.Cut(header, ",")
	tag, _, _ = strings.Cut(tag, ";")
	tag = strings.TrimSpace(tag)
	for _, r := range tag {
		if r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return ""
		}
	}
	return tag
}
