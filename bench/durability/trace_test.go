package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/internal/id"
)

// TestJudge reads traces as strace writes them: calls of several threads,
// begun in one line and ended in another.
func TestJudge(t *testing.T) {
	t.Parallel()
	a, tokenA := minted(t)
	b, tokenB := minted(t)
	const blk = `</data/streams/CLICKS/msgs/1.blk>`
	write := func(clicks ...id.Click) string {
		return fmt.Sprintf(`11 pwrite64(7%s, "NATS/1.0\r\n\r\n{\"click\":{\"id\":\"%v\"}}\n", 90, 0) = 90`, blk, clicks)
	}
	redirect := func(token string) string {
		return fmt.Sprintf(`12 write(9<socket:[5]>, "HTTP/1.1 302 Found\r\nLocation: https://shop.example/?via=%s\r\n\r\n", 99) = 99`, token)
	}
	const sync, syncBegins, syncEnds, syncFails = `11 fsync(7</data/streams/CLICKS/msgs/1.blk>) = 0`,
		`13 fsync(7</data/streams/CLICKS/msgs/1.blk> <unfinished ...>`, `13 <... fsync resumed>)              = 0`,
		`13 <... fsync resumed>)              = -1 EIO (Input/output error)`
	for name, tc := range map[string]struct {
		lines []string
		want  verdict
	}{
		"written, synced, answered": {[]string{write(a), sync, redirect(tokenA)}, verdict{redirects: 1, syncs: 1}},
		"two in one frame":          {[]string{write(a, b), sync, redirect(tokenB), redirect(tokenA)}, verdict{redirects: 2, syncs: 1}},
		"answered before the sync":  {[]string{write(a), redirect(tokenA), sync}, verdict{redirects: 1, early: 1, syncs: 1}},
		"answered during the sync":  {[]string{write(a), syncBegins, redirect(tokenA), syncEnds}, verdict{redirects: 1, early: 1, syncs: 1}},
		"written during the sync":   {[]string{syncBegins, write(a), syncEnds, redirect(tokenA)}, verdict{redirects: 1, early: 1, syncs: 1}},
		"the sync failed":           {[]string{write(a), syncBegins, syncFails, redirect(tokenA)}, verdict{redirects: 1, early: 1}},
		"another file was synced": {
			[]string{write(a), `11 fsync(8</data/streams/CLICKS/msgs/2.blk>) = 0`, redirect(tokenA)}, verdict{redirects: 1, early: 1, syncs: 1},
		},
		"never written":      {[]string{write(b), sync, redirect(tokenA)}, verdict{redirects: 1, early: 1, unwritten: 1, syncs: 1}},
		"other calls":        {[]string{`11 write(9<socket:[5]>, "HTTP/1.1 404 Not Found\r\n", 9) = 9`, `11 fsync(8</data/clicks.db-wal>) = 0`}, verdict{}},
		"the end of strace":  {[]string{`+++ exited with 0 +++`}, verdict{}},
		"a call cut in half": {[]string{write(a), sync, redirect(tokenA)[:60] + " <unfinished ...>"}, verdict{syncs: 1}},
	} {
		got, err := judge(slices.Values(tc.lines))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, tc.want, cmp.AllowUnexported(verdict{})); diff != "" {
			t.Errorf("%s (got, want): %s", name, diff)
		}
	}
}

// minted is a click with its token.
func minted(t *testing.T) (id.Click, string) {
	t.Helper()
	now := time.Now()
	ring := click.NewRing([]click.Key{{ID: 1, Serial: 1, Secret: make([]byte, 32), CreatedAt: now}})
	token, clk, err := ring.Mint(id.New[id.Program](now), id.New[id.Link](now), now)
	if err != nil {
		t.Fatal(err)
	}
	return clk, token
}
