package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

const (
	syncedAddress   = "127.0.0.1:18081"
	unsyncedAddress = "127.0.0.1:18082"
	nginxAddress    = "127.0.0.1:18083"
)

// run measures everything and prints it.
func (p plan) run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "bench-edge-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rate, err := syncRate(dir)
	if err != nil {
		return err
	}
	fmt.Printf("disk: %.0f fsync/s of 8 kB\n", rate)
	synced, err := p.prepared(ctx, filepath.Join(dir, "synced"), syncedAddress, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, synced.end()) }()
	if err := p.printMemory(ctx, dir, synced.started); err != nil || p.memory {
		return err
	}
	unsynced, err := p.prepared(ctx, filepath.Join(dir, "unsynced"), unsyncedAddress, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unsynced.end()) }()
	bytes, err := headerSize(syncedAddress)
	if err != nil {
		return err
	}
	nginxDir := filepath.Join(dir, "nginx")
	if err := os.Mkdir(nginxDir, 0o700); err != nil {
		return err
	}
	nginx, err := startNginx(ctx, nginxDir, nginxAddress, bytes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, nginx.end()) }()
	if p.profile != "" {
		fmt.Fprintln(synced.orders, "profile", p.profile)
	}
	fmt.Printf("headers: %d bytes from each\n", bytes)
	return p.compare(ctx, dir, nginx, synced, unsynced)
}

// prepared starts an edge over a directory that has been filled by another
// process, so that it loads what it would load at a restart.
func (p plan) prepared(ctx context.Context, dir, address string, sync bool) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	filling := exec.CommandContext(ctx, self, "-serving", "-dir", dir, "-sync=false", "-fill", strconv.Itoa(p.links))
	filling.Stderr = os.Stderr
	if err := filling.Run(); err != nil {
		return nil, fmt.Errorf("fill directory: %w", err)
	}
	return startEdge(ctx, filepath.Base(dir), dir, address, sync)
}

// printMemory compares an edge with one that knows a single link.
func (p plan) printMemory(ctx context.Context, dir string, full started) error {
	one := p
	one.links = 1
	empty, err := one.prepared(ctx, filepath.Join(dir, "empty"), unsyncedAddress, true)
	if err != nil {
		return err
	}
	if err := empty.end(); err != nil {
		return err
	}
	per := func(full, empty uint64) float64 { return (float64(full) - float64(empty)) / float64(p.links) }
	edge := per(full.HeapEdge-full.HeapBus, empty.started.HeapEdge-empty.started.HeapBus)
	fmt.Printf("memory: %d links, each with an affiliate: %.0f bytes per link in the edge, %.0f in the embedded server; %d MB resident\n",
		p.links, edge, per(full.HeapBus, empty.started.HeapBus), full.RSS>>10)
	fmt.Printf("restart: embedded server up after %s, directory loaded and serving %s later\n",
		full.BusTime.Round(time.Millisecond), full.LoadTime.Round(time.Millisecond))
	return nil
}

// ratios are edge ÷ nginx at the most connections, round by round.
type ratios struct{ synced, unsynced, cpu []float64 }

func (p plan) compare(ctx context.Context, dir string, servers ...*server) error {
	var all ratios
	base := 1
	fmt.Printf("%-28s %10s %9s %9s %10s %9s\n", "", "requests/s", "p50 ms", "p99 ms", "CPU µs", "unacked")
	for _, l := range p.loads() {
		var got []sample
		for _, s := range servers {
			base = base%100 + 2 // two threads, two networks of clients
			one, err := p.measured(ctx, s, dir, l, base)
			if err != nil {
				return err
			}
			fmt.Println(one.line(fmt.Sprintf("%d %3d %-6s %s", l.round+1, l.conns, heat(l.hot), s.name)))
			got = append(got, one)
		}
		if l.conns == slices.Max(p.conns) {
			all.add(got[0], got[1], got[2])
		}
	}
	return all.print()
}

// load is one way to drive a server.
type load struct {
	round, conns int
	hot          bool // always the same link
}

func (p plan) loads() []load {
	var all []load
	for round := range p.rounds {
		for _, conns := range p.conns {
			all = append(all, load{round, conns, true}, load{round, conns, false})
		}
	}
	return all
}

func heat(hot bool) string {
	if hot {
		return "hot"
	}
	return "spread"
}

// measured is one load; an edge's is void unless its journal has all of it.
func (p plan) measured(ctx context.Context, s *server, dir string, l load, base int) (sample, error) {
	var before counted
	var err error
	if s.orders != nil {
		if before, err = s.count(); err != nil {
			return sample{}, err
		}
	}
	got, err := p.load(ctx, s, dir, l, base)
	if err != nil || s.orders == nil {
		return got, err
	}
	after, err := s.count()
	if err != nil {
		return got, err
	}
	got.unacked = after.Unacked - before.Unacked
	if after.Journal < got.Requests {
		got.void = fmt.Sprintf("the journal holds %d clicks of %d", after.Journal, got.Requests)
	}
	return got, nil
}

func (s sample) line(name string) string {
	text := fmt.Sprintf("%-28s %10.0f %9.2f %9.2f %10.1f %9d", name, s.perSecond(), s.P50, s.P99, s.cpuMicros(), s.unacked)
	if s.void != "" {
		text += "  VOID: " + s.void
	}
	return text
}

func (r *ratios) add(nginx, synced, unsynced sample) {
	if nginx.void != "" {
		return
	}
	if synced.void == "" {
		r.synced = append(r.synced, synced.perSecond()/nginx.perSecond())
		r.cpu = append(r.cpu, synced.cpuMicros()/nginx.cpuMicros())
	}
	if unsynced.void == "" {
		r.unsynced = append(r.unsynced, unsynced.perSecond()/nginx.perSecond())
	}
}

func (r *ratios) print() error {
	if len(r.synced) == 0 || len(r.unsynced) == 0 {
		return errors.New("every round is void")
	}
	fmt.Printf("edge_vs_nginx_cpu=%.2f\n", median(r.cpu))
	fmt.Printf("edge_vs_nginx=%.2f\n", median(r.synced))
	fmt.Printf("edge_vs_nginx_nosync=%.2f\n", median(r.unsynced))
	return nil
}

func median(all []float64) float64 {
	slices.Sort(all)
	n := len(all)
	return (all[(n-1)/2] + all[n/2]) / 2
}

// syncRate is how many small appends a second the disk can make durable, one
// after another.
func syncRate(dir string) (float64, error) {
	f, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	page := make([]byte, 8<<10)
	n, begun := 0, time.Now()
	for ; time.Since(begun) < time.Second; n++ {
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(begun).Seconds(), nil
}
