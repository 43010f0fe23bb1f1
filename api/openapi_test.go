package api_test

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tributary.example/internal/db/dbtest"
)

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	r := w.ok(t, http.StatusOK, "GET", "/v1/openapi.json", "", header{"Authorization", ""})
	compare(t, "openapi.json", r.body)
	if got, want := r.at("openapi"), "3.1.0"; got != want {
		t.Errorf("version: got %q, want %q", got, want)
	}
	if strings.Contains(r.body, `"$schema"`) {
		t.Error("answers carry a $schema")
	}
	for _, c := range calls(t, r) {
		if c.op["summary"] == nil || c.op["security"] == nil {
			t.Errorf("%s %s has no summary or no security", c.method, c.path)
		}
		responses, _ := c.op["responses"].(map[string]any)
		if responses["default"] == nil {
			t.Errorf("%s %s does not say how it refuses", c.method, c.path)
		}
	}
}

type operation struct {
	method, path string
	op           map[string]any
}

// calls lists the document's operations.
func calls(t *testing.T, document reply) []operation {
	t.Helper()
	doc, _ := document.json.(map[string]any)
	paths, _ := doc["paths"].(map[string]any)
	var all []operation
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item, _ := paths[path].(map[string]any)
		for _, method := range slices.Sorted(maps.Keys(item)) {
			op, ok := item[method].(map[string]any)
			if !ok {
				t.Fatalf("%s %s is no operation", method, path)
			}
			all = append(all, operation{strings.ToUpper(method), path, op})
		}
	}
	if len(all) < 40 {
		t.Fatalf("the document has %d calls only", len(all))
	}
	return all
}

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

// TestOtherProgramsIDs asks for everything that one program has with the other
// program's key, on every path that takes an id.
func TestOtherProgramsIDs(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		f := w.furnish(t)
		bodies := map[string]string{
			"createRefund": `{"refund_id":"r9","amount":1}`, "setCustomerState": `{"state":"inactive"}`,
			"settlePayout": `{"reference":"x"}`, "failPayout": `{"reason":"x"}`,
		}
		document := w.ok(t, http.StatusOK, "GET", "/v1/openapi.json", "")
		for _, c := range calls(t, document) {
			path := placeholder.ReplaceAllStringFunc(c.path, func(string) string {
				kind, _, _ := strings.Cut(strings.TrimPrefix(c.path, "/v1/"), "/")
				if f[kind] == "" {
					t.Fatalf("%s: furnish makes no %s", c.path, kind)
				}
				return f[kind]
			})
			if path == c.path {
				continue
			}
			if c.method == "GET" {
				if own := w.call(t, c.method, path, ""); own.status != http.StatusOK {
					t.Errorf("%s %s: with the own key: got %d\n%s", c.method, path, own.status, own.body)
				}
			}
			name, _ := c.op["operationId"].(string)
			before := w.rows(t)
			r := w.call(t, c.method, path, bodies[name], as(w.otherKey))
			if r.status != http.StatusNotFound {
				t.Errorf("%s %s: with the other program's key: got %d, want 404\n%s", c.method, path, r.status, r.body)
			}
			if !maps.Equal(before, w.rows(t)) {
				t.Errorf("%s %s: rows changed", c.method, path)
			}
		}
		for _, list := range []string{"affiliates", "links", "coupons", "customers", "referrals", "payments", "commissions", "payout-runs", "payouts"} {
			if own := w.ok(t, http.StatusOK, "GET", "/v1/"+list, ""); own.at("data.0.id") == "" {
				t.Errorf("%s: the own list is empty", list)
			}
			if got := w.ok(t, http.StatusOK, "GET", "/v1/"+list, "", as(w.otherKey)); got.at("data.0.id") != "" {
				t.Errorf("%s: the other program sees %s", list, got.body)
			}
		}
	})
}

// furnish makes one of everything in the shop's program and returns the ids
// by the first part of their path.
func (w *world) furnish(t *testing.T) map[string]string {
	t.Helper()
	jane := w.affiliate(t, "Jane", "active")
	w.details(t, jane)
	w.ok(t, http.StatusOK, "PATCH", "/v1/program", `{"hold_days":0,"minimum":100}`)
	f := map[string]string{"affiliates": jane, "customers": "c1", "payments": "p1"}
	f["links"] = w.ok(t, http.StatusOK, "GET", "/v1/links", "").at("data.0.id")
	f["coupons"] = w.ok(t, http.StatusOK, "GET", "/v1/coupons", "").at("data.0.id")
	f["referrals"] = w.ok(t, http.StatusCreated, "POST", "/v1/referrals", `{"customer_id":"c1","coupon":"JANE10"}`).at("referral.id")
	paid := w.ok(t, http.StatusCreated, "POST", "/v1/payments", `{"payment_id":"p1","customer_id":"c1","currency":"EUR","amount":1900,"plan":"starter"}`)
	f["commissions"] = paid.at("commissions.0.id")
	w.release(t)
	run := w.ok(t, http.StatusCreated, "POST", "/v1/payout-runs", "").at("id")
	f["payout-runs"] = run
	w.ok(t, http.StatusOK, "POST", "/v1/payout-runs/"+run+"/approve", "")
	f["payouts"] = w.ok(t, http.StatusOK, "POST", "/v1/payout-runs/"+run+"/send", "").at("payouts.0.id")
	return f
}
