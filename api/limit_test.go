package api

import (
	"net/netip"
	"testing"
	"time"

	"tributary.example/access"
)

// TestTryingCodesOutIsSlow guesses for an hour, as fast as it is let.
func TestTryingCodesOutIsSlow(t *testing.T) {
	t.Parallel()
	l, address := newLimits(), netip.MustParseAddr("203.0.113.7")
	page := access.Key{ID: "key_page", Kind: access.Publishable}
	server := access.Key{ID: "key_server", Kind: access.Secret}
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	guesses := 0
	for range 3600 {
		if ok, _ := l.call(page, address, now); ok {
			l.guessed(page, address, now)
			guesses++
		}
		if ok, _ := l.call(server, address, now); !ok {
			t.Fatal("a server waits for a page")
		}
		l.guessed(server, address, now)
		now = now.Add(time.Second)
	}
	if most := pageBurst/(missCosts+1) + 3600/(missCosts+1) + 1; guesses > most {
		t.Errorf("%d guesses in an hour, want at most %d", guesses, most)
	}
}
