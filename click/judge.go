package click

import (
	"hash/maphash"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"tributary.example/internal/id"
)

// World is what the steps know besides the visit.
type World struct {
	Lists   Lists
	Blocked []netip.Prefix // networks on the operator's list
	Salt    Salt           // of the visit's local day
	Repeats *Repeats       // nil: nothing is a repeat
}

// Verdict is what the steps found.
type Verdict struct {
	Reason  Reason
	Visitor string // hash; "" when an earlier step dropped the visit
	Agent   Agent
}

// step enriches the verdict or drops the visit.
type step struct {
	name  string
	judge func(*Visit, *World, *Verdict) Reason
}

// steps are the pipeline, in order. A step that finds a reason that mints no
// token ends it; a reason that only leaves the visit out of the count stands
// unless a later step finds a stronger one. Preview stands before bot, because
// most preview fetchers are on both lists and their own word says more.
var steps = []step{
	{"head", func(v *Visit, _ *World, _ *Verdict) Reason { return when(v.Method == "HEAD", Head) }},
	{"prefetch", func(v *Visit, _ *World, _ *Verdict) Reason { return when(ahead(v.Purposes), Prefetch) }},
	{"not_navigation", func(v *Visit, _ *World, _ *Verdict) Reason { return when(!navigates(v), NotNavigation) }},
	{"preview", func(v *Visit, w *World, _ *Verdict) Reason { return when(w.Lists.Preview(v.Agent), Preview) }},
	{"agent", func(v *Visit, w *World, out *Verdict) Reason { out.Agent = w.Lists.Agent(v.Agent); return Counted }},
	{"bot", func(_ *Visit, _ *World, out *Verdict) Reason { return when(out.Agent.Bot, Bot) }},
	{"blocked_net", func(v *Visit, w *World, _ *Verdict) Reason { return when(blocked(v.Addr, w.Blocked), BlockedNet) }},
	{"paused", func(v *Visit, _ *World, _ *Verdict) Reason { return when(!v.LinkWorks, Paused) }},
	{"suspended", func(v *Visit, _ *World, _ *Verdict) Reason { return when(!v.AffiliateCounts, Suspended) }},
	{"visitor", func(v *Visit, w *World, out *Verdict) Reason {
		out.Visitor = w.Salt.Visitor(v.Addr, v.Agent)
		return Counted
	}},
	{"repeat", repeats},
}

// Judge runs a visit through the steps.
func Judge(v Visit, w World) Verdict {
	var out Verdict
	for _, s := range steps {
		reason := s.judge(&v, &w, &out)
		if reason == Counted {
			continue
		}
		if !reason.Mints() || out.Reason == Counted {
			out.Reason = reason
		}
		if !reason.Mints() {
			break
		}
	}
	return out
}

// Click is the click of a judged visit that mints; its id and time come with
// the token.
func (v Visit) Click(out Verdict, clk id.Click, w World) Click {
	c := Click{
		ID: clk, At: id.TimeOf(clk), Program: v.Program, Link: v.Link, Affiliate: v.Affiliate, Reason: out.Reason,
		Day: w.Salt.Day, Visitor: out.Visitor, Network: Network(v.Addr), Country: v.Country,
		Device: out.Agent.Device, Browser: out.Agent.Browser, OS: out.Agent.OS, Language: firstLanguage(v.Language),
		Referrer: hostAndPath(v.Referrer), Landing: v.Landing, Agent: v.Agent, Subs: v.Subs, UTM: v.UTM, QR: v.QR,
		Lists: w.Lists.Version(),
	}
	c.limit()
	return c
}

func when(yes bool, r Reason) Reason {
	if yes {
		return r
	}
	return Counted
}

// ahead reports whether a browser said that it loads ahead. The value is a
// list with parameters, such as "prefetch;prerender".
func ahead(purposes []string) bool {
	for _, p := range purposes {
		p = strings.ToLower(p)
		if strings.Contains(p, "prefetch") || strings.Contains(p, "prerender") {
			return true
		}
	}
	return false
}

// navigates reports whether a visitor goes to the link's page. Browsers that
// do not say count as if they did; a landing is told by a script and never
// says so.
func navigates(v *Visit) bool {
	if v.Way != ByRedirect {
		return true
	}
	return (v.FetchDest == "" || v.FetchDest == "document") && (v.FetchMode == "" || v.FetchMode == "navigate")
}

func blocked(addr netip.Addr, nets []netip.Prefix) bool {
	addr = addr.Unmap()
	return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func repeats(v *Visit, w *World, out *Verdict) Reason {
	if w.Repeats == nil {
		return Counted
	}
	return when(w.Repeats.Seen(out.Visitor, v.Link, v.At), Repeat)
}

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
	key := maphash.String(r.seed, visitor) ^ bits.RotateLeft64(maphash.String(r.seed, string(lnk)), 1)
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
