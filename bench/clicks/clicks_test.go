// Package clicks measures how fast the click store turns frames into rows and
// counts, beside plain inserts of the same rows in the same batches.
//
//  1. Both sides write to the same engine with the same durability, in turn,
//     in one run: the ratio is what counts, not the figure.
//  2. Nothing is timed but the writing.
//
// It owns no tables. Run it with `make bench-clicks`.
package clicks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tributary.example/click"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
)

const (
	framesPerBatch = 16
	clicksPerFrame = 256
	links          = 2000
	affiliates     = 500
	visitors       = 200_000
)

var (
	ctx   = context.Background()
	epoch = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
)

func BenchmarkStore(b *testing.B) {
	for name, open := range map[string]func(testing.TB) *dbtest.DB{"sqlite": dbtest.OpenSQLite, "postgres": dbtest.OpenPostgres} {
		b.Run(name, func(b *testing.B) { compare(b, open(b), open(b)) })
	}
}

// compare lets the store and the plain inserts take turns, batch by batch.
func compare(b *testing.B, stored, plain *dbtest.DB) {
	rng := rand.New(rand.NewPCG(1, 2))
	prog := id.New[id.Program](epoch)
	store := click.NewSQL(stored.Clicks)
	place := click.Place{Consumer: "bench", Stream: "CLICKS", Created: epoch}
	var ours, theirs time.Duration
	n := uint64(0)
	for b.Loop() {
		frames := make([]click.Frame, framesPerBatch)
		for i := range frames {
			frames[i] = frame(rng, prog, epoch.Add(time.Duration(n)*time.Second))
		}
		start := time.Now()
		if _, err := store.Save(ctx, click.Batch{Place: place, From: n, To: n + framesPerBatch, Frames: frames}); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(start)
		start = time.Now()
		if err := insert(plain.Clicks, frames); err != nil {
			b.Fatal(err)
		}
		theirs += time.Since(start)
		n += framesPerBatch
	}
	clicks := float64(n * clicksPerFrame)
	b.ReportMetric(clicks/ours.Seconds(), "clicks/s")
	b.ReportMetric(clicks/theirs.Seconds(), "inserts/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "store_vs_inserts")
	b.ReportMetric(0, "ns/op")
}

func frame(rng *rand.Rand, prog id.Program, at time.Time) click.Frame {
	f := click.Frame{ID: id.New[id.Frame](at)}
	for range clicksPerFrame {
		n := rng.IntN(links)
		f.Clicks = append(f.Clicks, click.Click{
			ID: id.New[id.Click](at), At: at, Program: prog,
			Link: id.Link(fmt.Sprintf("lnk_%026d", n)), Affiliate: id.Affiliate(fmt.Sprintf("aff_%026d", n%affiliates)),
			Day: click.LocalDay(at, time.UTC), Visitor: fmt.Sprintf("v%d", rng.IntN(visitors)), Network: "192.0.2.0/24",
			Device: "phone", Browser: "Safari", OS: "iOS", Language: "en", Referrer: fmt.Sprintf("site%d.example/post", rng.IntN(200)),
			Landing: "/pricing", Agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X)", Lists: "bench",
		})
	}
	return f
}

// insert is the reference: the same rows, nothing else.
func insert(d *db.DB, frames []click.Frame) error {
	return d.Write(ctx, db.Command("bench"), func(tx *db.Tx) error {
		for _, f := range frames {
			for _, c := range f.Clicks {
				err := tx.Queue(ctx, `insert into clicks (program_id, click_id, at, day, link_id, affiliate_id, repeated, reason, visitor, network,
					country, device, browser, os, language, referrer, landing, agent, subs, utm, qr, bot_list)
					values ($1, $2, $3, $4, $5, $6, 0, '', $7, $8, '', $9, $10, $11, $12, $13, $14, $15, '{}', '{}', 0, $16)`,
					c.Program, c.ID, c.At, c.Day, c.Link, c.Affiliate, c.Visitor, c.Network,
					c.Device, c.Browser, c.OS, c.Language, c.Referrer, c.Landing, c.Agent, c.Lists)
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}
