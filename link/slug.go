package link

import (
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"tributary.example/internal/fault"
)

// Slug is the last part of a link's address in its canonical, lower-case form.
type Slug string

const (
	minSlug = 3
	maxSlug = 64
)

var slugForm = regexp.MustCompile(`^[a-z0-9_-]{3,64}$`)

// reserved are paths of the edge's own, and names that would mislead.
var reserved = map[Slug]bool{
	"t-js": true, "healthz": true, "robots": true, "favicon": true, "visit": true, "qr": true, "well-known": true,
	"admin": true, "api": true, "login": true, "static": true, "metrics": true, "tributary": true, "www": true,
}

// ParseSlug reads a slug: 3 to 64 of a–z, 0–9, hyphen and underscore, in any
// case, and no reserved word. Kinds: Invalid.
func ParseSlug(s string) (Slug, error) {
	slug := Slug(strings.ToLower(strings.TrimSpace(s)))
	if !slugForm.MatchString(string(slug)) {
		return "", fault.New(fault.Invalid, "%s cannot be the ending of a link.", s).Field("slug").
			Hint("Use %s to %s letters, digits, hyphens and underscores.", minSlug, maxSlug)
	}
	if reserved[slug] {
		return "", fault.New(fault.Invalid, "%s is reserved.", string(slug)).Field("slug").Hint("Choose another ending.")
	}
	return slug, nil
}

// SlugOf makes a slug from a name: its letters without accents, hyphens for
// all else. A name that leaves too little becomes "link".
func SlugOf(name string) Slug {
	var b strings.Builder
	for _, r := range strings.ToLower(norm.NFKD.String(name)) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			b.WriteRune(r)
		case r >= 0x300 && r <= 0x36f: // accents, split off by NFKD
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() >= 24 {
			break
		}
	}
	slug := Slug(strings.Trim(b.String(), "-"))
	if len(slug) < minSlug || reserved[slug] {
		return "link"
	}
	return slug
}
