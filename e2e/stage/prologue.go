package stage

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// The prologue's program: one site with two hosts, as it would be in use.
const (
	prologueSlug  = "riverbank"
	prologueLinks = "go.shop.localhost"
	prologueSite  = "www.shop.localhost"
	prologueMail  = "mara@riverbank.example"
	prologuePass  = "three quiet herons"
)

var (
	keyText  = regexp.MustCompile(`trb_sk_live_[0-9A-Za-z_-]+`)
	tokenArg = regexp.MustCompile(`[?&]token=([0-9A-Za-z_-]+)`)
)

// cmdProgram plays what every merchant does first, in the browser and with
// the API: the set-up link, plans, a key, a payout's minimum of 1.00. It leaves
// $KEY, and $EDGE as the link host. A commission is 20 % for life; the hold is
// 30 days unless it is given: `program [HOLD_DAYS]`.
func cmdProgram(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, false, args, 0)
	hold := "30"
	if len(args) > 0 {
		hold = args[0]
	}
	match, err := st.server.Says(`/set-up\?token=([0-9A-Za-z_-]+)`)
	ts.Check(err)
	st.visitor = st.as("owner")
	ts.Setenv("EDGE", "http://"+prologueLinks+":"+ts.Getenv("EDGE_PORT"))
	st.submit(ts, "/set-up", url.Values{
		"token": {match[1]}, "name": {"Mara Brook"}, "email": {prologueMail}, "password": {prologuePass},
		"program": {"Riverbank"}, "slug": {prologueSlug}, "site_url": {"http://" + prologueSite + ":" + ts.Getenv("SHOP_PORT")},
		"link_host": {prologueLinks + ":" + ts.Getenv("EDGE_PORT")}, "currency": {"EUR"}, "zone": {"UTC"}, "percent": {"20"}, "mode": {"full"},
	})
	made := st.submit(ts, "/p/"+prologueSlug+"/keys", url.Values{"name": {"Story"}, "kind": {"secret"}})
	key := keyText.FindString(made.Body)
	if key == "" {
		ts.Fatalf("the page of a new key shows none:\n%s", made.Text())
	}
	ts.Setenv("KEY", key)
	st.ask(ts, "PATCH", "/v1/program", fmt.Sprintf(`{"hold_days": %s, "minimum": 100, "suggest_percent_ppm": 100000, "suggest_plans": ["starter"]}`, hold))
	for _, plan := range []string{
		`{"code": "starter", "name": "Starter", "currency": "EUR", "price": 1900, "period": "month"}`,
		`{"code": "pro", "name": "Pro", "currency": "EUR", "price": 4900, "period": "month"}`,
	} {
		st.ask(ts, "POST", "/v1/plans", plan)
	}
}

// cmdAffiliate lets somebody apply on the public page, approves them through
// the API, and waits until the edge knows the link: `affiliate NAME PREFIX`
// leaves $PREFIX (the id), $PREFIX_SLUG and $PREFIX_CODE.
func cmdAffiliate(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, false, args, 2)
	name, prefix := args[0], args[1]
	before := st.visitor
	st.visitor = st.as(strings.ToLower(prefix))
	mail := strings.ToLower(prefix) + "@example.com"
	st.submit(ts, "/join/"+prologueSlug, url.Values{"name": {name}, "email": {mail}})
	list := st.ask(ts, "GET", "/v1/affiliates?state=applied", "")
	aff, err := Pick(list, "data.0.id")
	ts.Check(err)
	st.ask(ts, "POST", "/v1/affiliates/"+aff+"/approve", "{}")
	links := st.ask(ts, "GET", "/v1/links?affiliate_id="+aff, "")
	slug, err := Pick(links, "data.0.slug")
	ts.Check(err)
	coupons := st.ask(ts, "GET", "/v1/coupons?affiliate_id="+aff, "")
	code, err := Pick(coupons, "data.0.code")
	ts.Check(err)
	ts.Setenv(prefix, aff)
	ts.Setenv(prefix+"_SLUG", slug)
	ts.Setenv(prefix+"_CODE", code)
	st.visitor = before
	// The edge hears of link and affiliate one after the other.
	ts.Check(until(func() error {
		a, err := NewVisitor("probe").Click(ts.Getenv("EDGE")+"/"+slug, nil)
		if err == nil && !strings.Contains(a.Location, ts.Getenv("VIA")+"=") {
			err = fmt.Errorf("the edge answers %d to %q for the new link", a.Status, a.Location)
		}
		return err
	}))
}

// cmdEnter follows the one-time link of the newest mail to somebody, chooses a
// password and is signed in: `enter MAIL`.
func cmdEnter(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, false, args, 1)
	var token string
	ts.Check(until(func() (err error) {
		token, err = st.server.mailed(args[0], tokenArg)
		return err
	}))
	a := st.submit(ts, "/enter", url.Values{"token": {token}, "password": {prologuePass}})
	ts.Setenv("PAGE", a.URL)
	fmt.Fprintln(ts.Stdout(), a.Text())
}

// submit submits a form that must succeed.
func (st *story) submit(ts *testscript.TestScript, path string, form url.Values) Answer {
	a, err := st.visitor.Submit(whole(ts, "APP", path), form)
	ts.Check(err)
	if a.Status >= 400 {
		ts.Fatalf("%s: status %d: %.600s", path, a.Status, a.Text())
	}
	return a
}

// ask calls the API, which must succeed.
func (st *story) ask(ts *testscript.TestScript, method, path, body string) string {
	a, err := call(ts, method, path, body, nil)
	ts.Check(err)
	if a.Status >= 400 {
		ts.Fatalf("%s %s: status %d: %s", method, path, a.Status, a.Body)
	}
	return a.Body
}
