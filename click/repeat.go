package click

import (
	"hash/maphash"
	"sync"
	"time"

	"tributary.example/internal/id"
)

// RepeatSpan is how long a second hit of a visitor on a link is a repeat.
const RepeatSpan = 30 * time.Second

// maxRepeats bounds a generation of the memory: about 50 MB.
const maxRepeats = 1 << 20

// Repeats remembers who clicked what within the last 30 seconds. Many
// goroutines may use it. When more come than it holds it forgets early: then a
// repeat counts as a click, and nobody waits.
type Repeats struct {
	mu        sync.Mutex
	seed      maphash.Seed
	turned    time.Time
	now, past map[uint64]int64 // hash → microseconds of the counted hit
}

// NewRepeats is an empty memory.
func NewRepeats() *Repeats {
	return &Repeats{seed: maphash.MakeSeed(), now: map[uint64]int64{}, past: map[uint64]int64{}}
}

// Seen reports whether the visitor's last counted hit on the link was less
// than 30 seconds before; else it remembers this one.
func (r *Repeats) Seen(visitor string, lnk id.Link, at time.Time) bool {
	key := maphash.String(r.seed, visitor+"\x00"+string(lnk))
	r.mu.Lock()
	defer r.mu.Unlock()
	if at.Sub(r.turned) >= RepeatSpan || len(r.now) >= maxRepeats {
		r.turned, r.past, r.now = at, r.now, make(map[uint64]int64, len(r.now)/2)
	}
	last, ok := r.now[key]
	if !ok {
		last, ok = r.past[key]
	}
	if ok && at.Sub(time.UnixMicro(last)) < RepeatSpan {
		return true
	}
	r.now[key] = at.UnixMicro()
	return false
}
