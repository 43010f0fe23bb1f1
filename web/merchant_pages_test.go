package web_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/coupon"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/link"
	"tributary.example/money"
	"tributary.example/payment"
	"tributary.example/payout"
	"tributary.example/program"
	"tributary.example/referral"
)

// colleague is a guest on the staff of both sides of the program.
func (h *house) colleague(role access.Role) *guest {
	h.t.Helper()
	per := h.person("Mara Holm", string(role)+"@shop.example")
	h.Write(h.t, func(tx *db.Tx) error {
		for _, side := range []id.Program{h.prog.ID, h.prog.Twin} {
			if err := access.PutStaff(context.Background(), tx, side, per.ID, role); err != nil {
				return err
			}
		}
		return nil
	})
	return h.signedIn(per.ID)
}

// market is a house in which something has happened: Jane's code beat Omar's
// link, and the customer paid 100.00 and got 25.00 back; another customer came
// through a click that was too old.
type market struct {
	*house
	owner      *guest
	jane, omar promoter
	won        referral.Referral
	nobody     customer.Customer
	com        commission.Commission
}

func newMarket(t *testing.T) *market {
	h := newHouse(t)
	m := &market{house: h, owner: h.colleague(access.Owner)}
	m.jane, m.omar = h.promoter("Jane Doe", "jane@example.org"), h.promoter("Omar Haddad", "omar@example.org")
	h.later(24 * time.Hour)
	cus := h.signUp("cus-1", "linnea@fjordlab.example", clicked(m.omar.link, h.Now().Add(-12*time.Hour)), typed(m.jane.code, h.Now()))
	m.nobody = h.signUp("cus-2", "sam@example.net", clicked(m.omar.link, h.Now().AddDate(0, -6, 0)))
	h.pay("cus-1", "pay-1", 40000)
	h.refund("pay-1", 10000)
	all, err := commission.List(context.Background(), h, h.prog.ID, commission.Page{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d commissions: %v", len(all), err)
	}
	m.com = all[0]
	refs, err := referral.ForCustomer(context.Background(), h, h.prog.ID, cus.ID)
	if err != nil || len(refs) != 1 {
		t.Fatalf("%d referrals: %v", len(refs), err)
	}
	m.won = refs[0]
	return m
}

func (m *market) pages() []string {
	return []string{
		"", "/affiliates", "/affiliates/new", "/affiliates/" + string(m.jane.aff.ID), "/affiliates/" + string(m.jane.aff.ID) + "/links/new",
		"/affiliates/" + string(m.jane.aff.ID) + "/coupons/new", "/referrals", "/referrals/" + string(m.won.ID), "/referrals/" + string(m.nobody.ID),
		"/commissions", "/commissions/" + string(m.com.ID), "/payouts", "/payouts/draft", "/settings", "/settings/plans", "/settings/terms", "/keys",
	}
}

func TestANewProgramsPagesTeachTheNextStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	owner.get("/p/shop").is(http.StatusOK).has("Until the first commission", "First affiliate", "20 % of every payment, for life", "Make an API key")
	owner.get("/p/shop/affiliates").is(http.StatusOK).has("No affiliates here yet", "http://dash.localhost/join/shop")
	owner.get("/p/shop/referrals").is(http.StatusOK).has("No referrals yet")
	owner.get("/p/shop/commissions").is(http.StatusOK).has("No commissions here")
	owner.get("/p/shop/payouts").is(http.StatusOK).has("No payout runs yet")
	owner.get("/p/shop/payouts/draft").is(http.StatusOK).has("Nothing is payable.").lacks("Pay out")
	owner.get("/p/shop/settings/plans").is(http.StatusOK).has("starter", "19.00 EUR", "each month")
	owner.get("/p/shop/settings/terms").is(http.StatusOK).has("Version 1", "in force", "Each payment", "20 %", "for life")
	owner.get("/p/shop/keys").is(http.StatusOK).has("No key yet")
	owner.get("/p/shop-test").is(http.StatusOK).has("Test side. Nothing here moves real money.")
}

func TestTheFrameLeadsToTheOtherSideAndOtherPrograms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	owner.get("/p/shop/keys").is(http.StatusOK).has(`href="/p/shop-test/keys"`).lacks("The other")
	owner.get("/p/shop-test/settings").is(http.StatusOK).has(`href="/p/shop/settings"`, `href="/p/shop-test/settings"`)
	other := h.program("other")
	h.Write(t, func(tx *db.Tx) error {
		return access.PutStaff(context.Background(), tx, other.ID, h.inside[owner], access.Viewer)
	})
	owner.get("/p/shop/keys").is(http.StatusOK).has("The other", `href="/p/other"`)
	owner.get("/p/other").is(http.StatusOK).lacks(`href="/p/other-test"`) // not on the staff there
}

func TestPagesTellWhatHappened(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	jane := "/p/shop/affiliates/" + string(m.jane.aff.ID)
	m.owner.get("/p/shop").is(http.StatusOK).has("300.00 EUR", "60.00 EUR", "Jane Doe", "cus-1", "Nothing waits for you")
	m.owner.get("/p/shop/affiliates").is(http.StatusOK).has("Omar Haddad", "omar@example.org", "300.00", "60.00")
	m.owner.get("/p/shop/affiliates?q=JANE-10").is(http.StatusOK).has("Jane Doe").lacks("Omar Haddad")
	m.owner.get("/p/shop/affiliates?q=omar%40").is(http.StatusOK).has("Omar Haddad").lacks("Jane Doe")
	m.owner.get("/p/shop/affiliates?q=%25").is(http.StatusOK).has("No affiliate matches “%”.")
	m.owner.get(jane).is(http.StatusOK).has("Active since", "60.00", "go.shop.example/jane-doe", "JANE10", "10 % off the first payment of starter", "cus-1",
		"No details given yet", "Made active", "Applied", "Suspend")
	m.owner.get("/p/shop/referrals").is(http.StatusOK).has("cus-1", "code", "standing", "cus-2", "refused", "pro")
	m.owner.get("/p/shop/referrals?state=refused").is(http.StatusOK).has("cus-2").lacks("cus-1")
	m.owner.get("/p/shop/referrals?state=standing").is(http.StatusOK).has("cus-1").lacks("cus-2")
	m.owner.get("/p/shop/referrals?affiliate=" + string(m.omar.aff.ID)).is(http.StatusOK).has("Nobody has signed up through Omar Haddad yet.")
	m.owner.get("/p/shop/referrals/"+string(m.won.ID)).is(http.StatusOK).has(
		"JANE10 was typed at sign-up; it outranks Omar Haddad's link clicked 12 hours earlier, because this program puts coupons first.",
		"Codes come first, the last click counts. Policy version 1.", "Code JANE10 of Jane Doe", "decides",
		"Link go.shop.example/omar-haddad of Omar Haddad", "is outranked", "linnea@fjordlab.example", "Closed by the first payment",
		"Paid 400.00 EUR", "Got back 100.00 EUR", "60.00")
	m.owner.get("/p/shop/referrals/"+string(m.nobody.ID)).is(http.StatusOK).has("refused", "Nobody is credited", "does not count", "sam@example.net", "has not paid yet")
	m.owner.get("/p/shop/commissions").is(http.StatusOK).has("Payment pay-1", "cus-1", "Jane Doe", "held", "300.00", "60.00")
	m.owner.get("/p/shop/commissions?state=review").is(http.StatusOK).has("Nothing is in review.")
	m.owner.get("/p/shop/commissions/"+string(m.com.ID)).is(http.StatusOK).has("60.00 EUR for Jane Doe", "The customer paid", "400.00", "-100.00", "Base", "300.00",
		"expense → held", "80.00", "20.00", "Version 1")
}

func TestTheDecisionsEvidenceStandsInTimeOrder(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	words := m.owner.get("/p/shop/referrals/" + string(m.won.ID)).is(http.StatusOK).words()
	link, code := strings.Index(words, "Link go.shop.example/omar-haddad"), strings.Index(words, "Code JANE10 of Jane Doe")
	if link < 0 || code < link {
		t.Errorf("the click of 12 hours before stands at %d, the code at %d", link, code)
	}
}

func TestStaffPagesAskForASignIn(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	stranger := m.signedIn(m.person("Stranger", "s@example.org").ID)
	for _, path := range m.pages() {
		m.guest().get("/p/shop" + path).leads("/sign-in?next=" + url.QueryEscape("/p/shop"+path))
		stranger.get("/p/shop" + path).is(http.StatusNotFound)
		m.jane.get("/p/shop" + path).is(http.StatusNotFound)
	}
}

// staffPosts is every form of the staff, below the base, and who of the staff
// may send it.
func (m *market) staffPosts() map[string][]access.Role {
	aff := "/affiliates/" + string(m.jane.aff.ID)
	manage := []access.Role{access.Owner, access.Admin, access.Support}
	money := []access.Role{access.Owner, access.Admin, access.Finance}
	change := []access.Role{access.Owner, access.Admin}
	posts := map[string][]access.Role{
		"/affiliates": manage, aff + "/approve": manage, aff + "/reject": manage, aff + "/suspend": manage, aff + "/reinstate": manage,
		aff + "/links": manage, aff + "/coupons": manage, "/payouts": {access.Owner, access.Finance},
		"/settings": change, "/settings/plans": change, "/settings/terms": change, "/settings/plans/pln_x/archive": change,
		"/keys": change, "/keys/key_x/revoke": change,
	}
	for _, act := range []string{"pause", "resume", "retire"} {
		posts[aff+"/links/"+string(m.jane.link.ID)+"/"+act] = manage
		posts[aff+"/coupons/"+string(m.jane.code.ID)+"/"+act] = manage
	}
	for _, act := range []string{"sent", "cancel", "settle", "payouts/pot_x/settle", "payouts/pot_x/fail"} {
		posts["/payouts/run_x/"+act] = money
	}
	return posts
}

func TestARoleDoesWhatItMayAndNoMore(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	for _, role := range access.Roles() {
		who := m.colleague(role)
		for path, may := range m.staffPosts() {
			refused := who.post("/p/shop"+path).Status == http.StatusForbidden
			if refused == slices.Contains(may, role) {
				t.Errorf("%s posts %s: refused is %v", role, path, refused)
			}
		}
	}
	viewer := m.colleague(access.Viewer)
	for _, path := range m.pages() {
		a := viewer.get("/p/shop" + path)
		switch {
		case a.Status == http.StatusForbidden && (strings.HasSuffix(path, "/new") || strings.HasSuffix(path, "/draft")):
		case a.Status != http.StatusOK:
			t.Errorf("a viewer sees %s with status %d", path, a.Status)
		case strings.Contains(a.Body, `method="post"`) && strings.Count(a.Body, `method="post"`) != strings.Count(a.Body, `action="/sign-out"`) && path != "/settings":
			t.Errorf("%s offers a viewer a form", path)
		}
	}
}

func TestNoOtherProgramsThingsAreFound(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.details(m.jane)
	m.release()
	m.owner.approve(t)
	runs, err := payout.Runs(context.Background(), m, m.prog.ID, "", 1)
	if err != nil || len(runs) != 1 {
		t.Fatalf("%d runs: %v", len(runs), err)
	}
	pots, err := payout.OfRun(context.Background(), m, m.prog.ID, runs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := program.Plans(context.Background(), m, m.prog.ID)
	if err != nil {
		t.Fatal(err)
	}
	m.owner.post("/p/shop/keys", "name", "server", "kind", "secret").is(http.StatusOK)
	keys, err := access.Keys(context.Background(), m, m.prog.ID)
	if err != nil {
		t.Fatal(err)
	}
	other := m.house.program("other")
	m.Write(t, func(tx *db.Tx) error {
		owner := m.inside[m.owner]
		return access.PutStaff(context.Background(), tx, other.ID, owner, access.Owner)
	})
	for _, path := range m.pages() {
		if strings.Count(path, "_") > 0 {
			m.owner.get("/p/other" + path).is(http.StatusNotFound)
		}
	}
	run := "/payouts/" + string(runs[0].ID)
	m.owner.get("/p/other" + run).is(http.StatusNotFound)
	m.owner.get("/p/other" + run + "/payouts.csv").is(http.StatusNotFound)
	m.owner.get("/p/other/payouts/draft?run=" + string(runs[0].ID)).is(http.StatusNotFound)
	for path := range m.staffPosts() {
		if !strings.Contains(path, "_") {
			continue
		}
		path = strings.NewReplacer("run_x", string(runs[0].ID), "pot_x", string(pots[0].ID), "pln_x", string(plans[0].ID), "key_x", string(keys[0].ID)).Replace(path)
		m.owner.post("/p/other"+path, "reason", "x", "reference", "x", "slug", "abc").is(http.StatusNotFound)
	}
	if l, _ := link.Get(context.Background(), m, m.prog.ID, m.jane.link.ID); l.State != link.Active {
		t.Errorf("the link is %s", l.State)
	}
	if c, _ := coupon.Get(context.Background(), m, m.prog.ID, m.jane.code.ID); c.State != coupon.Active {
		t.Errorf("the code is %s", c.State)
	}
}

// approve sends the draft that the page shows.
func (g *guest) approve(t *testing.T) answer {
	t.Helper()
	return g.post("/p/shop/payouts", g.get("/p/shop/payouts/draft").is(http.StatusOK).hidden("/p/shop/payouts")...)
}

// hidden are the hidden fields of the form with that action.
func (a answer) hidden(action string) []string {
	a.t.Helper()
	var fields []string
	found := false
	a.walk(func(n *html.Node, form string) {
		found = found || form == action
		if form == action && n.Data == "input" && attr(n, "type") == "hidden" {
			fields = append(fields, attr(n, "name"), attr(n, "value"))
		}
	})
	if !found {
		a.t.Errorf("no form %s in:\n%s", action, a.words())
	}
	return fields
}

// walk visits each element, with the action of the form around it.
func (a answer) walk(visit func(n *html.Node, form string)) {
	root, err := html.Parse(bytes.NewReader([]byte(a.Body)))
	if err != nil {
		a.t.Fatal(err)
	}
	var down func(n *html.Node, form string)
	down = func(n *html.Node, form string) {
		if n.Type == html.ElementNode {
			if n.Data == "form" {
				form = attr(n, "action")
			}
			visit(n, form)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			down(c, form)
		}
	}
	down(root, "")
}

// TestNoDeadButtonsForTheStaff walks from page to page: whatever a page links to answers,
// and whatever a form sends to is a route.
func TestNoDeadButtonsForTheStaff(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.details(m.jane)
	m.release()
	m.owner.approve(t).is(http.StatusSeeOther)
	applied := m.applies("Lena Fischer", "lena@example.org")
	m.become(m.omar.aff.ID, affiliate.Suspended, "Bids on our name.")
	seen := map[string]bool{}
	queue := []string{"/p/shop", "/p/shop-test", "/p/shop/affiliates/" + string(applied.ID)}
	forms := map[string]bool{}
	for len(queue) > 0 && len(seen) < 500 {
		at := queue[0]
		queue = queue[1:]
		if seen[at] {
			continue
		}
		seen[at] = true
		a := m.owner.get(at)
		if a.Status == http.StatusSeeOther {
			queue = append(queue, a.To)
			continue
		}
		if a.Status != http.StatusOK {
			t.Errorf("%s answers %d", at, a.Status)
			continue
		}
		a.is(http.StatusOK)
		a.walk(func(n *html.Node, form string) {
			to := attr(n, "href")
			if n.Data == "a" && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "/v1/") {
				queue = append(queue, to)
			}
			if n.Data == "form" && attr(n, "method") == "post" {
				forms[form] = true
			}
			if n.Data == "button" && form == "" && attr(n, "data-copy") == "" {
				t.Errorf("%s has a button that does nothing", at)
			}
		})
	}
	for action := range forms {
		// Nobody is signed in, so nothing happens; a route says so, and what is
		// no route says that there is nothing.
		if s := m.guest().post(action).Status; s != http.StatusUnauthorized && action != "/sign-out" {
			t.Errorf("a form sends to %s, which answers %d", action, s)
		}
	}
	if len(seen) < 40 || len(forms) < 15 {
		t.Errorf("only %d pages and %d forms were found", len(seen), len(forms))
	}
}

// applies enters an application that waits.
func (h *house) applies(name, mail string) (aff affiliate.Affiliate) {
	h.t.Helper()
	per := h.person(name, mail)
	h.Write(h.t, func(tx *db.Tx) (err error) {
		aff, err = affiliate.Apply(context.Background(), tx, h.prog, affiliate.Application{Person: per.ID, Name: name, Pitch: "I write about shops.", Website: "lena.example"})
		return err
	})
	return aff
}

// fields are the names and values that a browser sends with a form.
func (a answer) fields(action string) [][2]string {
	a.t.Helper()
	var list [][2]string
	choice := ""
	a.walk(func(n *html.Node, form string) {
		if form != action {
			return
		}
		name, on := attr(n, "name"), has(n, "checked")
		switch kind := attr(n, "type"); {
		case n.Data == "select":
			choice = name
		case n.Data == "option" && has(n, "selected"):
			list = append(list, [2]string{choice, attr(n, "value")})
		case n.Data == "textarea":
			text := ""
			if n.FirstChild != nil {
				text = n.FirstChild.Data
			}
			list = append(list, [2]string{name, text})
		case n.Data == "input" && (kind == "radio" || kind == "checkbox") && !on:
		case n.Data == "input":
			list = append(list, [2]string{name, attr(n, "value")})
		}
	})
	if len(list) == 0 {
		a.t.Errorf("no form %s in:\n%s", action, a.words())
	}
	return list
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func (h *house) refundMore(pay string, minor int64) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) error {
		_, err := flow.Refund(context.Background(), tx, h.prog, payment.RefundFact{
			PaymentExternalID: pay, ExternalID: pay + "-again", At: tx.Now(), AmountMinor: minor,
		})
		return err
	})
}

// bookIn books a payment in a currency of its own.
func (h *house) bookIn(tx *db.Tx, external, pay string, amount money.Amount) error {
	_, err := flow.Book(context.Background(), tx, h.prog, customer.Seen{ExternalID: external}, payment.Fact{
		ExternalID: pay, At: tx.Now(), Currency: string(amount.Currency), AmountMinor: amount.Minor, Source: payment.SourceAPI,
	})
	return err
}
