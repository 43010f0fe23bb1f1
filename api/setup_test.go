package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"tributary.example/internal/db/dbtest"
)

// affiliate enrols somebody and returns the id.
func (w *world) affiliate(t *testing.T, name, state string) string {
	t.Helper()
	body := fmt.Sprintf(`{"name":%q,"email":"%s@example.org","state":%q}`, name, strings.ToLower(name), state)
	return w.ok(t, http.StatusCreated, "POST", "/v1/affiliates", body).at("id")
}

func TestSetup(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		w.ok(t, http.StatusOK, "GET", "/v1/program", "")
		w.ok(t, http.StatusOK, "PATCH", "/v1/program", `{"name":"Fernwood","hold_days":0,"minimum":100,"suggest_plans":["starter"]}`)
		w.ok(t, http.StatusOK, "GET", "/v1/program/policy", "")
		w.ok(t, http.StatusOK, "PUT", "/v1/program/policy", `{"credit":"link_first","touch":"first_touch","checkout_paths":["/checkout"]}`)
		w.ok(t, http.StatusOK, "POST", "/v1/plans", `{"code":"Team","name":"Team","price":9900,"period":"year"}`)
		w.ok(t, http.StatusOK, "GET", "/v1/plans", "")
		w.ok(t, http.StatusCreated, "POST", "/v1/terms", `{"rules":[
			{"trigger":"payment","plans":["starter"],"rate":{"percent_ppm":200000},"first":{"fixed":{"EUR":500}},"duration":{"kind":"months","n":12}},
			{"trigger":"payment","rate":{"percent_ppm":100000}},
			{"trigger":"signup","rate":{"fixed":{"EUR":100}},"after_payment":true}],"note":"spring"}`)
		w.ok(t, http.StatusOK, "GET", "/v1/terms", "")
		jane := w.ok(t, http.StatusCreated, "POST", "/v1/affiliates", `{"name":"Jane Doe","email":"jane@example.org","website":"jane.example"}`).at("id")
		w.ok(t, http.StatusOK, "POST", "/v1/affiliates/"+jane+"/approve", "")
		w.ok(t, http.StatusOK, "GET", "/v1/links?affiliate_id="+jane, "")
		w.ok(t, http.StatusOK, "GET", "/v1/coupons?affiliate_id="+jane, "")
		link := w.ok(t, http.StatusCreated, "POST", "/v1/links", `{"affiliate_id":"`+jane+`","slug":"Spring","destination":"/pricing","label":"newsletter"}`).at("id")
		w.ok(t, http.StatusOK, "POST", "/v1/links/"+link+"/pause", "")
		w.ok(t, http.StatusOK, "POST", "/v1/links/"+link+"/resume", "{}")
		w.ok(t, http.StatusOK, "GET", "/v1/links/"+link, "")
		code := w.ok(t, http.StatusCreated, "POST", "/v1/coupons", `{"affiliate_id":"`+jane+`","code":"spring-26","fixed":{"EUR":500},"plans":["pro"],
			"payments":3,"ends_at":"2026-06-01T00:00:00Z","total_limit":100,"new_customers":true,"once_each":true}`).at("id")
		w.ok(t, http.StatusOK, "GET", "/v1/coupons/"+code, "")
		w.ok(t, http.StatusOK, "POST", "/v1/coupons/"+code+"/retire", "")
		w.ok(t, http.StatusOK, "POST", "/v1/affiliates/"+jane+"/suspend", `{"reason":"We must talk about your last video."}`)
		w.ok(t, http.StatusOK, "POST", "/v1/affiliates/"+jane+"/reinstate", "")
		w.ok(t, http.StatusOK, "GET", "/v1/affiliates", "")
		w.golden(t, "setup.golden")
	})
}

func TestSetupRefusals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		jane, invited := w.affiliate(t, "Jane", "active"), w.affiliate(t, "Ines", "invited")
		link := w.ok(t, http.StatusOK, "GET", "/v1/links?affiliate_id="+jane, "").at("data.0.id")
		code := w.ok(t, http.StatusCreated, "POST", "/v1/coupons", `{"affiliate_id":"`+jane+`","code":"GONE","percent_ppm":1}`).at("id")
		w.ok(t, http.StatusOK, "POST", "/v1/coupons/"+code+"/retire", "")
		const (
			invalid, conflict = http.StatusUnprocessableEntity, http.StatusConflict
			rate              = `"rate":{"percent_ppm":100000}`
		)
		for _, try := range []struct {
			status              int
			field, method, path string
			body                string
		}{
			{invalid, "zone", "PATCH", "/v1/program", `{"zone":"Mars/Olympus"}`},
			{invalid, "hold_days", "PATCH", "/v1/program", `{"hold_days":181}`},
			{invalid, "mode", "PATCH", "/v1/program", `{"mode":"secret"}`},
			{invalid, "credit", "PUT", "/v1/program/policy", `{"credit":"mine","touch":"last_touch"}`},
			{invalid, "touch", "PUT", "/v1/program/policy", `{"credit":"link_first"}`},
			{invalid, "checkout_paths", "PUT", "/v1/program/policy", `{"credit":"link_first","touch":"last_touch","checkout_paths":["checkout"]}`},
			{invalid, "rules", "POST", "/v1/terms", `{"rules":[]}`},
			{invalid, "rules", "POST", "/v1/terms", `{"rules":[{"trigger":"payment","plans":["gold"],` + rate + `}]}`},
			{invalid, "rules", "POST", "/v1/terms", `{"rules":[{"trigger":"signup",` + rate + `}]}`},
			{invalid, "rules[0].rate.percent_ppm", "POST", "/v1/terms", `{"rules":[{"trigger":"payment","rate":{"percent_ppm":1000001}}]}`},
			{invalid, "starts_at", "POST", "/v1/terms", `{"starts_at":"2026-01-01T00:00:00Z","rules":[{"trigger":"payment",` + rate + `}]}`},
			{invalid, "starts_at", "POST", "/v1/terms", `{"starts_at":"tomorrow","rules":[{"trigger":"payment",` + rate + `}]}`},
			{invalid, "scope.id", "POST", "/v1/terms", `{"scope":{"kind":"affiliate","id":"aff_x"},"rules":[{"trigger":"payment",` + rate + `}]}`},
			{invalid, "email", "POST", "/v1/affiliates", `{"name":"Jo","email":"jo"}`},
			{invalid, "name", "POST", "/v1/affiliates", `{"name":"","email":"jo@example.org"}`},
			{conflict, "email", "POST", "/v1/affiliates", `{"name":"Jane","email":"JANE@example.org"}`},
			{conflict, "", "POST", "/v1/affiliates/" + invited + "/reinstate", ``},
			{conflict, "", "POST", "/v1/affiliates/" + jane + "/reject", ``},
			{http.StatusForbidden, "", "POST", "/v1/links", `{"affiliate_id":"` + invited + `"}`},
			{invalid, "affiliate_id", "POST", "/v1/links", `{"affiliate_id":"jane"}`},
			{http.StatusNotFound, "", "POST", "/v1/links", `{"affiliate_id":"aff_01kjpzv280e2d9t52pyexnc0vh"}`},
			{invalid, "slug", "POST", "/v1/links", `{"affiliate_id":"` + jane + `","slug":"a b"}`},
			{conflict, "slug", "POST", "/v1/links", `{"affiliate_id":"` + jane + `","slug":"JANE"}`},
			{invalid, "destination", "POST", "/v1/links", `{"affiliate_id":"` + jane + `","destination":"https://evil.example/"}`},
			{http.StatusNotFound, "", "POST", "/v1/links/nothing/pause", ``},
			{invalid, "code", "POST", "/v1/coupons", `{"affiliate_id":"` + jane + `","code":"ä"}`},
			{conflict, "code", "POST", "/v1/coupons", `{"affiliate_id":"` + jane + `","code":"go-ne"}`},
			{invalid, "plans", "POST", "/v1/coupons", `{"affiliate_id":"` + jane + `","percent_ppm":1,"plans":["gold"]}`},
			{invalid, "fixed", "POST", "/v1/coupons", `{"affiliate_id":"` + jane + `","fixed":{"EUR":-5}}`},
			{invalid, "ends_at", "POST", "/v1/coupons", `{"affiliate_id":"` + jane + `","starts_at":"2026-05-01T00:00:00Z","ends_at":"2026-04-01T00:00:00Z"}`},
			{conflict, "", "POST", "/v1/coupons/" + code + "/resume", ``},
		} {
			w.refused(t, try.status, try.field, try.method, try.path, try.body)
		}
		w.ok(t, http.StatusOK, "POST", "/v1/links/"+link+"/retire", "")
		w.refused(t, conflict, "", "POST", "/v1/links/"+link+"/resume", "")
	})
}

func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	for i := range 5 {
		w.affiliate(t, fmt.Sprintf("Name%d", i), "invited")
	}
	var names []string
	path := "/v1/affiliates?limit=2"
	for pages := 1; ; pages++ {
		r := w.ok(t, http.StatusOK, "GET", path, "")
		names = append(names, r.at("data.0.name"), r.at("data.1.name"))
		if r.at("next") == "" {
			if pages != 3 {
				t.Errorf("pages: got %d, want 3", pages)
			}
			break
		}
		path = "/v1/affiliates?limit=2&after=" + r.at("next")
	}
	if got, want := strings.Join(names, " "), "Name4 Name3 Name2 Name1 Name0 "; got != want {
		t.Errorf("names: got %q, want %q", got, want)
	}
	r := w.ok(t, http.StatusOK, "GET", "/v1/affiliates?state=active", "")
	if got, want := r.body, `{"data":[]}`+"\n"; got != want {
		t.Errorf("no affiliates: got %s, want %s", got, want)
	}
}
