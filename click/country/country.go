// Package country says in which country an address is, by a file that the
// operator brings.
//
// Nouns: File.
//
// Invariants:
//  1. An address that the file does not know has no country; that is never an
//     error for the visitor.
//  2. Nothing is asked of anybody: the file is all there is.
//
// It owns no tables. It must not know HTTP.
package country

import (
	"net/netip"

	"github.com/oschwald/maxminddb-golang/v2"

	"tributary.example/internal/fault"
)

// File is an open database in MaxMind's format, such as GeoLite2-Country,
// GeoIP2-City or DB-IP's. Many goroutines may use it. The file must not be
// changed in place while it is open; put another in its place and restart.
type File struct{ db *maxminddb.Reader }

// paths are where such databases have the code of ISO 3166-1: MaxMind's and
// DB-IP's, and IPinfo's.
var paths = [][]any{{"country", "iso_code"}, {"country_code"}}

// Open opens the file. Kinds: Invalid.
func Open(name string) (*File, error) {
	db, err := maxminddb.Open(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "The file of countries %s cannot be read.", name).Because(err).
			Hint("It is a database in MaxMind's format, such as GeoLite2-Country.mmdb.")
	}
	return &File{db}, nil
}

// Country is the two letters of an address's country, or "".
func (f *File) Country(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	found := f.db.Lookup(addr.Unmap())
	if !found.Found() {
		return ""
	}
	for _, path := range paths {
		var code string
		if err := found.DecodePath(&code, path...); err == nil && isCode(code) {
			return code
		}
	}
	return ""
}

// Close closes the file; nobody may ask it afterwards.
func (f *File) Close() error { return f.db.Close() }

func isCode(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}
