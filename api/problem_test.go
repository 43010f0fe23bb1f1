package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"tributary.example/api"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/once"
	"tributary.example/payout"
)

// brokenRail fails in whichever way it is told to.
type brokenRail struct{ err error }

// Name is the usual rail's.
func (brokenRail) Name() payout.RailName { return "csv" }

// File returns the error, or panics without one.
func (r brokenRail) File(payout.Run, []payout.Instruction) (payout.File, error) {
	if r.err == nil {
		panic("secret of the rail")
	}
	return payout.File{}, r.err
}

func TestOurOwnFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	run := w.furnish(t)["payout-runs"]
	for name, try := range map[string]struct {
		err    error
		status int
		retry  string
	}{
		"panic":       {nil, http.StatusInternalServerError, ""},
		"error":       {errors.New("secret of the rail"), http.StatusInternalServerError, ""},
		"internal":    {fault.New(fault.Internal, "secret of the rail"), http.StatusInternalServerError, ""},
		"unavailable": {fault.New(fault.Unavailable, "The bank is away."), http.StatusServiceUnavailable, ""},
		"waiting":     {fault.New(fault.Conflict, "Still at work.").Because(fmt.Errorf("wait: %w", once.ErrWaiting)), http.StatusConflict, "2"},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			broken := *w
			broken.env.Rails = []payout.Rail{brokenRail{try.err}}
			broken.env.Log = slog.New(slog.NewTextHandler(&log, nil))
			broken.handler = api.New(broken.env)
			r := broken.refused(t, try.status, "", "GET", "/v1/payout-runs/"+run+"/file", "")
			if got := r.header.Get("Retry-After"); got != try.retry {
				t.Errorf("Retry-After: got %q, want %q", got, try.retry)
			}
			if strings.Contains(r.body, "secret") {
				t.Errorf("the answer tells what is ours: %s", r.body)
			}
			logged := strings.Contains(log.String(), "secret") && strings.Contains(log.String(), r.at("request_id"))
			if want := try.status == http.StatusInternalServerError; logged != want {
				t.Errorf("logged: got %t, want %t: %s", logged, want, log.String())
			}
		})
	}
}
