// Package clicktest is the suite that every click store passes.
//
// Nouns: Suite.
//
// Invariants:
//  1. It uses the seam click.Store only, so that it says the same of each.
//
// It owns no tables and is imported by tests only.
package clicktest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// At is the time of the suite's clicks.
var At = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)

// Program, Link and Affiliate are those of the suite's clicks.
var (
	Program   = id.New[id.Program](At)
	Link      = id.New[id.Link](At)
	Affiliate = id.New[id.Affiliate](At)
)

var place = click.Place{Consumer: "store", Stream: "CLICKS", Created: At}

// Click is a click of a visitor, at a time after At.
func Click(visitor string, after time.Duration) click.Click {
	clk := id.New[id.Click](At.Add(after))
	return click.Click{
		ID: clk, At: id.TimeOf(clk), Program: Program, Link: Link, Affiliate: Affiliate, Day: 20514, Visitor: visitor,
		Network: "203.0.113.0/24", Device: "desktop", Browser: "Firefox", OS: "Linux", Language: "de", Referrer: "news.example/a",
		Landing: "/pricing", Agent: "Mozilla/5.0", Subs: map[string]string{"sub1": "mail"}, UTM: map[string]string{"utm_source": "x"},
		QR: true, Lists: "own-1",
	}
}

// Frame is a frame of clicks.
func Frame(clicks ...click.Click) click.Frame {
	return click.Frame{ID: id.New[id.Frame](At), Clicks: clicks}
}

// Suite runs all cases, each on a store of its own.
func Suite(t *testing.T, open func(t *testing.T) click.Store) {
	t.Run("a click is kept whole", func(t *testing.T) { keptWhole(t, open(t)) })
	t.Run("a frame is stored once", func(t *testing.T) { storedOnce(t, open(t)) })
	t.Run("a position moves by compare-and-set", func(t *testing.T) { positions(t, open(t)) })
	t.Run("gaps are kept", func(t *testing.T) { gaps(t, open(t)) })
	t.Run("pages, filters and programs", func(t *testing.T) { pages(t, open(t)) })
}

func save(t *testing.T, s click.Store, from, to uint64, frames ...click.Frame) click.Saved {
	t.Helper()
	saved, err := s.Save(t.Context(), click.Batch{Place: place, From: from, To: to, Frames: frames})
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

func keptWhole(t *testing.T, s click.Store) {
	want := Click("v1", time.Second)
	save(t, s, 0, 1, Frame(want))
	got, ok, err := s.Lookup(t.Context(), Program, want.ID)
	if err != nil || !ok {
		t.Fatalf("lookup: %v, %v", ok, err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
	if _, ok, err := s.Lookup(t.Context(), id.New[id.Program](At), want.ID); ok || err != nil {
		t.Errorf("another program sees the click: %v, %v", ok, err)
	}
}

func storedOnce(t *testing.T, s click.Store) {
	frame := Frame(Click("v1", 0), Click("v2", 1))
	if held, err := s.Holds(t.Context(), frame.ID); held || err != nil {
		t.Errorf("a frame is held before it is stored: %v, %v", held, err)
	}
	if got := save(t, s, 0, 1, frame, frame); got != (click.Saved{Frames: 1, Clicks: 2}) {
		t.Errorf("the same frame twice in a batch: %+v", got)
	}
	if got := save(t, s, 1, 2, frame, Frame(Click("v3", 2))); got != (click.Saved{Frames: 1, Clicks: 1}) {
		t.Errorf("the same frame in the next batch: %+v", got)
	}
	if held, err := s.Holds(t.Context(), frame.ID); !held || err != nil {
		t.Errorf("a stored frame is not held: %v, %v", held, err)
	}
	all, err := s.List(t.Context(), Program, click.Filter{})
	if err != nil || len(all) != 3 {
		t.Errorf("%d clicks, %v, want 3", len(all), err)
	}
}

func positions(t *testing.T, s click.Store) {
	if _, begun, err := s.Position(t.Context(), place); begun || err != nil {
		t.Errorf("begun %v, %v", begun, err)
	}
	save(t, s, 0, 3)
	for _, from := range []uint64{0, 2} {
		lost := Frame(Click("v1", 0))
		_, err := s.Save(t.Context(), click.Batch{Place: place, From: from, To: 9, Frames: []click.Frame{lost}})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("from %d: got %v, want a conflict", from, err)
		}
		if _, ok, _ := s.Lookup(t.Context(), Program, lost.Clicks[0].ID); ok {
			t.Errorf("from %d: the rows of a refused batch were kept", from)
		}
	}
	if seq, begun, err := s.Position(t.Context(), place); seq != 3 || !begun || err != nil {
		t.Errorf("position %d, %v, %v, want 3", seq, begun, err)
	}
	anew := place
	anew.Created = At.Add(time.Hour)
	if _, begun, err := s.Position(t.Context(), anew); begun || err != nil {
		t.Errorf("a stream made anew has begun: %v, %v", begun, err)
	}
}

func gaps(t *testing.T, s click.Store) {
	_, err := s.Save(t.Context(), click.Batch{Place: place, To: 9, Gaps: []click.Gap{{First: 1, Last: 4}, {First: 7, Last: 7}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Gaps(t.Context(), place)
	if err != nil {
		t.Fatal(err)
	}
	var spans []string
	for _, g := range got {
		spans = append(spans, fmt.Sprintf("%d-%d %v", g.First, g.Last, g.NoticedAt.IsZero()))
	}
	if diff := cmp.Diff(spans, []string{"1-4 false", "7-7 false"}); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
}

func pages(t *testing.T, s click.Store) {
	a, b, c := Click("v1", time.Second), Click("v2", 2*time.Second), Click("v3", 3*time.Second)
	b.Affiliate, c.Link = id.New[id.Affiliate](At), id.New[id.Link](At)
	other := Click("v4", 4*time.Second)
	other.Program = id.New[id.Program](At)
	save(t, s, 0, 1, Frame(b, a, other, c))
	for name, tc := range map[string]struct {
		filter click.Filter
		want   []id.Click
	}{
		"all, newest first": {click.Filter{}, []id.Click{c.ID, b.ID, a.ID}},
		"a page":            {click.Filter{Limit: 1}, []id.Click{c.ID}},
		"the next page":     {click.Filter{Limit: 1, Before: c.ID}, []id.Click{b.ID}},
		"of an affiliate":   {click.Filter{Affiliate: Affiliate}, []id.Click{c.ID, a.ID}},
		"of a link":         {click.Filter{Link: Link}, []id.Click{b.ID, a.ID}},
	} {
		got, err := s.List(t.Context(), Program, tc.filter)
		if err != nil {
			t.Fatal(err)
		}
		var ids []id.Click
		for _, one := range got {
			ids = append(ids, one.ID)
		}
		if diff := cmp.Diff(ids, tc.want); diff != "" {
			t.Errorf("%s (got, want): %s", name, diff)
		}
	}
}
