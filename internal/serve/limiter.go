package serve

import (
	"net/netip"
	"sync"
	"time"
)

// Limiter lets each key do something at a steady rate with a burst, by the
// generic cell rate algorithm (ITU-T I.371): per key it keeps one time, the
// earliest at which a steady stream would have its next turn.
type Limiter struct {
	every time.Duration // between two turns of a steady stream
	slack time.Duration // how far a burst may run ahead
	most  int           // keys kept

	mu   sync.Mutex
	next map[string]time.Time
}

// limiterKeys bounds a limiter's memory, at about 100 bytes a key.
const limiterKeys = 100_000

// NewLimiter allows burst turns at once and one more each span. Both are
// positive.
func NewLimiter(burst int, every time.Duration) *Limiter {
	return &Limiter{every: every, slack: time.Duration(burst-1) * every, most: limiterKeys, next: map[string]time.Time{}}
}

// Allow takes a turn for the key, or says how long to wait for one.
func (l *Limiter) Allow(key string, now time.Time) (ok bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	due := l.next[key]
	if due.Before(now) {
		due = now
	}
	if ahead := due.Sub(now); ahead > l.slack {
		return false, ahead - l.slack
	}
	if len(l.next) >= l.most {
		l.forget(now)
	}
	l.next[key] = due.Add(l.every)
	return true, 0
}

// Charge takes turns for the key without asking, after one that Allow gave:
// what was asked for has cost more than it seemed.
func (l *Limiter) Charge(key string, turns int, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	due := l.next[key]
	if due.Before(now) {
		due = now
	}
	if len(l.next) >= l.most {
		l.forget(now)
	}
	l.next[key] = due.Add(time.Duration(turns) * l.every)
}

// forget drops the keys that have their whole burst again. When hardly any
// have, all are dropped: letting some through is better than growing without
// end, or than looking at all of them for each new one.
func (l *Limiter) forget(now time.Time) {
	for key, due := range l.next {
		if !due.After(now) {
			delete(l.next, key)
		}
	}
	if len(l.next) > l.most-l.most/8 {
		clear(l.next)
	}
}

// LimitKey is the key of an address: IPv6 by its /64, because one household
// has that many.
func LimitKey(a netip.Addr) string {
	a = plainAddr(a)
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}
