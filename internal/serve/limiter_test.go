package serve

import (
	"fmt"
	"testing"
	"time"
)

// A flood of addresses does not grow the memory without end, and does not free
// a key that is being held back while there is room for it.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	l := NewLimiter(1, time.Minute)
	l.most = 100
	for i := range 1000 {
		l.Allow(fmt.Sprint("early ", i), now)
		if len(l.next) > l.most {
			t.Fatalf("%d keys are kept, want at most %d", len(l.next), l.most)
		}
	}
	now = now.Add(time.Hour)
	if ok, _ := l.Allow("held", now); !ok {
		t.Fatal("the first turn was refused")
	}
	for i := range 98 {
		l.Allow(fmt.Sprint("late ", i), now)
	}
	if ok, _ := l.Allow("held", now); ok {
		t.Error("the flood freed a key that had no turn left")
	}
}

// What is charged is waited for, also by who has no turn left.
func TestLimiterCharges(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	l := NewLimiter(3, time.Second)
	l.Charge("a", 5, now)
	if ok, wait := l.Allow("a", now); ok || wait != 3*time.Second {
		t.Errorf("got %v and %s, want a refusal for 3s", ok, wait)
	}
	now = now.Add(3 * time.Second)
	turns := 0
	for range 60 {
		if ok, _ := l.Allow("a", now); ok {
			l.Charge("a", 5, now)
			turns++
		}
		now = now.Add(time.Second)
	}
	if turns != 10 {
		t.Errorf("%d turns in a minute, want 10 at six seconds each", turns)
	}
	if ok, _ := l.Allow("b", now); !ok {
		t.Error("another key pays for the first")
	}
}

// A memory full of busy keys is not looked through for each new one.
func TestLimiterMakesRoom(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for idle, want := range map[int]int{5: 1, 20: 81} {
		l := NewLimiter(1, time.Minute)
		l.most = 100
		for i := range 100 {
			at := now
			if i < idle {
				at = now.Add(-time.Minute)
			}
			l.Allow(fmt.Sprint(i), at)
		}
		l.Allow("one more", now)
		if len(l.next) != want {
			t.Errorf("%d of 100 were idle: %d are kept, want %d", idle, len(l.next), want)
		}
	}
}
