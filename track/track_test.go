package track_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/internal/serve"
	"tributary.example/link"
	"tributary.example/program"
	"tributary.example/track"
)

const (
	host    = "go.shop.example"
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
)

// edge is a running edge over a journal of its own.
type edge struct {
	t     *testing.T
	bus   *bus.Bus
	edge  *track.Edge
	clock *dbtest.Clock
	ring  *click.Ring
	addr  string
	stop  func() error

	ackWait   time.Duration // 0 is 10 s, so that each answer is an acknowledged one
	program   program.Record
	affiliate affiliate.Record
	group     program.GroupRecord
	link      link.Record
}

func start(t *testing.T, change func(*edge)) *edge {
	t.Helper()
	b, err := bus.Start(t.Context(), bus.Options{Dir: t.TempDir(), SyncAlways: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	at := dbtest.Epoch
	e := &edge{t: t, bus: b, clock: &dbtest.Clock{}}
	e.clock.Set(at)
	e.program = program.Record{
		ID: id.New[id.Program](at), Slug: "shop", Name: "Shop", SiteURL: "https://www.shop.example/start?x=1",
		Sites: []string{"www.shop.example", "docs.shop.example"}, Mode: program.ModeFull, ViaName: "via", CookieName: "trb_shop",
		WindowDays: 60, Zone: "Europe/Vienna", Version: 1,
	}
	e.group = program.GroupRecord{ID: id.New[id.Group](at), Program: e.program.ID, UTM: map[string]string{"utm_medium": "aff-{slug}"}, Version: 1}
	e.affiliate = affiliate.Record{ID: id.New[id.Affiliate](at), Program: e.program.ID, Group: e.group.ID, State: affiliate.Active, Version: 1}
	e.link = link.Record{ID: id.New[id.Link](at), Program: e.program.ID, Affiliate: e.affiliate.ID, Host: host, Slug: "jane", State: link.Active, Coupon: "JANE10", Version: 1}
	if change != nil {
		change(e)
	}
	e.publish()
	root, _ := secret.NewRoot([]byte(strings.Repeat("k", 32)))
	e.ring = click.NewRing([]click.Key{{ID: 1, Serial: 1, Secret: []byte("master"), CreatedAt: at}})
	box, _ := e.ring.Seal(root)
	e.put(bus.Keys, click.RingKey, box)
	salt := click.Salt{Program: e.program.ID, Day: 20514, StartsAt: at.Add(-time.Hour), EndsAt: at.Add(time.Hour), Secret: []byte("salt")}
	box, _ = salt.Seal(root)
	e.put(bus.Salts, salt.Key(), box)
	e.run(root)
	return e
}

func (e *edge) run(root secret.Root) {
	e.t.Helper()
	proxies, err := serve.ParseProxies([]string{"127.0.0.1"})
	if err != nil {
		e.t.Fatal(err)
	}
	e.edge = track.New(track.Options{
		Bus: e.bus, Root: root, Clock: e.clock.Now, Proxies: proxies, AckWait: cmp.Or(e.ackWait, 10*time.Second),
		Blocked: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")}, Log: slog.New(slog.DiscardHandler),
		Country: func(a netip.Addr) string { return map[bool]string{true: "AT"}[a.Is4()] },
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		e.t.Fatal(err)
	}
	e.addr = ln.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.edge.Run(ctx, ln) }()
	var ended bool
	e.stop = func() error {
		if ended {
			return nil
		}
		ended = true
		cancel()
		return <-done
	}
	e.t.Cleanup(func() {
		if err := e.stop(); err != nil {
			e.t.Error(err)
		}
	})
}

func (e *edge) put(bucket bus.Bucket, key string, value []byte) {
	e.t.Helper()
	if err := e.bus.Put(e.t.Context(), bucket, key, value); err != nil {
		e.t.Fatal(err)
	}
}

func (e *edge) publish() {
	e.t.Helper()
	for key, record := range map[string]any{
		program.KeyPrefix + string(e.program.ID):     e.program,
		program.GroupKeyPrefix + string(e.group.ID):  e.group,
		affiliate.KeyPrefix + string(e.affiliate.ID): e.affiliate,
		link.KeyPrefix + string(e.link.ID):           e.link,
	} {
		value, err := json.Marshal(record)
		if err != nil {
			e.t.Fatal(err)
		}
		e.put(bus.Directory, key, value)
	}
}

// ask sends a browser's request; headers are pairs, "" takes one away.
func (e *edge) ask(method, path, body string, headers ...string) *http.Response {
	e.t.Helper()
	req, err := http.NewRequestWithContext(e.t.Context(), method, "http://"+e.addr+path, strings.NewReader(body))
	if err != nil {
		e.t.Fatal(err)
	}
	req.Host = host
	for k, v := range map[string]string{
		"User-Agent": firefox, "Accept-Language": "de-AT,de", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate",
		"Referer": "https://blog.example/post?private=1", "X-Forwarded-For": "203.0.113.77", "X-Forwarded-Proto": "https",
	} {
		req.Header.Set(k, v)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			req.Host = headers[i+1]
		case headers[i+1] == "":
			req.Header.Del(headers[i])
		default:
			req.Header.Set(headers[i], headers[i+1])
		}
	}
	res, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { res.Body.Close() })
	return res
}

func (e *edge) get(path string, headers ...string) *http.Response {
	e.t.Helper()
	return e.ask("GET", path, "", headers...)
}

// location is where an answer leads, and the token in it.
func location(t *testing.T, res *http.Response) (*url.URL, string) {
	t.Helper()
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u, u.Query().Get("via")
}

var errEnough = errors.New("enough")

// frames stops the edge and reads the whole journal.
func (e *edge) frames() (clicks []click.Click, drops []click.Drop) {
	e.t.Helper()
	if err := e.stop(); err != nil {
		e.t.Fatal(err)
	}
	info, err := e.bus.Info(e.t.Context(), bus.Clicks)
	if err != nil {
		e.t.Fatal(err)
	}
	if info.Last == 0 {
		return nil, nil
	}
	err = e.bus.Consume(e.t.Context(), bus.Clicks, 1, func(m bus.Delivered, more bool) error {
		f, err := click.ReadFrame(id.Frame(m.ID), m.Header, m.Data)
		if err != nil {
			return err
		}
		clicks, drops = append(clicks, f.Clicks...), append(drops, f.Drops...)
		if m.Sequence == info.Last {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		e.t.Fatal(err)
	}
	return clicks, drops
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
