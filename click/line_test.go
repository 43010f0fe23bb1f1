package click

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tributary.example/internal/id"
)

// TestLineIsWhatTheLibraryWrites: the journal is read as JSON, so a line is
// what encoding/json would have written.
func TestLineIsWhatTheLibraryWrites(t *testing.T) {
	t.Parallel()
	texts := rapid.OneOf(rapid.SampledFrom([]string{"", "plain", `a"b\c`, "<&>", "tab\t", "\u2028", "ü…", "\xff", "\x7f"}), rapid.String())
	maps := rapid.MapOfN(texts, texts, -1, 3)
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 4e12).Draw(t, "at")).UTC()
		c := Click{
			ID: id.New[id.Click](at), At: at, Program: id.New[id.Program](at), Link: id.New[id.Link](at), Affiliate: id.New[id.Affiliate](at),
			Reason: Reason(texts.Draw(t, "reason")), Day: rapid.Int64().Draw(t, "day"), Visitor: texts.Draw(t, "visitor"),
			Network: texts.Draw(t, "network"), Country: texts.Draw(t, "country"), Device: texts.Draw(t, "device"),
			Browser: texts.Draw(t, "browser"), OS: texts.Draw(t, "os"), Language: texts.Draw(t, "language"),
			Referrer: texts.Draw(t, "referrer"), Landing: texts.Draw(t, "landing"), Agent: texts.Draw(t, "agent"),
			Subs: maps.Draw(t, "subs"), UTM: maps.Draw(t, "utm"), QR: rapid.Bool().Draw(t, "qr"), Lists: texts.Draw(t, "lists"),
		}
		if diff := cmp.Diff(string(appendClick(nil, &c)), string(encode(line{Click: &c}))); diff != "" {
			t.Errorf("(got, want): %s", diff)
		}
	})
}

// counting judges every agent by its length, and counts how often it is asked.
type counting struct{ asked *int }

func (c counting) Agent(agent string) Agent  { *c.asked++; return Agent{Browser: agent} }
func (c counting) Preview(agent string) bool { return len(agent)%2 == 1 }
func (c counting) Version() string           { return "counting" }

func TestRememberedListsSayTheSame(t *testing.T) {
	t.Parallel()
	asked := 0
	lists := Remember(counting{&asked})
	long := strings.Repeat("x", maxText+1)
	for i, agent := range []string{"a", "bb", "a", long, "bb", long} {
		if got, want := lists.Agent(agent), (Agent{Browser: agent}); got != want {
			t.Errorf("%d: got %v, want %v", i, got, want)
		}
		if got, want := lists.Preview(agent), len(agent)%2 == 1; got != want {
			t.Errorf("%d: got %v, want %v", i, got, want)
		}
	}
	if asked != 2+4 { // what is too long to keep is asked for each time
		t.Errorf("asked %d times", asked)
	}
	// A generation more, and the first are still known because they were seen.
	asked = 0
	for i := range maxRemembered {
		lists.Agent(strings.Repeat("y", i%500+1) + time.Unix(int64(i), 0).String())
	}
	lists.Agent("a")
	if asked != maxRemembered {
		t.Errorf("asked %d times, want %d", asked, maxRemembered)
	}
	if lists.Version() != "counting" {
		t.Error("another version")
	}
}

func TestVisitorIsTheSameWhenReady(t *testing.T) {
	t.Parallel()
	s := Salt{Secret: []byte("salt")}
	addr := netip.MustParseAddr("203.0.113.7")
	ready := s.Ready()
	for range 3 {
		if got, want := ready.Visitor(addr, "agent"), s.Visitor(addr, "agent"); got != want || len(got) != 22 {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if ready.Visitor(addr, "other") == s.Visitor(addr, "agent") {
		t.Error("two agents are one visitor")
	}
}

func BenchmarkAppendClick(b *testing.B) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	c := Click{
		ID: id.New[id.Click](at), At: at, Program: id.New[id.Program](at), Link: id.New[id.Link](at), Affiliate: id.New[id.Affiliate](at),
		Day: 20514, Visitor: "0123456789012345678901", Network: "203.0.113.0/24", Device: "desktop", Browser: "Firefox", OS: "Linux",
		Language: "de", Referrer: "news.example/a", Landing: "/pricing", Agent: strings.Repeat("Mozilla/5.0 ", 9), Lists: "own-1",
	}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = AppendClick(buf[:0], c)
	}
}
