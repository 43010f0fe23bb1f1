package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
)

// TestEveryCallAsksForItsScope calls everything without a key, with a key of
// pages, with one that may read everything and with one that may do nothing.
func TestEveryCallAsksForItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	f := w.furnish(t)
	reads := slices.DeleteFunc(access.ScopesOf(access.Secret), func(s access.Scope) bool {
		return !strings.HasSuffix(string(s), ":read") || s == access.Quote
	})
	var reader, idle string
	w.Write(t, func(tx *db.Tx) error {
		reader = newKey(t, tx, w.shop, access.NewKey{Kind: access.Secret, Scopes: reads})
		idle = newKey(t, tx, w.shop, access.NewKey{Kind: access.Secret, Scopes: []access.Scope{access.ReadEvents}})
		return nil
	})
	for _, c := range calls(t, w.ok(t, http.StatusOK, "GET", "/v1/openapi.json", "")) {
		kind, _, _ := strings.Cut(strings.TrimPrefix(c.path, "/v1/"), "/")
		path := placeholder.ReplaceAllString(c.path, f[kind])
		quote := c.op["operationId"] == "quoteCoupon"
		for _, try := range []struct {
			who    string
			header header
			status int
		}{
			{"nobody", header{"Authorization", ""}, http.StatusUnauthorized},
			{"a page", as(w.page), http.StatusForbidden},
			{"who may do nothing", as(idle), http.StatusForbidden},
			{"a reader", as(reader), http.StatusForbidden},
		} {
			if quote && try.who == "a page" {
				continue
			}
			// The file for the bank holds whole accounts: it needs more.
			if c.method == http.MethodGet && try.who == "a reader" && c.op["operationId"] != "getRunFile" {
				if got := w.call(t, c.method, path, "", try.header).status; got != http.StatusOK {
					t.Errorf("%s %s by %s: got %d, want 200", c.method, path, try.who, got)
				}
				continue
			}
			w.refused(t, try.status, "", c.method, path, "{}", try.header)
		}
	}
}

// TestOtherProgramsIDsInBodies names the shop's things in the other program's
// calls, where they do not stand in the path.
func TestOtherProgramsIDsInBodies(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		f := w.furnish(t)
		quote := w.ok(t, http.StatusOK, "POST", "/v1/coupons/quote", `{"code":"JANE10","plan":"starter"}`).at("quote")
		token := w.token(t, f["links"], d.Clock.Now())
		run := w.ok(t, http.StatusCreated, "POST", "/v1/payout-runs", "", as(w.otherKey)).at("id")
		aff := `{"affiliate_id":"` + f["affiliates"] + `"`
		const rules = `"rules":[{"trigger":"payment","rate":{"percent_ppm":1}}]`
		for _, try := range []struct {
			status       int
			field        string
			method, path string
			body         string
		}{
			{http.StatusNotFound, "", "POST", "/v1/links", aff + `}`},
			{http.StatusNotFound, "", "POST", "/v1/coupons", aff + `,"percent_ppm":1}`},
			{http.StatusUnprocessableEntity, "scope.id", "POST", "/v1/terms", `{"scope":{"kind":"affiliate","id":"` + f["affiliates"] + `"},` + rules + `}`},
			{http.StatusUnprocessableEntity, "scope.id", "POST", "/v1/terms", `{"scope":{"kind":"link","id":"` + f["links"] + `"},` + rules + `}`},
			{http.StatusUnprocessableEntity, "scope.id", "POST", "/v1/terms", `{"scope":{"kind":"coupon","id":"` + f["coupons"] + `"},` + rules + `}`},
			{http.StatusConflict, "", "POST", "/v1/payout-runs/" + run + "/approve", `{"lines":[` + aff + `,"currency":"EUR","amount":570}]}`},
			{http.StatusNotFound, "", "GET", "/v1/payments?customer_id=c1", ""},
		} {
			w.refused(t, try.status, try.field, try.method, try.path, try.body, as(w.otherKey))
		}
		for _, list := range []string{"links", "coupons", "referrals", "commissions", "payouts"} {
			path := fmt.Sprintf("/v1/%s?affiliate_id=%s", list, f["affiliates"])
			if own := w.ok(t, http.StatusOK, "GET", path, ""); own.at("data.0.id") == "" {
				t.Errorf("%s: the own list is empty", path)
			}
			if r := w.ok(t, http.StatusOK, "GET", path, "", as(w.otherKey)); r.at("data.0.id") != "" {
				t.Errorf("%s: the other program sees %s", path, r.body)
			}
			after := fmt.Sprintf("/v1/%s?after=%s", list, f[list])
			if r := w.ok(t, http.StatusOK, "GET", after, "", as(w.otherKey)); r.at("data.0.id") != "" {
				t.Errorf("%s: the other program sees %s", after, r.body)
			}
		}
		// A code, token or quote of another program is evidence of nothing, and tells nothing.
		r := w.ok(t, http.StatusCreated, "POST", "/v1/referrals", `{"customer_id":"c9","coupon":"JANE10","tokens":["`+token+`"]}`, as(w.otherKey))
		if q := w.ok(t, http.StatusCreated, "POST", "/v1/referrals", `{"customer_id":"c8","quote":"`+quote+`"}`, as(w.otherKey)); q.at("referral.id") != "" || q.at("discount.granted") != "" {
			t.Errorf("the other program's quote gives %s", q.body)
		}
		if r.at("referral.id") != "" || r.at("discount.granted") != "false" || strings.Contains(r.body, f["affiliates"]) || strings.Contains(r.body, "Jane") {
			t.Errorf("the other program learns %s", r.body)
		}
		if r := w.ok(t, http.StatusOK, "POST", "/v1/coupons/quote", `{"code":"JANE10"}`, as(w.otherKey)); r.at("reason") != "unknown" {
			t.Errorf("the other program's quote: %s", r.body)
		}
	})
}
