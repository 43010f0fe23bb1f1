package sim

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/commission"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/secret"
	"tributary.example/ledger"
)

var ctx = context.Background()

// seeds are played in every run of the suite: each was the one that noticed
// when some rule was broken on purpose. SIM=7 plays one, SIM=1000-1200 many.
var seeds = []uint64{1, 2, 5, 6, 12, 20}

func seedsToPlay(t *testing.T) []uint64 {
	t.Helper()
	given := os.Getenv("SIM")
	if given == "" {
		return seeds
	}
	low, high, many := strings.Cut(given, "-")
	if !many {
		high = low
	}
	from, err := strconv.ParseUint(low, 10, 64)
	to, err2 := strconv.ParseUint(high, 10, 64)
	if err != nil || err2 != nil || to < from {
		t.Fatalf("SIM=%s is no seed and no range of seeds", given)
	}
	var all []uint64
	for seed := from; seed <= to; seed++ {
		all = append(all, seed)
	}
	return all
}

// The facts of a history, told in their order to one program, and shuffled,
// late and repeatedly to another: both say the same, and so does the oracle.
func TestOrderRepetitionAndLatenessDoNotMatter(t *testing.T) {
	t.Parallel()
	play := seedsToPlay(t)
	for _, seed := range play {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			through(t, dbtest.OpenSQLite(t), seed)
		})
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		through(t, dbtest.OpenPostgres(t), play[0])
	})
}

func through(t *testing.T, d *dbtest.DB, seed uint64) {
	t.Helper()
	p := newPlay(t, d, seed)
	p.run()
	p.compare("after the facts")
	p.byHand()
	p.compare("after verdicts by hand")
	if !t.Failed() {
		return
	}
	t.Logf("replay with: SIM=%d go test ./sim/\nsettings %+v\nrules %+v", seed, p.Settings, p.Rules)
	for _, f := range p.Facts {
		t.Log(f)
	}
	for _, d := range p.Deeds {
		t.Logf("%+v", d)
	}
}

// play is one history on two books.
type play struct {
	History
	t              *testing.T
	d              *dbtest.DB
	rand           *rand.Rand
	ordered, mixed *Book
	queue          []arrival // by time
}

// arrival is something that happens at a time.
type arrival struct {
	at time.Time
	do func() (again bool)
}

func newPlay(t *testing.T, d *dbtest.DB, seed uint64) *play {
	t.Helper()
	root, err := secret.NewRoot(bytes.Repeat([]byte{5}, 32))
	if err != nil {
		t.Fatal(err)
	}
	p := &play{History: New(seed, dbtest.Epoch), t: t, d: d, rand: rand.New(rand.NewPCG(seed, 11))}
	open := func(slug string) *Book {
		b := &Book{DB: d.DB, Env: flow.Env{Root: root}, Rand: rand.New(rand.NewPCG(seed, 13))}
		if err := b.Open(ctx, slug, p.History); err != nil {
			t.Fatal(err)
		}
		return b
	}
	p.ordered, p.mixed = open("ordered"), open("mixed")
	return p
}

func (p *play) at(at time.Time, do func() (again bool)) {
	p.queue = append(p.queue, arrival{at, do})
}

// run plays everything: what is done here at its own time in both, facts in
// one at their time, in the other whenever they arrive.
func (p *play) run() {
	for _, b := range []*Book{p.ordered, p.mixed} {
		for _, d := range p.Deeds {
			p.at(d.At, func() bool { p.must(b.Do(ctx, d)); return false })
		}
	}
	for _, f := range p.Facts {
		p.at(f.At, func() bool { return p.tell(p.ordered, f) })
		if p.rand.IntN(4) == 0 { // once, and after all the rest
			p.at(p.Until.Add(-time.Duration(p.rand.IntN(50*24))*time.Hour), func() bool { return p.tell(p.mixed, f) })
			continue
		}
		for range 1 + p.rand.IntN(3) {
			p.at(f.At.Add(p.delay()), func() bool { return p.tell(p.mixed, f) })
		}
	}
	for _, b := range []*Book{p.ordered, p.mixed} {
		for at := dbtest.Epoch; at.Before(p.Until); at = at.Add(time.Duration(5+p.rand.IntN(15)) * day) {
			p.at(at, func() bool {
				p.must(b.Release(ctx))
				p.must(b.PayOut(ctx))
				p.nobodyOwesAndIsPaid(b)
				return false
			})
		}
	}
	for len(p.queue) > 0 {
		// Deeds stand before facts of the same moment.
		slices.SortStableFunc(p.queue, func(a, b arrival) int { return a.at.Compare(b.at) })
		next := p.queue[0]
		p.queue = p.queue[1:]
		if now := p.d.Clock.Now(); next.at.After(now) {
			p.d.Clock.Set(next.at)
		}
		if next.do() {
			p.at(next.at.Add(p.delay()+time.Hour), next.do)
		}
	}
	p.seal()
}

// nobodyOwesAndIsPaid looks while the books move; in the end it may be past.
func (p *play) nobodyOwesAndIsPaid(b *Book) {
	p.t.Helper()
	for n, aff := range b.Affs {
		balances, err := commission.Balances(ctx, b.DB, b.Prog.ID, aff)
		p.must(err)
		for _, bal := range balances {
			if bal.Payable > 0 && bal.Clawback > 0 {
				p.t.Errorf("on %s affiliate %d is to be paid %d %s and owes %d", p.d.Clock.Now(), n, bal.Payable, bal.Currency, bal.Clawback)
			}
		}
	}
}

func (p *play) delay() time.Duration {
	switch p.rand.IntN(4) {
	case 0:
		return 0
	case 1:
		return time.Duration(p.rand.IntN(120)) * time.Minute
	case 2:
		return time.Duration(p.rand.IntN(20*24)) * time.Hour
	}
	return time.Duration(p.rand.IntN(150*24)) * time.Hour
}

// tell hands a fact in and reports whether it must be told again later. What
// is told a second time at once posts nothing.
func (p *play) tell(b *Book, f Fact) (again bool) {
	err := b.Tell(ctx, f)
	if fault.Is(err, fault.NotFound) {
		return true
	}
	p.must(err)
	if p.rand.IntN(3) > 0 {
		return false
	}
	before := p.postings(b)
	p.must(b.Tell(ctx, f))
	if after := p.postings(b); after != before {
		p.t.Errorf("told again at once, %s posts %d times", f, after-before)
	}
	return false
}

func (p *play) postings(b *Book) int64 {
	p.t.Helper()
	n, err := db.One(ctx, b.DB, db.Scalar[int64], `select count(*) from ledger_postings where program_id = $1`, b.Prog.ID)
	p.must(err)
	return n
}

func (p *play) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("seed %d at %s: %v", p.Seed, p.d.Clock.Now(), err)
	}
}

func (p *play) seal() {
	p.d.Clock.Advance(day)
	for _, b := range []*Book{p.ordered, p.mixed} {
		for more := true; more; {
			p.must(b.Write(ctx, func(tx *db.Tx) error {
				n, err := ledger.Seal(ctx, tx, b.Prog.ID)
				more = n > 0
				return err
			}))
		}
	}
}

// byHand takes some referrals back, and gives some of them back again.
func (p *play) byHand() {
	for n := range 4 {
		who, back := fmt.Sprintf("c%d", n), p.rand.IntN(2) == 0
		for _, b := range []*Book{p.ordered, p.mixed} {
			p.must(b.Void(ctx, who, false))
			p.must(b.PayOut(ctx))
			if back {
				p.must(b.Void(ctx, who, true))
			}
			p.must(b.Release(ctx))
		}
	}
	p.seal()
}

func (p *play) compare(when string) {
	p.t.Helper()
	ordered, err := p.ordered.Result(ctx)
	p.must(err)
	mixed, err := p.mixed.Result(ctx)
	p.must(err)
	for _, f := range ordered.Faults {
		p.t.Errorf("%s, in order: %s", when, f)
	}
	for _, f := range mixed.Faults {
		p.t.Errorf("%s, shuffled: %s", when, f)
	}
	if diff := cmp.Diff(p.Oracle(ordered.Claims), ordered.Targets); diff != "" {
		p.t.Errorf("%s: targets (-oracle +book):\n%s", when, diff)
	}
	if diff := cmp.Diff(ordered.Targets, mixed.Targets); diff != "" {
		p.t.Errorf("%s: targets (-in order +shuffled):\n%s", when, diff)
	}
	if diff := cmp.Diff(ordered.Net, mixed.Net); diff != "" {
		p.t.Errorf("%s: net (-in order +shuffled):\n%s", when, diff)
	}
}
