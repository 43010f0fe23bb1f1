package country_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"tributary.example/click/country"
	"tributary.example/internal/fault"
)

// The values of MaxMind's format that the test's file needs, short ones only
// (https://maxmind.github.io/MaxMind-DB/).
func word(s string) []byte           { return append([]byte{2<<5 | byte(len(s))}, s...) }
func number16(n int) []byte          { return []byte{5<<5 | 2, byte(n >> 8), byte(n)} }
func number32(n int) []byte          { return []byte{6<<5 | 4, 0, 0, byte(n >> 8), byte(n)} }
func number64(n int) []byte          { return []byte{2, 9 - 7, byte(n >> 8), byte(n)} }
func list(values ...[]byte) []byte   { return join([]byte{byte(len(values)), 11 - 7}, values) }
func table(of string, v []byte) pair { return pair{of, v} }

type pair struct {
	key   string
	value []byte
}

func object(pairs ...pair) []byte {
	b := []byte{7<<5 | byte(len(pairs))}
	for _, p := range pairs {
		b = append(append(b, word(p.key)...), p.value...)
	}
	return b
}

func join(b []byte, values [][]byte) []byte {
	for _, v := range values {
		b = append(b, v...)
	}
	return b
}

// write makes a database with a value for each network.
func write(t *testing.T, networks map[string][]byte) string {
	t.Helper()
	const none = -1
	tree := [][2]int{{none, none}}
	var data []byte
	for network, value := range networks {
		p := netip.MustParsePrefix(network)
		addr, bits := p.Addr().As16(), p.Bits()
		if p.Addr().Is4() { // in the tree they lie at ::/96
			v4 := p.Addr().As4()
			addr, bits = [16]byte{12: v4[0], 13: v4[1], 14: v4[2], 15: v4[3]}, bits+96
		}
		at := 0
		for i := range bits {
			next := &tree[at][addr[i/8]>>(7-i%8)&1]
			if i == bits-1 {
				*next = -2 - len(data) // a leaf
				break
			}
			if *next == none {
				*next = len(tree)
				to := *next
				tree = append(tree, [2]int{none, none})
				at = to
				continue
			}
			at = *next
		}
		data = append(data, value...)
	}
	var b []byte
	for _, node := range tree {
		for _, to := range node {
			switch {
			case to == none:
				to = len(tree)
			case to < none:
				to = len(tree) + 16 + (-2 - to)
			}
			b = append(b, byte(to>>16), byte(to>>8), byte(to))
		}
	}
	b = append(append(b, make([]byte, 16)...), data...)
	b = append(append(b, "\xAB\xCD\xEFMaxMind.com"...), object(
		table("node_count", number32(len(tree))), table("record_size", number16(24)), table("ip_version", number16(6)),
		table("database_type", word("Test")), table("languages", list(word("en"))),
		table("binary_format_major_version", number16(2)), table("binary_format_minor_version", number16(0)),
		table("build_epoch", number64(1)), table("description", object(table("en", word("test")))),
	)...)
	name := filepath.Join(t.TempDir(), "countries.mmdb")
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestCountry(t *testing.T) {
	t.Parallel()
	f, err := country.Open(write(t, map[string][]byte{
		"203.0.113.0/24":  object(table("country", object(table("iso_code", word("AT"))))),
		"2001:db8:1::/48": object(table("country", object(table("iso_code", word("DE"))))),
		"198.51.100.0/24": object(table("country_code", word("FR"))),
		"192.0.2.0/25":    object(table("continent", object(table("code", word("EU"))))),
		"192.0.2.128/25":  object(table("country_code", word("=1"))),
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for addr, want := range map[string]string{
		"203.0.113.7": "AT", "::ffff:203.0.113.7": "AT", "2001:db8:1::9": "DE", "198.51.100.1": "FR",
		"192.0.2.1": "", "192.0.2.200": "", "10.0.0.1": "", "2001:db8:2::1": "", "fe80::1%eth0": "",
	} {
		if got := f.Country(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %q, want %q", addr, got, want)
		}
	}
	if got := f.Country(netip.Addr{}); got != "" {
		t.Errorf("no address: got %q", got)
	}
}

func TestWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "countries.csv")
	if err := os.WriteFile(name, []byte("AT;Austria\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{name, name + ".mmdb"} {
		if _, err := country.Open(name); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
}
