package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"testing"
	"time"
)

// The stage is tried on a stand-in for the server: this test binary, started again with an
// environment variable, speaks just enough of what the commands need.
const standIn = "STAGE_STANDIN"

func TestMain(m *testing.M) {
	if os.Getenv(standIn) != "" {
		if err := serveStandIn(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func serveStandIn(args []string) error {
	if len(args) > 0 && args[0] == "broken" {
		return fmt.Errorf("cannot start")
	}
	app, edge := http.NewServeMux(), http.NewServeMux()
	asked := 0
	app.HandleFunc("GET /v1/clock", func(w http.ResponseWriter, _ *http.Request) {
		asked++
		now, _ := os.ReadFile(os.Getenv("TRIBUTARY_TEST_CLOCK"))
		_ = json.NewEncoder(w).Encode(map[string]any{"now": string(now[:10]), "asked": asked >= 3, "database": os.Getenv("TRIBUTARY_DATABASE") != ""})
	})
	app.HandleFunc("POST /v1/payments", func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		if r.Header.Get("Authorization") != "Bearer secret" || json.NewDecoder(r.Body).Decode(&in) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"title":"no key"}`)
			return
		}
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]any{"id": in["id"], "lines": []any{map[string]any{"minor": 450}}, "as": r.Header.Get("Idempotency-Key")})
	})
	app.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("name") != "Jane Doe" {
			http.Error(w, "unknown", http.StatusForbidden)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "jane", Path: "/", HttpOnly: true})
		http.Redirect(w, r, "/home", http.StatusSeeOther)
	})
	app.HandleFunc("GET /home", func(w http.ResponseWriter, r *http.Request) {
		c, err := r.Cookie("session")
		if err != nil {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "<html><head><title>x</title></head><body><h1>Hello</h1> <b>%s</b> &amp; all</body></html>", c.Value)
	})
	edge.HandleFunc("GET /jane", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "trb_shop", Value: "TKN", Path: "/", MaxAge: 60, HttpOnly: true})
		w.Header().Set("Location", "http://www.shop.localhost/?via=TKN")
		w.WriteHeader(http.StatusFound)
	})
	edge.HandleFunc("GET /paused", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/fallback", http.StatusFound) })
	for env, mux := range map[string]http.Handler{"TRIBUTARY_LISTEN": app, "TRIBUTARY_EDGE_LISTEN": edge} {
		go func() { _ = http.ListenAndServe(os.Getenv(env), mux) }()
	}
	fmt.Printf("Create the owner: http://%s/setup?key=abc\n", os.Getenv("TRIBUTARY_LISTEN"))
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	defer cancel()
	<-ctx.Done()
	if len(args) > 0 && args[0] == "sulky" {
		return fmt.Errorf("will not end well")
	}
	return os.WriteFile(filepath.Join(filepath.Dir(os.Getenv("TRIBUTARY_DATA")), "ended-well"), nil, 0o644)
}

func newStandIn(t *testing.T) *Server {
	t.Helper()
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewServer(bin, t.TempDir(), standIn+"=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Kill() })
	return s
}

func TestServerStopsWellOrSaysSo(t *testing.T) {
	t.Parallel()
	s := newStandIn(t)
	for _, tc := range []struct {
		arg  string
		well bool
	}{{"serve", true}, {"sulky", false}, {"serve", true}} {
		if err := s.Start(tc.arg); err != nil {
			t.Fatal(err)
		}
		if err := s.Stop(); (err == nil) != tc.well {
			t.Errorf("stop of %s: got %v, want well: %t", tc.arg, err, tc.well)
		}
	}
	if err := s.Start("broken"); err == nil {
		t.Error("a server that ends at once counts as started")
	}
}

func TestClockMoves(t *testing.T) {
	t.Parallel()
	c, err := NewClock(filepath.Join(t.TempDir(), "clock"))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Advance("31d"); err != nil {
		t.Fatal(err)
	}
	if got, want := c.Now(), opening.Add(31*24*time.Hour); !got.Equal(want) {
		t.Errorf("got %s, want %s", got, want)
	}
	text, _ := os.ReadFile(c.path)
	if got, want := string(text), "2030-02-14T09:00:00Z\n"; got != want {
		t.Errorf("file: got %q, want %q", got, want)
	}
	if err := c.Advance("soon"); err == nil {
		t.Error("no error for a duration that is none")
	}
}
