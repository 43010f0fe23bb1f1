package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/id"
	"tributary.example/internal/serve"
	"tributary.example/track"
)

// started is what an edge tells when it serves. Heap is what is reachable
// after a collection, in bytes.
type started struct {
	HeapBus  uint64        // with the embedded server alone
	HeapEdge uint64        // with the directory too
	RSS      int           // of the process, kB
	BusTime  time.Duration // until the embedded server was up
	LoadTime time.Duration // until the edge answered
}

// counted is what an edge tells after a load.
type counted struct {
	Journal int   // clicks in frames that are in the journal, since the last count
	Unacked int64 // redirects that were answered before the journal did
	Lost    int64
	Drops   int64
	RSS     int // kB
}

// run is an edge: it says when it serves, and obeys the lines of its standard
// input: "count", "profile FILE" and "end".
func (c child) run(ctx context.Context) error {
	begun := time.Now()
	b, err := bus.Start(ctx, bus.Options{Dir: c.dir, SyncAlways: c.sync})
	if err != nil {
		return err
	}
	defer b.Close()
	if c.fill > 0 {
		return fill(ctx, b, c.fill)
	}
	s := started{BusTime: time.Since(begun), HeapBus: heap()}
	proxies, err := serve.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		return err
	}
	edge := track.New(track.Options{Bus: b, Root: root(), Proxies: proxies, Log: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	ln, err := net.Listen("tcp", c.listen)
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	begun = time.Now()
	go func() { done <- edge.Run(serving, ln) }()
	if err := healthy(ctx, ln.Addr().String()); err != nil {
		stop()
		return errors.Join(err, <-done)
	}
	s.LoadTime, s.HeapEdge, s.RSS = time.Since(begun), heap(), rss(os.Getpid())
	tell(s)
	err = c.obey(ctx, b, edge)
	stop()
	return errors.Join(err, <-done)
}

func (c child) obey(ctx context.Context, b *bus.Bus, edge *track.Edge) error {
	var at uint64
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		order, file, _ := strings.Cut(lines.Text(), " ")
		switch order {
		case "count":
			n, last, err := journalled(ctx, b, at)
			if err != nil {
				return err
			}
			at = last
			k := edge.Counters()
			tell(counted{Journal: n, Unacked: k.RedirectsUnacked.Load(), Lost: k.ClicksLost.Load(), Drops: k.Drops.Load(), RSS: rss(os.Getpid())})
		case "profile":
			f, err := os.Create(file)
			if err != nil {
				return err
			}
			if err := pprof.StartCPUProfile(f); err != nil {
				return err
			}
			defer f.Close()
			defer pprof.StopCPUProfile()
		default:
			return nil
		}
	}
	return lines.Err()
}

var errRead = errors.New("all frames are read")

// journalled reads the frames behind a sequence back from the journal, and
// counts their clicks.
func journalled(ctx context.Context, b *bus.Bus, after uint64) (clicks int, last uint64, err error) {
	info, err := b.Info(ctx, bus.Clicks)
	if err != nil || info.Last <= after {
		return 0, after, err
	}
	err = b.Consume(ctx, bus.Clicks, after+1, func(m bus.Delivered, _ bool) error {
		f, err := click.ReadFrame(id.Frame(m.ID), m.Header, m.Data)
		if err != nil {
			return err
		}
		clicks += len(f.Clicks)
		if m.Sequence >= info.Last {
			return errRead
		}
		return nil
	})
	if errors.Is(err, errRead) {
		err = nil
	}
	return clicks, info.Last, err
}

func healthy(ctx context.Context, address string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the edge is not healthy: %s", res.Status)
	}
	return nil
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held is free only now
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func tell(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // numbers
	}
	fmt.Println(string(text))
}
