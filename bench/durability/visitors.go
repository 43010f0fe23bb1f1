package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"tributary.example/click"
	"tributary.example/internal/id"
)

// visitors click on a link as browsers do, each time from another address, so
// that no click is a repeat.
type visitors struct {
	server *server
	client *http.Client
	from   *atomic.Uint32 // the last visitor's address, over all rounds
	left   atomic.Int64   // clicks to make; negative when they are done

	mu    sync.Mutex
	acked []id.Click
	cut   int // requests without an answer
	odd   error
}

func newVisitors(s *server, from *atomic.Uint32, most int) *visitors {
	v := &visitors{server: s, from: from}
	v.left.Store(int64(most))
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, network, s.edge)
	}
	v.client = &http.Client{
		Transport:     &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 1000},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       startWait,
	}
	return v
}

// run lets n visitors click until the server is gone, ctx ends or the clicks
// are made.
func (v *visitors) run(ctx context.Context, n int) {
	defer v.client.CloseIdleConnections()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			for ctx.Err() == nil && v.left.Add(-1) >= 0 && v.click(ctx) {
			}
		})
	}
	all.Wait()
}

// count is how many clicks are acknowledged.
func (v *visitors) count() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.acked)
}

// click makes one click and keeps its id when it is answered.
func (v *visitors) click(ctx context.Context) bool {
	clk, err := v.visit(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case err != nil:
		v.cut++
		return false
	case clk == "":
		return false
	}
	v.acked = append(v.acked, clk)
	return true
}

// visit follows the link and reads the click's id from the token that the
// answer carries. What is answered in another way is odd: no proof may pass
// over it.
func (v *visitors) visit(ctx context.Context) (id.Click, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.server.link, nil)
	if err != nil {
		return "", err
	}
	var address [4]byte
	binary.BigEndian.PutUint32(address[:], v.from.Add(1))
	for name, value := range map[string]string{
		"X-Forwarded-For": netip.AddrFrom4(address).String(),
		"User-Agent":      "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
		"Accept-Language": "de-DE,de;q=0.9", "Sec-Fetch-Dest": "document", "Sec-Fetch-Mode": "navigate",
	} {
		req.Header.Set(name, value)
	}
	resp, err := v.client.Do(req)
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	to, err := url.Parse(resp.Header.Get("Location"))
	if err == nil && resp.StatusCode != http.StatusFound {
		err = fmt.Errorf("the answer was %s", resp.Status)
	}
	var token click.Token
	if err == nil {
		token, err = click.ParseToken(to.Query().Get("via"))
	}
	if err != nil {
		v.mu.Lock()
		v.odd = fmt.Errorf("a click on %s: %w", v.server.link, err)
		v.mu.Unlock()
		return "", nil
	}
	return token.Click, nil
}

// wait clicks until the link works: at its first start the server hears of
// its links a moment after it serves.
func (v *visitors) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	for {
		clk, err := v.visit(ctx)
		if clk != "" {
			v.acked, v.odd = append(v.acked, clk), nil
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the link does not work: %w, %w", err, v.odd)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
