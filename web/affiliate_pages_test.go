package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/commission"
	"tributary.example/coupon"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/link"
	"tributary.example/payment"
	"tributary.example/payout"
	"tributary.example/program"
	"tributary.example/referral"
)

// promoter is an affiliate with what the tests need to know of them.
type promoter struct {
	*guest
	aff  affiliate.Affiliate
	link link.Link
	code coupon.Coupon
}

// promoter enrols somebody and makes them active.
func (h *house) promoter(name, mail string) promoter {
	h.t.Helper()
	p := promoter{}
	h.Write(h.t, func(tx *db.Tx) error {
		ctx := context.Background()
		aff, err := flow.Apply(ctx, tx, h.env.Flow, h.prog, flow.Application{Name: name, Email: mail})
		if err != nil {
			return err
		}
		if p.aff, err = flow.Approve(ctx, tx, h.env.Flow, h.prog, aff.ID, ""); err != nil {
			return err
		}
		links, err := link.OfAffiliate(ctx, tx, h.prog.ID, aff.ID)
		if err != nil {
			return err
		}
		coupons, err := coupon.OfAffiliate(ctx, tx, h.prog.ID, aff.ID)
		if err != nil {
			return err
		}
		p.link, p.code = links[0], coupons[0]
		return nil
	})
	p.guest = h.signedIn(p.aff.Person)
	return p
}

// touch is a piece of evidence: a click on a link so long ago, or a code.
func clicked(lnk link.Link, at time.Time) referral.Evidence {
	return referral.Evidence{
		Kind: referral.ByClick, Source: string(id.New[id.Click](at)), At: at, Affiliate: lnk.Affiliate, Link: lnk.ID, WindowDays: 60,
	}
}

func typed(c coupon.Coupon, at time.Time) referral.Evidence {
	return referral.Evidence{Kind: referral.ByCoupon, Source: string(c.Canonical), At: at, Affiliate: c.Affiliate, Coupon: c.ID}
}

// signUp registers a customer with evidence.
func (h *house) signUp(external, mail string, evidence ...referral.Evidence) (cus customer.Customer) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) (err error) {
		ctx := context.Background()
		if cus, err = customer.Ensure(ctx, tx, h.prog.ID, customer.Seen{ExternalID: external, Email: mail, PlanCode: "pro"}); err != nil {
			return err
		}
		if cus, err = customer.Step(ctx, tx, h.prog.ID, cus.ID, customer.SignedUp, tx.Now(), ""); err != nil {
			return err
		}
		for i := range evidence {
			evidence[i].Step, evidence[i].StepAt = customer.SignedUp, tx.Now()
		}
		if _, err := referral.Attribute(ctx, tx, h.prog, cus, evidence, nil); err != nil {
			return err
		}
		return commission.Settle(ctx, tx, h.prog, cus.ID)
	})
	return cus
}

// pay books a payment on pro, without tax.
func (h *house) pay(external, pay string, minor int64) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) error {
		_, err := flow.Book(context.Background(), tx, h.prog, customer.Seen{ExternalID: external}, payment.Fact{
			ExternalID: pay, At: tx.Now(), Currency: "EUR", AmountMinor: minor, PlanCode: "pro", Source: payment.SourceAPI,
		})
		return err
	})
}

func (h *house) refund(pay string, minor int64) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) error {
		_, err := flow.Refund(context.Background(), tx, h.prog, payment.RefundFact{
			PaymentExternalID: pay, ExternalID: pay + "-r", At: tx.Now(), AmountMinor: minor,
		})
		return err
	})
}

// release moves the clock beyond every hold and releases.
func (h *house) release() {
	h.t.Helper()
	h.later(31 * 24 * time.Hour)
	h.Write(h.t, func(tx *db.Tx) error {
		_, err := commission.Release(context.Background(), tx, h.prog, 100)
		return err
	})
}

func (h *house) become(aff id.Affiliate, state affiliate.State, reason string) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) error {
		_, err := flow.SetAffiliateState(context.Background(), tx, h.env.Flow, h.prog, aff, state, reason)
		return err
	})
}

// ownPaths are an affiliate's places.
var ownPaths = []string{"", "/links", "/coupons", "/guide", "/referrals", "/commissions", "/payouts", "/payout-details"}

func TestANewAffiliatesPagesTeachTheNextStep(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	for _, path := range ownPaths {
		jane.get("/a/shop" + path).is(http.StatusOK).has("The shop")
	}
	jane.get("/a/shop").has("https://go.shop.example/jane-doe", "JANE10", "Share your link or your code", "0.00")
	jane.get("/a/shop/links").has("https://go.shop.example/jane-doe", "default", "within 60 days of a click", "0 clicks", "0 sign-ups").lacks("What did not count")
	jane.get("/a/shop/coupons").has("JANE10", "10 % off the first payment of starter", "0 uses")
	jane.get("/a/shop/guide").has("https://go.shop.example/jane-doe", "JANE10", "20 % of each payment, for life, while the customer is active",
		"for 60 days", "Yes: 10 % off the first payment of starter.", "Use both, by audience and style.", "typing a code is a deliberate act")
	jane.get("/a/shop/referrals").has("Nobody here yet")
	jane.get("/a/shop/commissions").has("No commissions here")
	jane.get("/a/shop/payouts").has("You have not said where to pay", "No payout yet")
	jane.get("/a/shop/payout-details").has("IBAN", "PayPal", "As agreed", "Jane Doe")
}

func TestWhoIsNotSignedInSignsInFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.promoter("Jane Doe", "jane@example.org")
	stranger := h.signedIn(h.person("Stranger", "s@example.org").ID)
	for _, path := range append(ownPaths, "/referrals/ref_x", "/commissions/com_x", "/payouts/pot_x") {
		h.guest().get("/a/shop" + path).leads("/sign-in?next=" + strings.ReplaceAll("/a/shop"+path, "/", "%2F"))
		stranger.get("/a/shop" + path).is(http.StatusNotFound)
	}
	for _, path := range []string{"/links", "/links/lnk_x/pause", "/links/lnk_x/resume", "/payout-details", "/accept"} {
		h.guest().post("/a/shop" + path).is(http.StatusUnauthorized)
		stranger.post("/a/shop" + path).is(http.StatusNotFound)
	}
}

func TestLinksAreMadePausedAndResumed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	jane.post("/a/shop/links", "slug", "jane-podcast", "destination", "/pricing").leads("/a/shop/links")
	jane.get("/a/shop/links").is(http.StatusOK).has("The link is ready", "https://go.shop.example/jane-podcast", "leads to www.shop.example/pricing")
	jane.get("/a/shop/links").lacks("The link is ready") // told once
	made := h.linkOf(jane, "jane-podcast")
	jane.post("/a/shop/links/" + string(made.ID) + "/pause").leads("/a/shop/links")
	if got := h.linkOf(jane, "jane-podcast").State; got != link.Paused {
		t.Errorf("state %s after pausing", got)
	}
	jane.get("/a/shop/links").has("paused", "Resume")
	jane.post("/a/shop/links/" + string(made.ID) + "/resume").leads("/a/shop/links")
	if got := h.linkOf(jane, "jane-podcast").State; got != link.Active {
		t.Errorf("state %s after resuming", got)
	}
}

func TestALinkHasAQRCode(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane, omar := h.promoter("Jane Doe", "jane@example.org"), h.promoter("Omar", "omar@example.org")
	path := "/a/shop/links/" + string(jane.link.ID)
	if body := jane.get(path + "/qr.svg").is(http.StatusOK).Body; !strings.HasPrefix(body, "<svg") || !strings.Contains(body, "go.shop.example/jane-doe") {
		t.Errorf("no drawing of the link: %.80s", body)
	}
	if body := jane.get(path + "/qr.png").is(http.StatusOK).Body; !strings.HasPrefix(body, "\x89PNG") {
		t.Errorf("no PNG: %.20q", body)
	}
	omar.get(path + "/qr.svg").is(http.StatusNotFound)
	omar.get(path + "/qr.png").is(http.StatusNotFound)
}

func (h *house) linkOf(p promoter, slug string) (found link.Link) {
	h.t.Helper()
	all, err := link.OfAffiliate(context.Background(), h.DB, h.prog.ID, p.aff.ID)
	for _, l := range all {
		if string(l.Slug) == slug {
			found = l
		}
	}
	if err != nil || found.ID == "" {
		h.t.Fatalf("no link %s: %v", slug, err)
	}
	return found
}

func TestALinkThatCannotBeSaysWhyBesideItsField(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane, omar := h.promoter("Jane Doe", "jane@example.org"), h.promoter("Omar", "omar@example.org")
	for _, c := range []struct{ slug, destination, field, says string }{
		{"", "", "slug", "Choose an ending"},
		{"a", "", "slug", "cannot be the ending"},
		{"admin", "", "slug", "is reserved"},
		{string(omar.link.Slug), "", "slug", "is taken"},
		{"jane-new", "https://evil.example/x", "destination", "verified sites"},
	} {
		a := jane.post("/a/shop/links", "slug", c.slug, "destination", c.destination).is(http.StatusUnprocessableEntity).has(c.says)
		if !strings.Contains(a.Body, `id="`+c.field+`-error"`) || !strings.Contains(a.Body, `value="`+c.destination+`"`) {
			t.Errorf("%+v: not beside its field, or the input is gone", c)
		}
	}
	if all, err := link.OfAffiliate(context.Background(), h.DB, h.prog.ID, jane.aff.ID); err != nil || len(all) != 1 {
		t.Errorf("%d links, error %v", len(all), err)
	}
}

func TestAnotherAffiliatesThingsAreNotThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane, omar := h.promoter("Jane Doe", "jane@example.org"), h.promoter("Omar", "omar@example.org")
	h.signUp("c1", "lena@customer.example", typed(omar.code, h.Now()))
	h.pay("c1", "p1", 400_00)
	h.details(omar)
	h.release()
	h.payOut()
	ref, com, pot := h.onlyRef(omar), h.onlyCom(omar), h.onlyPot(omar)
	for _, path := range []string{"/referrals/" + string(ref), "/commissions/" + string(com), "/payouts/" + string(pot)} {
		omar.get("/a/shop" + path).is(http.StatusOK)
		jane.get("/a/shop" + path).is(http.StatusNotFound).lacks("Omar")
	}
	jane.post("/a/shop/links/" + string(omar.link.ID) + "/pause").is(http.StatusNotFound)
	if got := h.linkOf(omar, string(omar.link.Slug)).State; got != link.Active {
		t.Errorf("Omar's link is %s", got)
	}
	// The same ids in another program, where Omar is enrolled, too.
	other := h.prog
	h.prog = h.program("second")
	twice := h.promoter("Omar", "omar@example.org")
	h.prog = other
	for _, path := range []string{"/referrals/" + string(ref), "/commissions/" + string(com), "/payouts/" + string(pot)} {
		twice.get("/a/second" + path).is(http.StatusNotFound)
	}
	twice.post("/a/second/links/" + string(omar.link.ID) + "/pause").is(http.StatusNotFound)
	twice.get("/a/second").is(http.StatusOK).has("The shop", "The second") // the way over
}

func (h *house) onlyRef(p promoter) id.Referral {
	h.t.Helper()
	all, err := referral.OfAffiliate(context.Background(), h.DB, h.prog.ID, p.aff.ID, "", 2)
	if err != nil || len(all) != 1 {
		h.t.Fatalf("%d referrals, error %v", len(all), err)
	}
	return all[0].ID
}

func (h *house) onlyCom(p promoter) id.Commission {
	h.t.Helper()
	all, err := commission.OfAffiliate(context.Background(), h.DB, h.prog.ID, p.aff.ID, commission.Page{})
	if err != nil || len(all) != 1 {
		h.t.Fatalf("%d commissions, error %v", len(all), err)
	}
	return all[0].ID
}

func (h *house) onlyPot(p promoter) id.Payout {
	h.t.Helper()
	all, err := payout.OfAffiliate(context.Background(), h.DB, h.prog.ID, p.aff.ID, "", 2)
	if err != nil || len(all) != 1 {
		h.t.Fatalf("%d payouts, error %v", len(all), err)
	}
	return all[0].ID
}

// details gives a promoter payout details.
func (h *house) details(p promoter) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) error {
		_, err := affiliate.PutDetails(context.Background(), tx, h.env.Root, h.prog.ID, p.aff.ID, affiliate.Details{
			Rail: affiliate.RailBank, Holder: p.aff.Name, Account: "DE89370400440532013000",
		})
		return err
	})
}

// payOut approves a run of everything that is payable now and sends it.
func (h *house) payOut() {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) error {
		ctx := context.Background()
		run, err := payout.Open(ctx, tx, h.prog, tx.Now())
		if err != nil {
			return err
		}
		if _, _, err := payout.Approve(ctx, tx, h.prog, run.ID, run.Seen); err != nil {
			return err
		}
		_, err = payout.Send(ctx, tx, h.prog.ID, run.ID, "csv")
		return err
	})
}

func (h *house) settle(pot id.Payout, reference string) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) error {
		_, err := payout.Settle(context.Background(), tx, h.prog.ID, pot, reference)
		return err
	})
}

func TestAReferralIsToldWithoutAnotherAffiliatesName(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane, omar := h.promoter("Jane Doe", "jane@example.org"), h.promoter("Omar Sharif", "omar@example.org")
	h.Clock.Advance(96 * time.Hour)
	h.signUp("cust-77", "lena@customer.example", clicked(omar.link, h.Now().Add(-72*time.Hour)), typed(jane.code, h.Now()))

	list := jane.get("/a/shop/referrals").is(http.StatusOK).has("l•••@customer.example", "standing", "Your code JANE10 was typed at sign-up", "another affiliate's link", "coupons first")
	list.lacks("Omar", "lena@", "cust-77")
	page := jane.get("/a/shop/referrals/" + string(h.onlyRef(jane))).is(http.StatusOK)
	page.has("l•••@customer.example", "Your code JANE10", "Another affiliate's link", "decides", "does not count", "signed up", "pro")
	page.lacks("Omar", "omar-sharif", "lena@", "cust-77")
}

func TestAReferralThatWasLostOrVoidedSaysWhy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane, omar := h.promoter("Jane Doe", "jane@example.org"), h.promoter("Omar Sharif", "omar@example.org")
	h.Clock.Advance(time.Hour)
	cus := h.signUp("c1", "lena@customer.example", clicked(omar.link, h.Now().Add(-time.Hour)))
	ref := h.onlyRef(omar)
	h.Clock.Advance(time.Hour)
	h.Write(t, func(tx *db.Tx) error { // a code at onboarding takes the customer over
		e := typed(jane.code, tx.Now())
		e.Step, e.StepAt = customer.Onboarded, tx.Now()
		_, err := referral.Attribute(context.Background(), tx, h.prog, cus, []referral.Evidence{e}, nil)
		return err
	})
	omar.get("/a/shop/referrals").is(http.StatusOK).has("lost", "Your link was clicked", "another affiliate's code", "coupons first").lacks("Jane", "JANE10")
	omar.get("/a/shop/referrals/"+string(ref)).is(http.StatusOK).has("lost", "Your link go.shop.example/omar-sharif", "Another affiliate's code").lacks("Jane", "JANE10")
	omar.get("/a/shop/referrals?state=standing").is(http.StatusOK).has("Nobody here yet")
	omar.get("/a/shop/referrals?state=lost").is(http.StatusOK).has("l•••@customer.example")

	won := h.onlyRef(jane)
	h.Write(t, func(tx *db.Tx) error {
		_, err := referral.Void(context.Background(), tx, h.prog.ID, won, "The customer is your own company.")
		return err
	})
	jane.get("/a/shop/referrals").is(http.StatusOK).has("void", "The customer is your own company.")
	jane.get("/a/shop/referrals/" + string(won)).is(http.StatusOK).has("The customer is your own company.")
}

func TestACommissionShowsItsCalculationAndWhereItStands(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	h.signUp("c1", "lena@customer.example", typed(jane.code, h.Now()))
	h.Clock.Advance(time.Hour)
	h.pay("c1", "p1", 100_00)
	com := "/a/shop/commissions/" + string(h.onlyCom(jane))
	jane.get("/a/shop/commissions").is(http.StatusOK).has("Payment on pro", "l•••@customer.example", "held", "until 1 Apr 2026", "100.00", "20.00").lacks("lena@")
	jane.get(com).is(http.StatusOK).has("20.00 EUR", "Held until 1 Apr 2026; then it becomes payable by itself.", "20 % of 100.00 EUR for pro", "Earned 20.00 EUR.").lacks("lena@")
	jane.get("/a/shop").is(http.StatusOK).has("Held 20.00 EUR", "20.00 EUR is held")

	h.Clock.Advance(time.Hour)
	h.refund("p1", 25_00)
	jane.get(com).is(http.StatusOK).has("15.00 EUR", "Given back", "-25.00 EUR", "Base 75.00 EUR 20 % of 100.00 EUR for pro less the part that was given back 15.00 EUR", "Taken back 5.00 EUR. 2 Mar 2026, 12:00 Earned 20.00 EUR. 2 Mar 2026, 11:00")

	h.release()
	jane.get(com).is(http.StatusOK).has("payable", "The hold is over.")
	for state, finds := range map[string]bool{"payable": true, "held": false, "paid": false} {
		a := jane.get("/a/shop/commissions?state=" + state).is(http.StatusOK)
		if got := strings.Contains(a.Body, "l•••@customer.example"); got != finds {
			t.Errorf("tab %s shows the commission: %v", state, got)
		}
	}
}

func TestLongListsGoOn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	h.signUp("c1", "lena@customer.example", typed(jane.code, h.Now()))
	for n := range 60 {
		h.Clock.Advance(time.Minute)
		h.pay("c1", fmt.Sprintf("p%d", n), int64(10_00+n*100)) // the newest is 69.00, the oldest 10.00
	}
	first := jane.get("/a/shop/commissions?state=held").is(http.StatusOK).has("50 shown, newest first", "69.00").lacks(">2.00<")
	i := strings.Index(first.Body, "after=com_")
	if i < 0 {
		t.Fatal("no way to older ones")
	}
	after := first.Body[i:][:len("after=com_")+26]
	jane.get("/a/shop/commissions?state=held&"+after).is(http.StatusOK).has("10 shown", ">2.00<", "Newer").lacks(">13.80<")
}

func TestPayoutsFromTheFirstCentToTheAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	h.signUp("c1", "lena@customer.example", typed(jane.code, h.Now()))
	h.pay("c1", "p1", 100_00)
	h.release()
	jane.get("/a/shop/payouts").is(http.StatusOK).has("20.00 EUR is payable, but you have not said where to pay")
	jane.get("/a/shop").has("20.00 EUR is payable. Add your payout details")
	h.details(jane)
	jane.get("/a/shop/payouts").is(http.StatusOK).has("The next run would leave you out.", "below the minimum of 50.00 EUR", "Bank transfer", "DE89 … 3000").lacks("370400440532013000")
	h.pay("c1", "p2", 400_00)
	h.release()
	jane.get("/a/shop").is(http.StatusOK).has("Your next payout is 100.00 EUR so far.")
	jane.get("/a/shop/payouts").is(http.StatusOK).has("Next payout 100.00 EUR").lacks("leave you out")
	h.payOut()
	jane.get("/a/shop").is(http.StatusOK).has("100.00 EUR is on its way to you.")
	pot := h.onlyPot(jane)
	page := "/a/shop/payouts/" + string(pot)
	jane.get(page).is(http.StatusOK).has("sent", "Commission released, payment", "l•••@customer.example", "20.00", "80.00", "Sum 100.00", "DE89 … 3000").lacks("lena@")
	h.settle(pot, "2026-05-04/118")
	jane.get(page).is(http.StatusOK).has("settled", "Paid on", "2026-05-04/118")
	jane.get("/a/shop/payouts").is(http.StatusOK).has("settled", "2026-05-04/118", "100.00")
	jane.get("/a/shop").is(http.StatusOK).has("Paid 100.00 EUR")
}

func TestAFailedPayoutSaysWhy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	h.details(jane)
	h.signUp("c1", "lena@customer.example", typed(jane.code, h.Now()))
	h.pay("c1", "p1", 500_00)
	h.release()
	h.payOut()
	pot := h.onlyPot(jane)
	h.Write(t, func(tx *db.Tx) error {
		_, err := payout.Fail(context.Background(), tx, h.prog.ID, pot, "The account was closed")
		return err
	})
	jane.get("/a/shop/payouts/"+string(pot)).is(http.StatusOK).has("failed", "The account was closed. The amount is payable again.")
	jane.get("/a/shop").is(http.StatusOK).has("Payable 100.00 EUR")
}

func TestPayoutDetailsAreCheckedKeptAndMasked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	for _, c := range []struct{ rail, holder, account, field string }{
		{"bank", "Jane Doe", "DE89 3704 0044 0532 0130 01", "account"},
		{"paypal", "Jane Doe", "no address", "account"},
		{"manual", "Jane Doe", "", "account"},
		{"bank", "", "DE89 3704 0044 0532 0130 00", "holder"},
		{"cheque", "Jane Doe", "x", "rail"},
	} {
		a := jane.post("/a/shop/payout-details", "rail", c.rail, "holder", c.holder, "account", c.account).is(http.StatusUnprocessableEntity)
		if !strings.Contains(a.Body, `id="`+c.field+`-error"`) && !strings.Contains(a.Body, "is not a way to be paid") {
			t.Errorf("%+v: no mistake beside %s", c, c.field)
		}
		if !strings.Contains(a.Body, `value="`+c.account+`"`) {
			t.Errorf("%+v: the input is gone", c)
		}
	}
	if _, ok, err := affiliate.DetailsOf(context.Background(), h.DB, h.prog.ID, jane.aff.ID); ok || err != nil {
		t.Fatalf("details were kept: %v, error %v", ok, err)
	}
	jane.post("/a/shop/payout-details", "rail", "bank", "holder", "Jane Doe", "account", "DE89 3704 0044 0532 0130 00").leads("/a/shop/payouts")
	jane.get("/a/shop/payouts").is(http.StatusOK).has("Your payout details are saved.", "Bank transfer", "DE89 … 3000")
	jane.get("/a/shop/payout-details").is(http.StatusOK).has("In use now", "DE89 … 3000").lacks("DE89 3704", "DE89370400440532013000")
	jane.post("/a/shop/payout-details", "rail", "paypal", "holder", "Jane Doe", "account", "jane@example.org").leads("/a/shop/payouts")
	jane.get("/a/shop/payouts").has("PayPal", "ja…@example.org")
}

func TestWhatDidNotCountIsSaidInWords(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	frame := click.Frame{ID: id.New[id.Frame](h.Now())}
	for i, reason := range click.Reasons {
		frame.Drops = append(frame.Drops, click.Drop{
			Program: h.prog.ID, Link: jane.link.ID, Affiliate: jane.aff.ID, Reason: reason, Minute: h.Now().Unix() / 60, Hits: int64(i + 1),
		})
	}
	frame.Clicks = []click.Click{{
		ID: id.New[id.Click](h.Now()), At: h.Now(), Program: h.prog.ID, Link: jane.link.ID, Affiliate: jane.aff.ID,
		Day: click.LocalDay(h.Now(), h.prog.Location()), Visitor: "v",
	}}
	h.store(frame)
	page := jane.get("/a/shop/links").is(http.StatusOK).has("1 click ", "What did not count", "Link preview", "Robot", "Repeated")
	for _, reason := range click.Reasons {
		if strings.Contains(string(reason), "_") && strings.Contains(page.words(), string(reason)) {
			t.Errorf("%s is shown as it is stored", reason)
		}
	}
	if n := strings.Count(page.Body, `class="why"`); n != len(click.Reasons) {
		t.Errorf("%d of %d reasons are explained", n, len(click.Reasons))
	}
	jane.get("/a/shop?measure=clicks").is(http.StatusOK).has("Clicks 1")
}

// store writes a frame into the click store.
func (h *house) store(frame click.Frame) {
	h.t.Helper()
	batch := click.Batch{Place: click.Place{Consumer: "test", Stream: "CLICKS", Created: h.Now()}, To: 1, Frames: []click.Frame{frame}}
	if _, err := click.NewSQL(h.Clicks).Save(context.Background(), batch); err != nil {
		h.t.Fatal(err)
	}
}

func TestWhoIsNotActiveReadsWhereTheyStand(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	h.signUp("c1", "lena@customer.example", typed(jane.code, h.Now()))
	h.pay("c1", "p1", 100_00)
	for _, c := range []struct {
		state affiliate.State
		says  string
	}{
		{affiliate.Suspended, "You are suspended"}, {affiliate.Banned, "You are banned"},
	} {
		h.Clock.Advance(time.Hour)
		h.become(jane.aff.ID, c.state, "Ads on our own name.")
		jane.get("/a/shop").is(http.StatusOK).has(c.says, string(c.state), "Ads on our own name.", "20.00 EUR")
		for _, path := range ownPaths[1:] {
			jane.get("/a/shop"+path).is(http.StatusOK).has(c.says, "Ads on our own name.")
		}
		jane.get("/a/shop/links").lacks("Make the link", ">Pause<")
		jane.post("/a/shop/links", "slug", "jane-new").is(http.StatusUnprocessableEntity).has("Only an active affiliate")
		jane.post("/a/shop/links/" + string(jane.link.ID) + "/pause").is(http.StatusForbidden)
	}
	if all, err := link.OfAffiliate(context.Background(), h.DB, h.prog.ID, jane.aff.ID); err != nil || len(all) != 1 || all[0].State != link.Active {
		t.Errorf("links %+v, error %v", all, err)
	}
}

func TestAnApplicantWaitsAndIsToldTheAnswer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var aff affiliate.Affiliate
	h.Write(t, func(tx *db.Tx) (err error) {
		aff, err = flow.Apply(context.Background(), tx, h.env.Flow, h.prog, flow.Application{Name: "Jane Doe", Email: "jane@example.org"})
		return err
	})
	jane := h.signedIn(aff.Person)
	for _, path := range append(ownPaths, "/referrals/ref_x") {
		jane.get("/a/shop"+path).is(http.StatusOK).has("Your application is in", "Approval", "Your link and code").lacks("/a/shop/links")
	}
	jane.post("/a/shop/links", "slug", "jane-new").is(http.StatusOK).has("Your application is in")
	jane.post("/a/shop/accept").is(http.StatusConflict) // nobody approves themselves
	h.Clock.Advance(time.Hour)
	h.become(aff.ID, affiliate.Rejected, "We take bloggers only.")
	jane.get("/a/shop").is(http.StatusOK).has("Your application was not accepted", "We take bloggers only.")
	jane.post("/a/shop/accept").is(http.StatusConflict)
}

func TestAnInvitationIsAccepted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var aff affiliate.Affiliate
	h.Write(t, func(tx *db.Tx) (err error) {
		aff, err = flow.Apply(context.Background(), tx, h.env.Flow, h.prog, flow.Application{Name: "Jane Doe", Email: "jane@example.org", Invited: true})
		return err
	})
	jane := h.signedIn(aff.Person)
	jane.get("/a/shop").is(http.StatusOK).has("The shop invites you", "Accept the invitation")
	h.Clock.Advance(time.Hour)
	jane.post("/a/shop/accept").leads("/a/shop")
	jane.get("/a/shop").is(http.StatusOK).has("You are in.", "https://go.shop.example/jane-doe", "JANE10")
	jane.post("/a/shop/accept").leads("/a/shop") // pressed twice
	if all, err := link.OfAffiliate(context.Background(), h.DB, h.prog.ID, aff.ID); err != nil || len(all) != 1 {
		t.Errorf("%d links, error %v", len(all), err)
	}
}

func TestTheGuideSpeaksThePolicy(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	for credit, says := range map[program.Credit]string{
		program.LinkFirst: "a click on your link wins", program.CouponIfInvolved: "if the customer also clicked a link of yours",
	} {
		h.Clock.Advance(time.Hour)
		h.Write(t, func(tx *db.Tx) error {
			p := program.DefaultPolicy(tx.Now())
			p.Credit = credit
			_, err := program.SetPolicy(context.Background(), tx, h.prog.ID, p)
			return err
		})
		jane.get("/a/shop/guide").is(http.StatusOK).has(says)
	}
}

func TestACodesLimitsAreSaid(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane := h.promoter("Jane Doe", "jane@example.org")
	h.Write(t, func(tx *db.Tx) error {
		_, err := coupon.Create(context.Background(), tx, h.prog.ID, coupon.New{Affiliate: jane.aff.ID, Code: "SUMMER", Settings: coupon.Settings{
			Discount: coupon.Discount{Fixed: map[string]int64{"EUR": 500}, Payments: 3}, EndsAt: h.Now().Add(240 * time.Hour), TotalLimit: 100, NewCustomers: true,
		}})
		return err
	})
	jane.get("/a/shop/coupons").is(http.StatusOK).has("SUMMER", "5.00 EUR off the first 3 payments", "Until 12 Mar 2026.", "0 of 100 were used.", "For new customers only.")
	h.later(241 * time.Hour)
	jane.get("/a/shop/coupons").is(http.StatusOK).has("ended", "Ended on 12 Mar 2026.")
}

func TestWhatNeverBecameTheirsIsExplained(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane, omar, eve := h.promoter("Jane Doe", "jane@example.org"), h.promoter("Omar Sharif", "omar@example.org"), h.promoter("Eve", "eve@example.org")
	h.later(70 * 24 * time.Hour)
	cus := h.signUp("cust-77", "lena@customer.example",
		clicked(omar.link, h.Now().Add(-72*time.Hour)), clicked(eve.link, h.Now().Add(-61*24*time.Hour)), typed(jane.code, h.Now()))
	h.pay("cust-77", "p1", 100_00)

	omar.get("/a/shop/referrals").is(http.StatusOK).has("l•••@customer.example", "lost", "Your link was clicked 3 days before sign-up; another affiliate's code outranks it").
		lacks("Jane", "JANE10", "lena@", "cust-77", ">active<")
	omar.get("/a/shop/referrals?state=lost").is(http.StatusOK).has("l•••@customer.example")
	omar.get("/a/shop/referrals?state=standing").is(http.StatusOK).has("Nobody here yet")
	page := omar.get("/a/shop/referrals/" + string(cus.ID)).is(http.StatusOK)
	page.has("Your link go.shop.example/omar-sharif", "Another affiliate's code", "coupons first").lacks("Jane", "JANE10", "lena@", "cust-77", "100.00", "pro ")

	eve.get("/a/shop/referrals").is(http.StatusOK).has("refused", "outside the window of 60 days").lacks(`>lost<`)
	eve.get("/a/shop/referrals/"+string(cus.ID)).is(http.StatusOK).has("refused", "outside the window", "Another affiliate's code").lacks("Omar", "Jane")

	jane.get("/a/shop/referrals/" + string(cus.ID)).is(http.StatusNotFound) // hers has an address of its own
	h.promoter("Nobody", "n@example.org").get("/a/shop/referrals/" + string(cus.ID)).is(http.StatusNotFound)
}

// TestNoDeadButtons follows every link and looks for every form's target, on
// both databases: each question of these pages is asked of both.
func TestNoDeadButtons(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) { noDeadButtons(t, houseOver(t, d)) })
}

func noDeadButtons(t *testing.T, h *house) {
	jane, omar := h.promoter("Jane Doe", "jane@example.org"), h.promoter("Omar Sharif", "omar@example.org")
	h.details(jane)
	h.signUp("c1", "lena@customer.example", clicked(omar.link, h.Now().Add(-time.Minute)), typed(jane.code, h.Now()))
	h.pay("c1", "p1", 500_00)
	h.release()
	h.payOut()
	h.pay("c1", "p2", 100_00)
	jane.post("/a/shop/links", "slug", "jane-podcast").leads("/a/shop/links")
	jane.post("/a/shop/links/" + string(h.linkOf(jane, "jane-podcast").ID) + "/pause").leads("/a/shop/links")
	jane.post("/a/shop/links", "slug", "jane-video").leads("/a/shop/links")
	var waiting affiliate.Affiliate
	h.Write(t, func(tx *db.Tx) (err error) {
		waiting, err = flow.Apply(context.Background(), tx, h.env.Flow, h.prog, flow.Application{Name: "Ada", Email: "ada@example.org", Invited: true})
		return err
	})
	seen, forms := map[string]bool{}, map[string]bool{}
	for _, g := range []*guest{jane.guest, omar.guest, h.signedIn(waiting.Person)} {
		g.walk("/a/shop", map[string]bool{}, seen, forms)
	}
	for _, want := range []string{"/a/shop/commissions/", "/a/shop/payouts/", "/a/shop/referrals/ref_", "/a/shop/referrals/cus_", "/a/shop/payout-details", "/a/shop/guide"} {
		if !hasPrefix(seen, want) {
			t.Errorf("no link leads to %s", want)
		}
	}
	for _, want := range []string{"/a/shop/accept", "/a/shop/links", "/a/shop/links/lnk_", "/a/shop/payout-details", "/sign-out"} {
		if !hasPrefix(forms, want) {
			t.Errorf("no form is sent to %s", want)
		}
	}
}

func hasPrefix(all map[string]bool, prefix string) bool {
	for one := range all {
		if strings.HasPrefix(one, prefix) {
			return true
		}
	}
	return false
}
