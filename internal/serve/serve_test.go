package serve_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/serve"
)

var silent = slog.New(slog.DiscardHandler)

func clock() time.Time { return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) }

func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestRunLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	l := listener(t)
	began, live := make(chan struct{}), make(chan struct{})
	release := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-release
		io.WriteString(w, "done")
	})
	mux.HandleFunc("/live", func(_ http.ResponseWriter, r *http.Request) {
		close(live)
		<-serve.Stopping(r.Context()) // ends by the stop alone
		close(release)
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- serve.Run(ctx, silent, 10*time.Second, serve.Server{Name: "test", Listener: l, Handler: mux})
	}()
	answer := make(chan string, 1)
	go func() { answer <- get(l.Addr().String(), "/slow") }()
	go get(l.Addr().String(), "/live")
	<-began
	<-live
	cancel()
	if got := <-answer; got != "done" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("stop: %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("still listening after the stop")
	}
}

func get(address, path string) string {
	res, err := http.Get("http://" + address + path)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

func TestRunCutsOffAfterGrace(t *testing.T) {
	t.Parallel()
	l := listener(t)
	began, forever := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(forever) })
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(began); <-forever })
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- serve.Run(ctx, silent, time.Millisecond, serve.Server{Name: "test", Listener: l, Handler: h})
	}()
	go get(l.Addr().String(), "/")
	<-began
	cancel()
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that requests were cut off", err)
	}
}

func TestRunEndsWhenOneServerFails(t *testing.T) {
	t.Parallel()
	good, bad := listener(t), listener(t)
	bad.Close()
	err := serve.Run(context.Background(), silent, time.Second,
		serve.Server{Name: "good", Listener: good, Handler: http.NotFoundHandler()},
		serve.Server{Name: "bad", Listener: bad, Handler: http.NotFoundHandler()})
	if err == nil || !strings.Contains(err.Error(), "serve bad") {
		t.Errorf("got %v, want the failure of bad", err)
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	log := slog.New(slog.NewTextHandler(&logged, nil))
	var seen id.Request
	h := serve.Chain(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = serve.RequestOf(r.Context())
		if r.URL.Path == "/panic" {
			panic("secret detail")
		}
		io.WriteString(w, "hello")
	}), serve.RequestID(clock), serve.AccessLog(log, clock), serve.Headers("default-src 'self'"), serve.Recover(log, nil))

	token := strings.Repeat("t", 43)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/enter/"+token+"?key=hidden", nil))
	if _, err := id.Parse[id.Request](string(seen)); err != nil || w.Header().Get("X-Request-Id") != string(seen) {
		t.Errorf("request id: handler saw %q, answer says %q", seen, w.Header().Get("X-Request-Id"))
	}
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/customers/jane@example.org/state", nil))
	line := logged.String()
	if strings.Contains(line, "jane") || !strings.Contains(line, "path=/v1/customers/…@…/state") {
		t.Errorf("the log tells who it was: %s", line)
	}
	for _, want := range []string{"status=200", "bytes=5", "path=/enter/tttt…", string(seen)} {
		if !strings.Contains(line, want) {
			t.Errorf("the log lacks %q: %s", want, line)
		}
	}
	if strings.Contains(line, token) || strings.Contains(line, "hidden") {
		t.Errorf("a secret is in the log: %s", line)
	}
	got := map[string]string{}
	for _, name := range []string{"X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy", "Strict-Transport-Security"} {
		got[name] = w.Header().Get(name)
	}
	want := map[string]string{
		"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
		"Content-Security-Policy": "default-src 'self'", "Strict-Transport-Security": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	logged.Reset()
	w = httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/panic", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "secret") {
		t.Errorf("a panic was answered with %d %q", w.Code, w.Body)
	}
	if line := logged.String(); !strings.Contains(line, "secret detail") || !strings.Contains(line, "status=500") {
		t.Errorf("the operator does not see the panic: %s", line)
	}
}

// A panic after half of the answer was written breaks the connection off: the
// visitor must not take it for whole.
func TestPanicAfterWriting(t *testing.T) {
	t.Parallel()
	h := serve.Recover(silent, nil)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "half")
		http.NewResponseController(w).Flush()
		panic("now")
	}))
	server := httptest.NewServer(h)
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if b, err := io.ReadAll(res.Body); err == nil || string(b) != "half" {
		t.Errorf("got %q and %v, want half and an error", b, err)
	}
}

func TestClient(t *testing.T) {
	t.Parallel()
	proxies, err := serve.ParseProxies([]string{"10.0.0.0/8", " 192.0.2.1", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		remote   string
		xff, fwd []string
		want     string
	}{
		{name: "no proxy", remote: "198.51.100.7", want: "198.51.100.7"},
		{name: "a stranger's header is not believed", remote: "198.51.100.7", xff: []string{"203.0.113.9"}, want: "198.51.100.7"},
		{name: "one proxy", remote: "10.0.0.1", xff: []string{"203.0.113.9"}, want: "203.0.113.9"},
		{name: "forged entries on the left", remote: "10.0.0.1", xff: []string{"1.1.1.1, 203.0.113.9"}, want: "203.0.113.9"},
		{name: "two proxies", remote: "10.0.0.1", xff: []string{"1.1.1.1, 203.0.113.9, 10.2.3.4"}, want: "203.0.113.9"},
		{name: "two headers are one list", remote: "10.0.0.1", xff: []string{"1.1.1.1", "203.0.113.9, 192.0.2.1"}, want: "203.0.113.9"},
		{name: "all are proxies", remote: "10.0.0.1", xff: []string{"10.9.9.9"}, want: "10.9.9.9"},
		{name: "garbage ends the trust", remote: "10.0.0.1", xff: []string{"203.0.113.9, unknown"}, want: "10.0.0.1"},
		{name: "port and mapped address", remote: "::ffff:10.0.0.1", xff: []string{"203.0.113.9:4711"}, want: "203.0.113.9"},
		{name: "IPv6 in brackets", remote: "fd00::1", xff: []string{"[2001:db8::5]:80"}, want: "2001:db8::5"},
		{name: "Forwarded", remote: "10.0.0.1", fwd: []string{`for=1.1.1.1, for="[2001:db8::5]:80";proto=https`}, want: "2001:db8::5"},
		{name: "nothing said", remote: "10.0.0.1", want: "10.0.0.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := proxies.Client(netip.MustParseAddr(tt.remote), tt.xff, tt.fwd)
			if got.String() != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if _, err := serve.ParseProxies([]string{"proxy.example"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a name is no proxy: %v", err)
	}
}

// FuzzClient lets a visitor send any header through a proxy that appends what
// it knows: the visitor's word changes nothing.
func FuzzClient(f *testing.F) {
	for _, s := range []string{"1.1.1.1", "10.0.0.1, ", "for=1.1.1.1;proto=https", `for="`, ",,;=", "[::1]:x", "\x00"} {
		f.Add(s)
	}
	proxies, err := serve.ParseProxies([]string{"10.0.0.0/8"})
	if err != nil {
		f.Fatal(err)
	}
	proxy, visitor := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("203.0.113.9")
	f.Fuzz(func(t *testing.T, said string) {
		for _, c := range []struct{ xff, forwarded []string }{
			{[]string{said + "," + visitor.String()}, []string{said}},
			{[]string{said, visitor.String()}, nil},
			{nil, []string{said + ",for=" + visitor.String() + ";proto=http"}},
		} {
			if got := proxies.Client(proxy, c.xff, c.forwarded); got != visitor {
				t.Errorf("%q: got %s, want %s", said, got, visitor)
			}
			if proxies.Secure(proxy, false, []string{said, "http"}, c.forwarded) {
				t.Errorf("%q: a plain visitor is taken for one with https", said)
			}
			if got := proxies.Client(visitor, c.xff, c.forwarded); got != visitor {
				t.Errorf("%q: a stranger's header is believed: %s", said, got)
			}
		}
	})
}

func TestSecure(t *testing.T) {
	t.Parallel()
	proxies, err := serve.ParseProxies([]string{"10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	proxy, stranger := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("198.51.100.7")
	tests := []struct {
		name       string
		remote     netip.Addr
		tls        bool
		proto, fwd []string
		want       bool
	}{
		{"plain", stranger, false, nil, nil, false},
		{"own TLS", stranger, true, nil, nil, true},
		{"a stranger's word", stranger, false, []string{"https"}, nil, false},
		{"the proxy's word", proxy, false, []string{"https"}, nil, true},
		{"the nearest hop counts", proxy, false, []string{"https, http"}, nil, false},
		{"Forwarded", proxy, false, nil, []string{"for=1.1.1.1;proto=https"}, true},
	}
	for _, tt := range tests {
		if got := proxies.Secure(tt.remote, tt.tls, tt.proto, tt.fwd); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestProxiesMiddleware(t *testing.T) {
	t.Parallel()
	proxies, err := serve.ParseProxies([]string{"192.0.2.0/24"}) // httptest's remote address is in it
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	r.Header.Set("X-Forwarded-Proto", "https")
	w := httptest.NewRecorder()
	var got string
	serve.Chain(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = serve.ClientOf(r).String()
	}), proxies.Middleware, serve.Headers("")).ServeHTTP(w, r)
	if got != "203.0.113.9" {
		t.Errorf("client: got %s", got)
	}
	if w.Header().Get("Strict-Transport-Security") == "" {
		t.Error("no strict transport security over https")
	}
	if got := serve.ClientOf(r).String(); got != "192.0.2.1" {
		t.Errorf("outside of the middleware: got %s, want the connection's", got)
	}
}

func TestLimiter(t *testing.T) {
	t.Parallel()
	l := serve.NewLimiter(3, 10*time.Second)
	now := clock()
	take := func(key string) (bool, time.Duration) { return l.Allow(key, now) }
	for i := range 3 {
		if ok, _ := take("a"); !ok {
			t.Fatalf("turn %d of the burst was refused", i+1)
		}
	}
	if ok, wait := take("a"); ok || wait != 10*time.Second {
		t.Errorf("fourth turn: got %v and %s, want a refusal for 10s", ok, wait)
	}
	if ok, _ := take("b"); !ok {
		t.Error("another key pays for the first")
	}
	now = now.Add(10 * time.Second)
	if ok, _ := take("a"); !ok {
		t.Error("no turn after the wait that was told")
	}
	if ok, _ := take("a"); ok {
		t.Error("two turns after one wait")
	}
	now = now.Add(time.Hour)
	for i := range 3 {
		if ok, _ := take("a"); !ok {
			t.Errorf("after a long rest turn %d of the burst was refused", i+1)
		}
	}
	if ok, _ := take("a"); ok {
		t.Error("a long rest saves up more than the burst")
	}
}

func TestLimitKey(t *testing.T) {
	t.Parallel()
	same := serve.LimitKey(netip.MustParseAddr("2001:db8:1:2::1"))
	if got := serve.LimitKey(netip.MustParseAddr("2001:db8:1:2:ffff::9")); got != same {
		t.Errorf("one /64 has two keys: %s and %s", same, got)
	}
	if got := serve.LimitKey(netip.MustParseAddr("2001:db8:1:3::1")); got == same {
		t.Error("two /64 share a key")
	}
	if got := serve.LimitKey(netip.MustParseAddr("::ffff:192.0.2.1")); got != "192.0.2.1" {
		t.Errorf("mapped IPv4: got %s", got)
	}
}

func TestLockFolder(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	first, err := serve.LockFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = serve.LockFolder(dir)
	if !fault.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "process ") {
		t.Errorf("got %v, want a conflict that names the process", err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := serve.LockFolder(dir)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Fatal(err)
	}
}

func TestStoppingOutsideOfRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		select {
		case <-serve.Stopping(context.Background()):
			t.Error("stopping without a server")
		case <-time.After(time.Hour):
		}
	})
}
