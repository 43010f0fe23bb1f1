package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
)

func TestDoor(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		var revoked, expired, narrow string
		d.Write(t, func(tx *db.Tx) error {
			narrow = newKey(t, tx, w.shop, access.NewKey{Kind: access.Secret, Scopes: []access.Scope{access.ReadLinks}})
			expired = newKey(t, tx, w.shop, access.NewKey{Kind: access.Secret, ExpiresAt: tx.Now().Add(time.Minute)})
			key, text, err := access.CreateKey(t.Context(), tx, w.shop, access.NewKey{Kind: access.Secret})
			if err != nil {
				return err
			}
			revoked = text
			return access.RevokeKey(t.Context(), tx, w.shop.ID, key.ID)
		})
		d.Clock.Advance(2 * time.Minute)
		for name, try := range map[string]struct {
			key    string
			status int
		}{
			"none":        {"", http.StatusUnauthorized},
			"not bearer":  {"Basic abc", http.StatusUnauthorized},
			"no key":      {"Bearer x", http.StatusUnauthorized},
			"unknown":     {"Bearer " + w.key[:len(w.key)-4] + "aaaa", http.StatusUnauthorized},
			"revoked":     {"Bearer " + revoked, http.StatusUnauthorized},
			"expired":     {"Bearer " + expired, http.StatusUnauthorized},
			"publishable": {"Bearer " + w.page, http.StatusForbidden},
			"narrow":      {"Bearer " + narrow, http.StatusForbidden},
		} {
			r := w.refused(t, try.status, "", "POST", "/v1/affiliates", `{"name":"Jane","email":"jane@example.org"}`, header{"Authorization", try.key})
			if r.at("hint") == "" {
				t.Errorf("%s: a refusal at the door has no hint: %s", name, r.body)
			}
		}
		w.ok(t, http.StatusOK, "GET", "/v1/links", "", as(narrow))
	})
}

func TestUnknownPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	w.refused(t, http.StatusNotFound, "", "GET", "/v1/nothing", "")
	w.refused(t, http.StatusNotFound, "", "GET", "/v1/", "")
	r := w.refused(t, http.StatusMethodNotAllowed, "", "DELETE", "/v1/program", "")
	if got, want := r.header.Get("Allow"), "GET, PATCH"; got != want {
		t.Errorf("allowed: got %q, want %q", got, want)
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	const path = "/v1/plans"
	for name, try := range map[string]struct {
		body   string
		status int
		field  string
	}{
		"broken":          {`{"code":`, http.StatusBadRequest, ""},
		"two values":      {`{"code":"a","price":1} {}`, http.StatusBadRequest, ""},
		"empty":           {``, http.StatusBadRequest, ""},
		"not an object":   {`[1]`, http.StatusUnprocessableEntity, ""},
		"missing":         {`{"code":"gold"}`, http.StatusUnprocessableEntity, "price"},
		"unknown":         {`{"code":"gold","price":1,"cost":1}`, http.StatusUnprocessableEntity, "cost"},
		"other case":      {`{"code":"gold","price":1,"Price":2}`, http.StatusUnprocessableEntity, "Price"},
		"fraction":        {`{"code":"gold","price":1.5}`, http.StatusUnprocessableEntity, "price"},
		"text":            {`{"code":"gold","price":"1"}`, http.StatusUnprocessableEntity, "price"},
		"beyond 64 bits":  {`{"code":"gold","price":99999999999999999999}`, http.StatusUnprocessableEntity, "price"},
		"exponent":        {`{"code":"gold","price":1e3}`, http.StatusUnprocessableEntity, "price"},
		"no such word":    {`{"code":"gold","price":1,"period":"week"}`, http.StatusUnprocessableEntity, "period"},
		"negative":        {`{"code":"gold","price":-1}`, http.StatusUnprocessableEntity, "price"},
		"no currency":     {`{"code":"gold","price":1,"currency":"XXY"}`, http.StatusUnprocessableEntity, "currency"},
		"NUL":             {`{"code":"gold","price":1,"name":"a\u0000b"}`, http.StatusUnprocessableEntity, ""},
		"too large":       {`{"code":"gold","price":1,"name":"` + strings.Repeat("a", 256<<10) + `"}`, http.StatusRequestEntityTooLarge, ""},
		"several at once": {`{"code":"","price":-1,"currency":"EURO"}`, http.StatusUnprocessableEntity, "code"},
	} {
		t.Run(name, func(t *testing.T) {
			w.refused(t, try.status, try.field, "POST", path, try.body)
		})
	}
	r := w.refused(t, http.StatusUnprocessableEntity, "code", "POST", path, `{"code":"","price":-1,"currency":"EURO"}`)
	if got, want := r.at("errors.2.field"), "price"; got != want {
		t.Errorf("third of several faults: got %q, want %q\n%s", got, want, r.body)
	}
	w.refused(t, http.StatusUnsupportedMediaType, "", "POST", path, `code=gold`, header{"Content-Type", "application/x-www-form-urlencoded"})
	w.refused(t, http.StatusUnprocessableEntity, "after", "GET", "/v1/links?after=x", "")
	w.refused(t, http.StatusUnprocessableEntity, "limit", "GET", "/v1/links?limit=201", "")
	w.refused(t, http.StatusUnprocessableEntity, "limit", "GET", "/v1/links?limit=x", "")
	w.refused(t, http.StatusUnprocessableEntity, "offset", "GET", "/v1/links?offset=1", "")
	w.ok(t, http.StatusOK, "POST", path, `{"code":"gold","price":1,"name":"a\\u0000b","period":null}`)
}

func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		const jane = `{"name":"Jane","email":"jane@example.org","state":"active"}`
		key := header{"Idempotency-Key", "5d2f"}
		first := w.ok(t, http.StatusCreated, "POST", "/v1/affiliates", jane, key)
		before := w.rows(t)
		again := w.ok(t, http.StatusCreated, "POST", "/v1/affiliates", jane, key)
		if first.body != again.body || again.header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("repeated: got %s %v, want %s", again.body, again.header, first.body)
		}
		if after := w.rows(t); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("repeated: rows changed: %v, %v", before, after)
		}
		w.refused(t, http.StatusUnprocessableEntity, "Idempotency-Key", "POST", "/v1/affiliates", strings.Replace(jane, "Jane", "Joan", 1), key)
		w.refused(t, http.StatusUnprocessableEntity, "Idempotency-Key", "POST", "/v1/affiliates", jane, header{"Idempotency-Key", strings.Repeat("k", 256)})
		// Another caller's key of the same text is another key.
		w.ok(t, http.StatusCreated, "POST", "/v1/affiliates", jane, key, as(w.otherKey))
		// What was refused may be sent again under its key, mended.
		mended := header{"Idempotency-Key", "77aa"}
		w.refused(t, http.StatusConflict, "email", "POST", "/v1/affiliates", jane, mended)
		w.ok(t, http.StatusCreated, "POST", "/v1/affiliates", strings.ReplaceAll(jane, "jane@", "joan@"), mended)
	})
}

func TestPublishableKeyQuotesFromPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	pre := w.call(t, "OPTIONS", "/v1/coupons/quote", "", header{"Authorization", ""}, header{"Origin", "https://www.fernwood.example"})
	if got, want := pre.header.Get("Access-Control-Allow-Headers"), "Authorization, Content-Type"; pre.status != http.StatusNoContent || got != want {
		t.Errorf("preflight: got %d %q, want %q", pre.status, got, want)
	}
	ask := `{"code":"NOBODY99","plan":"starter"}`
	r := w.ok(t, http.StatusOK, "POST", "/v1/coupons/quote", ask, as(w.page))
	if got, want := r.header.Get("Access-Control-Allow-Origin"), "*"; got != want {
		t.Errorf("origin: got %q, want %q", got, want)
	}
	if r := w.call(t, "GET", "/v1/program", ""); r.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a call with a secret key is open to pages")
	}
	// Trying codes out is slow: each miss costs six turns of thirty.
	last := r
	for range 10 {
		last = w.call(t, "POST", "/v1/coupons/quote", ask, as(w.page))
	}
	if last.status != http.StatusTooManyRequests || last.header.Get("Retry-After") == "" {
		t.Errorf("after 11 misses: got %d, Retry-After %q", last.status, last.header.Get("Retry-After"))
	}
	w.ok(t, http.StatusOK, "POST", "/v1/coupons/quote", ask)
}
