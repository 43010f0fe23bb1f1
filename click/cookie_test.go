package click_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/internal/id"
)

func TestCookieHoldsFiveTouches(t *testing.T) {
	t.Parallel()
	r := ring(t)
	var links []id.Link
	var tokens []string
	for i := range 7 {
		links = append(links, id.New[id.Link](now.Add(time.Duration(i)*time.Second)))
		tokens = append(tokens, mint(t, r, links[i], now))
	}
	value := "foreign.rubbish"
	for _, tok := range tokens[:5] {
		value = click.AddTouch(value, tok)
	}
	if diff := cmp.Diff(click.Touches(value), tokens[:5]); diff != "" {
		t.Errorf("five (got, want): %s", diff)
	}
	value = click.AddTouch(value, tokens[5])
	if diff := cmp.Diff(click.Touches(value), []string{tokens[0], tokens[2], tokens[3], tokens[4], tokens[5]}); diff != "" {
		t.Errorf("a sixth (got, want): %s", diff)
	}
	again := mint(t, r, links[3], now.Add(time.Hour))
	value = click.AddTouch(value, again)
	if diff := cmp.Diff(click.Touches(value), []string{tokens[0], tokens[2], tokens[4], tokens[5], again}); diff != "" {
		t.Errorf("one link again (got, want): %s", diff)
	}
	if got := click.AddTouch(value, "rubbish"); got != value {
		t.Errorf("rubbish was added: %s", got)
	}
	if strings.ContainsAny(value, " \",;\\=") || len(value) > 400 {
		t.Errorf("value %q needs quoting or is long", value)
	}
}

func TestCookieDomain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ link, site, want string }{
		{"go.merchant.com", "merchant.com", "merchant.com"},
		{"go.merchant.com", "www.merchant.com", "merchant.com"},
		{"GO.Merchant.com:8081", "www.merchant.com:443", "merchant.com"},
		{"merchant.com", "www.merchant.com", "merchant.com"},
		{"go.merchant.co.uk", "shop.merchant.co.uk", "merchant.co.uk"},
		{"go.shop.localhost:8081", "www.shop.localhost:8082", "shop.localhost"},
		{"evilmerchant.com", "merchant.com", ""},
		{"jane.github.io", "merchant.github.io", ""},
		{"links.example", "merchant.com", ""},
		{"127.0.0.1:8081", "127.0.0.1:8082", ""},
		{"localhost:8081", "localhost:8082", ""},
	} {
		if got := click.CookieDomain(tc.link, tc.site); got != tc.want {
			t.Errorf("link %s, site %s: got %q, want %q", tc.link, tc.site, got, tc.want)
		}
	}
	if got := click.CookieAge(1000 * 24 * time.Hour); got != 400*24*time.Hour {
		t.Errorf("age %s, want 400 days", got)
	}
}
