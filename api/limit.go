package api

import (
	"context"
	"net/netip"
	"time"

	"tributary.example/access"
	"tributary.example/internal/fault"
	"tributary.example/internal/serve"
)

// limits bound how often one may knock. They are far above what a merchant's
// server needs, and count per process.
type limits struct {
	secret  *serve.Limiter // per secret key
	page    *serve.Limiter // per publishable key and address
	unknown *serve.Limiter // per address, wrong keys only
}

const (
	secretBurst, secretEvery   = 2000, time.Millisecond
	pageBurst, pageEvery       = 30, time.Second
	unknownBurst, unknownEvery = 30, 2 * time.Second

	// missCosts is how many further turns a page loses by a code that does not
	// exist: trying codes out takes six seconds each.
	missCosts = 5
)

func newLimits() limits {
	return limits{
		secret: serve.NewLimiter(secretBurst, secretEvery), page: serve.NewLimiter(pageBurst, pageEvery),
		unknown: serve.NewLimiter(unknownBurst, unknownEvery),
	}
}

// call takes a turn for a call with a key.
func (l limits) call(key access.Key, address netip.Addr, now time.Time) (ok bool, wait time.Duration) {
	if key.Kind == access.Publishable {
		return l.page.Allow(string(key.ID)+" "+serve.LimitKey(address), now)
	}
	return l.secret.Allow(string(key.ID), now)
}

// guessed notes that a page asked for a code that does not exist.
func (l limits) guessed(key access.Key, address netip.Addr, now time.Time) {
	if key.Kind != access.Publishable {
		return
	}
	l.page.Charge(string(key.ID)+" "+serve.LimitKey(address), missCosts, now)
}

func tooMany(ctx context.Context, wait time.Duration) error {
	p := problemOf(ctx, fault.New(fault.TooMany, "Too many requests.").Hint("Wait as long as Retry-After says, then try again."))
	p.retryAfter(wait)
	return p
}
