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
