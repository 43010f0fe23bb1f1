package web_test

import (
	"context"
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/coupon"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/link"
	"tributary.example/money"
	"tributary.example/payout"
	"tributary.example/program"
)

func TestAnApplicationIsApprovedAndAFlashSaysSoOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	aff := h.applies("Lena Fischer", "lena@example.org")
	page := "/p/shop/affiliates/" + string(aff.ID)
	owner.get("/p/shop").is(http.StatusOK).has("One person has applied.", "Look at applications")
	owner.get(page).is(http.StatusOK).has("I write about shops.", "lena.example", "Approve affiliate").lacks("Suspend Lena")
	owner.post(page + "/approve").leads(page)
	owner.get(page).is(http.StatusOK).has("Approved. Link and code are ready", "go.shop.example/lena-fischer", "LENA10", "by Mara Holm")
	owner.get(page).is(http.StatusOK).lacks("Approved. Link and code are ready")
	owner.post(page + "/approve").leads(page) // pressed twice
	if all, err := link.OfAffiliate(context.Background(), h, h.prog.ID, aff.ID); err != nil || len(all) != 1 {
		t.Errorf("%d links: %v", len(all), err)
	}
}

func TestAReasonIsAskedForAndKept(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	lena := h.applies("Lena Fischer", "lena@example.org")
	page := "/p/shop/affiliates/" + string(lena.ID)
	owner.post(page+"/reject", "reason", " ").is(http.StatusUnprocessableEntity).has("Say why, in a sentence that the affiliate may read.")
	owner.post(page+"/reject", "reason", strings.Repeat("x", 501)).is(http.StatusUnprocessableEntity).has("The reason is longer than 500 characters.", strings.Repeat("x", 501))
	owner.post(page+"/reject", "reason", "We look for other topics.").leads(page)
	owner.get(page).is(http.StatusOK).has("Rejected on", "We look for other topics.").lacks("Reject Lena Fischer")

	jane := h.promoter("Jane Doe", "jane@example.org")
	page = "/p/shop/affiliates/" + string(jane.aff.ID)
	h.later(time.Minute)
	owner.post(page+"/suspend", "reason", "Bids on our name.").leads(page)
	owner.get(page).is(http.StatusOK).has("suspended", "Bids on our name.", "Reinstate Jane Doe").lacks("New link")
	h.later(time.Minute)
	owner.post(page + "/reinstate").leads(page)
	if a, err := affiliate.Get(context.Background(), h, h.prog.ID, jane.aff.ID); err != nil || a.State != affiliate.Active {
		t.Errorf("state %s: %v", a.State, err)
	}
}

func TestInvite(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	owner.post("/p/shop/affiliates", "name", "Chi", "email", "nonsense").is(http.StatusUnprocessableEntity).has(`value="Chi"`, `value="nonsense"`, `aria-invalid="true"`)
	a := owner.post("/p/shop/affiliates", "name", "Chi Okafor", "email", "chi@okafor.example").is(http.StatusSeeOther)
	owner.get(a.To).is(http.StatusOK).has("The invitation is on its way.", "What happens next", "lets Chi Okafor in for 14 days", "invited", "Invited on", "chi@okafor.example")
	owner.post("/p/shop/affiliates", "name", "Chi", "email", "CHI@okafor.example").is(http.StatusUnprocessableEntity).has("enrolled in The shop already")
}

func TestLinksAndCodesAreMadeForAnAffiliate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner, jane := h.colleague(access.Owner), h.promoter("Jane Doe", "jane@example.org")
	page := "/p/shop/affiliates/" + string(jane.aff.ID)
	owner.post(page+"/links", "slug", "x", "destination", "/pricing").is(http.StatusUnprocessableEntity).has("x cannot be the ending of a link.", `value="/pricing"`)
	owner.post(page+"/links", "destination", "https://evil.example/").is(http.StatusUnprocessableEntity).has("The program's verified sites are: www.shop.example.")
	owner.post(page+"/links", "slug", "Jane-News", "destination", "/pricing", "label", "newsletter").leads(page)
	owner.get(page).is(http.StatusOK).has("The link is ready.", "go.shop.example/jane-news", "newsletter, leads to www.shop.example/pricing", "0 clicks")

	owner.post(page+"/coupons", "code", "JANE10", "discount", "10", "payments", "1").is(http.StatusUnprocessableEntity).has("The code JANE10 is taken.")
	owner.post(page+"/coupons", "code", "SPRING", "discount", "ten", "payments", "1", "ends_at", "soon", "total_limit", "-1").is(http.StatusUnprocessableEntity).
		has("ten is neither a percentage nor an amount.", "soon is not a date.", "-1 is not a whole number", `value="SPRING"`)
	owner.post(page+"/coupons", "code", "Spring 26", "discount", "5.00 EUR", "plans", "pro", "payments", "3", "ends_at", "2026-12-31", "total_limit", "100", "new_customers", "yes").leads(page)
	owner.get(page).is(http.StatusOK).has("SPRING 26", "5.00 EUR off the first 3 payments of pro, new customers only, at most 100 times")
	cpn := h.couponOf("SPRING26")
	want := coupon.Settings{
		Discount: coupon.Discount{Fixed: map[string]int64{"EUR": 500}, Plans: []string{"pro"}, Payments: 3}, NewCustomers: true, OnceEach: true,
		EndsAt: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), TotalLimit: 100,
	}
	if diff := cmp.Diff(cpn.Settings, want); diff != "" {
		t.Error(diff)
	}
}

func (h *house) couponOf(code coupon.Code) coupon.Coupon {
	h.t.Helper()
	cpn, ok, err := coupon.ByCode(context.Background(), h, h.prog.ID, code)
	if err != nil || !ok {
		h.t.Fatalf("code %s: %v", code, err)
	}
	return cpn
}

func TestLinksAndCodesArePausedResumedAndRetired(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner, jane, omar := h.colleague(access.Owner), h.promoter("Jane Doe", "jane@example.org"), h.promoter("Omar", "omar@example.org")
	page := "/p/shop/affiliates/" + string(jane.aff.ID)
	for _, step := range []struct {
		act   string
		state string
	}{{"pause", "paused"}, {"resume", "active"}, {"retire", "retired"}} {
		h.later(time.Minute)
		owner.post(page + "/links/" + string(jane.link.ID) + "/" + step.act).leads(page)
		owner.post(page + "/coupons/" + string(jane.code.ID) + "/" + step.act).leads(page)
		l, err := link.Get(context.Background(), h, h.prog.ID, jane.link.ID)
		if err != nil || string(l.State) != step.state {
			t.Errorf("the link is %s, want %s: %v", l.State, step.state, err)
		}
		if c := h.couponOf("JANE10"); string(c.State) != step.state {
			t.Errorf("the code is %s, want %s", c.State, step.state)
		}
	}
	owner.post(page + "/links/" + string(jane.link.ID) + "/resume").is(http.StatusConflict).has("A retired link stays retired.")
	owner.post(page + "/links/" + string(omar.link.ID) + "/pause").is(http.StatusNotFound)
	owner.post(page + "/coupons/" + string(omar.code.ID) + "/pause").is(http.StatusNotFound)
}

// form is every field of the form with that action, as a browser sends it.
func (a answer) form(action string) map[string]string {
	a.t.Helper()
	fields := map[string]string{}
	for _, f := range a.fields(action) {
		fields[f[0]] = f[1]
	}
	return fields
}

func pairs(fields map[string]string, changes ...string) []string {
	for i := 0; i < len(changes); i += 2 {
		fields[changes[i]] = changes[i+1]
	}
	var list []string
	for name, value := range fields {
		list = append(list, name, value)
	}
	return list
}

func TestSettingsSentBackAsShownChangeNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *program.Settings) { s.LapseAfterDays, s.Accent = 90, "#1f7a7a" })
	owner := h.colleague(access.Owner)
	h.later(time.Hour)
	owner.post("/p/shop/settings", pairs(owner.get("/p/shop/settings").is(http.StatusOK).form("/p/shop/settings"))...).leads("/p/shop/settings")
	after, err := program.Get(context.Background(), h, h.prog.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(after.Settings, h.prog.Settings); diff != "" {
		t.Error(diff)
	}
	if after.PolicyVersion != 1 {
		t.Errorf("policy version %d though nothing changed", after.PolicyVersion)
	}
}

func TestSettingsAreSaved(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	h.later(time.Hour)
	shown := func() map[string]string { return owner.get("/p/shop/settings").form("/p/shop/settings") }
	owner.post("/p/shop/settings", pairs(shown(), "name", "New name", "zone", "Nowhere/City", "via_name", "gclid", "minimum", "five", "window_days", "0", "checkout_paths", "checkout", "sites", "https://x/y")...).
		is(http.StatusUnprocessableEntity).
		has(`value="New name"`, "Nowhere/City is not a time zone.", "gclid cannot carry the token", "five is not an amount in EUR.", "The window is between 1 and 365 days.", "checkout is not a path.")
	owner.post("/p/shop/settings", pairs(shown(), "name", "New name", "zone", "Europe/Vienna", "minimum", "1,000.50", "credit", "link_first", "touch", "first_touch",
		"new_signups_only", "yes", "checkout_paths", "/checkout\r\n/pay", "sites", "docs.shop.example", "hold_days", "0", "lapse_after_days", "", "applications", "closed")...).leads("/p/shop/settings")
	after, err := program.BySlug(context.Background(), h, "shop")
	if err != nil {
		t.Fatal(err)
	}
	want := h.prog.Settings
	want.Name, want.Zone, want.MinimumMinor, want.HoldDays, want.Applications = "New name", "Europe/Vienna", 100050, 0, program.ApplyClosed
	if diff := cmp.Diff(after.Settings, want); diff != "" {
		t.Error(diff)
	}
	policy, err := program.PolicyAt(context.Background(), h, h.prog.ID, h.Now())
	if err != nil {
		t.Fatal(err)
	}
	wantPolicy := program.Policy{Version: 2, StartsAt: h.Now(), Credit: program.LinkFirst, Touch: program.FirstTouch, NewSignupsOnly: true, CheckoutPaths: []string{"/checkout", "/pay"}}
	if diff := cmp.Diff(policy, wantPolicy); diff != "" {
		t.Error(diff)
	}
	owner.post("/p/shop/settings", pairs(shown(), "sites", "https://x/y")...).is(http.StatusUnprocessableEntity).has("https://x/y is not a host name.")
	sites, err := program.Sites(context.Background(), h, h.prog.ID)
	if diff := cmp.Diff(sites, []string{"docs.shop.example", "www.shop.example"}); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	owner.post("/p/shop/settings/plans", "code", "Té am", "name", "Team", "price", "x", "period", "month").is(http.StatusUnprocessableEntity).has(`value="Té am"`, "x is not an amount in EUR.")
	owner.post("/p/shop/settings/plans", "code", "Té am", "name", "Team", "price", "9", "period", "month").is(http.StatusUnprocessableEntity).has("cannot be a plan's code")
	owner.post("/p/shop/settings/plans", "code", "team", "price", "-9", "period", "month").is(http.StatusUnprocessableEntity).has("An amount is zero or more.")
	owner.post("/p/shop/settings/plans", "code", "team", "name", "Team", "price", "1,290", "period", "year").leads("/p/shop/settings/plans")
	owner.get("/p/shop/settings/plans").is(http.StatusOK).has("Plan saved.", "team", "1,290.00 EUR", "each year")
	plan, err := program.PlanByCode(context.Background(), h, h.prog.ID, "team")
	if err != nil {
		t.Fatal(err)
	}
	owner.post("/p/shop/settings/plans/" + string(plan.ID) + "/archive").leads("/p/shop/settings/plans")
	owner.get("/p/shop/settings/plans").is(http.StatusOK).lacks("1,290.00")
}

func TestTermsAreVersions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	h.later(time.Hour)
	const at = "/p/shop/settings/terms"
	owner.post(at, "rate", "", "duration", "months", "signup", "5 %", "plan_pro", "x EUR", "starts_at", "2025-01-01", "binding", "keep").is(http.StatusUnprocessableEntity).
		has("Say what each payment earns; 0 is nothing.", "Say for how many, from 1 on.", "A sign-up or onboarding commission is a fixed amount.", "x is not an amount in EUR.")
	owner.post(at, "rate", "20", "duration", "lifetime", "starts_at", "2025-01-01", "binding", "keep").is(http.StatusUnprocessableEntity).has("Terms cannot start in the past.")
	owner.post(at, "rate", "25", "first_rate", "50 %", "duration", "months", "duration_n", "12", "signup", "3.00 EUR / 4.00 USD", "plan_pro", "10.00 EUR", "starts_at", "2026-03-02",
		"note", "More for pro", "binding", "follow").leads(at)
	owner.get(at).is(http.StatusOK).has("Version 2", "in force", "More for pro", "Each payment on pro", "10.00 EUR", "for 12 months, the first payment 50 %", "Sign-up", "3.00 EUR / 4.00 USD",
		"once, with the first payment", "Version 1", "archived", `value="25 %"`).lacks("has rules that this form cannot show")
	terms, err := program.TermsFor(context.Background(), h, h.prog.ID, []program.Scope{h.prog.Scope()}, h.Now())
	if err != nil {
		t.Fatal(err)
	}
	year, half := program.Duration{Kind: program.Months, N: 12}, &program.Rate{PPM: 500_000}
	want := []program.Rule{
		{Trigger: program.TriggerPayment, Plans: []string{"pro"}, Rate: program.Rate{Fixed: map[string]int64{"EUR": 1000}}, First: half, Duration: year},
		{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 250_000}, First: half, Duration: year},
		{Trigger: program.TriggerSignup, Rate: program.Rate{Fixed: map[string]int64{"EUR": 300, "USD": 400}}, Duration: program.Duration{Kind: program.Lifetime}, AfterPayment: true},
	}
	if diff := cmp.Diff(terms.Rules, want); diff != "" {
		t.Error(diff)
	}
	after, err := program.Get(context.Background(), h, h.prog.ID)
	if err != nil || after.Binding != program.Follow {
		t.Errorf("binding %s: %v", after.Binding, err)
	}
	owner.post(at, "rate", "30", "duration", "lifetime", "starts_at", "2026-06-01", "binding", "follow").leads(at)
	owner.get(at).is(http.StatusOK).has("Version 3", "announced", "From 1 Jun 2026")
}

func TestTermsBeyondTheFormAreNotLostSilently(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	h.Write(t, func(tx *db.Tx) error {
		_, err := program.PutTerms(context.Background(), tx, h.prog.ID, program.Terms{Scope: h.prog.Scope(), Rules: []program.Rule{
			{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 100_000}, CapMinor: map[string]int64{"EUR": 10000}},
		}})
		return err
	})
	owner.get("/p/shop/settings/terms").is(http.StatusOK).has("The version in force has rules that this form cannot show.", "at most 100.00 EUR per customer")
}

func TestKeysAreShownOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	owner.post("/p/shop/keys", "kind", "secret").is(http.StatusUnprocessableEntity).has("Name the key")
	owner.post("/p/shop/keys", "kind", "golden", "name", "server").is(http.StatusUnprocessableEntity).has("golden is not a kind of key.", `value="server"`)
	page := owner.post("/p/shop/keys", "kind", "secret", "name", "server").is(http.StatusOK).has("Key “server” is ready", "curl http://dash.localhost/v1/program")
	_, rest, _ := strings.Cut(page.Body, `id="secret" value="`)
	secret, _, _ := strings.Cut(rest, `"`)
	key, err := access.Authenticate(context.Background(), h.DB.DB, secret)
	if err != nil || key.Program != h.prog.ID {
		t.Fatalf("the key shown, %q, does not work: %v", secret, err)
	}
	owner.get("/p/shop/keys").is(http.StatusOK).has("server", "active").lacks(secret)
	owner.post("/p/shop/keys/" + string(key.ID) + "/revoke").leads("/p/shop/keys")
	owner.get("/p/shop/keys").is(http.StatusOK).has("The key is revoked.", "revoked")
	if _, err := access.Authenticate(context.Background(), h.DB.DB, secret); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("a revoked key: %v", err)
	}
}

func TestARunIsApprovedSentAndSettled(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.details(m.jane)
	m.release()
	m.owner.get("/p/shop").is(http.StatusOK).has("60.00 EUR are payable.")
	m.owner.get("/p/shop/payouts").is(http.StatusOK).has("Payable", "60.00", "Draft a payout run")
	m.owner.get("/p/shop/payouts/draft").is(http.StatusOK).has("Pay out 1 affiliate, 60.00 EUR", "1 commission", "DE89 … 3000")
	m.owner.get("/p/shop/payouts/draft?until=2026-03-10").is(http.StatusOK).has("Nothing had become payable by the cut-off.").lacks("Pay out 1")
	run := m.owner.approve(t).is(http.StatusSeeOther).To
	m.owner.get(run).is(http.StatusOK).has("The run is approved.", "approved", "Mark as sent", "Cancel run", "60.00", "by Mara Holm").lacks("as settled")
	m.expect(t, commission.Balance{Currency: "EUR", InPayout: 6000})

	rows, err := csv.NewReader(strings.NewReader(m.owner.get(run + "/payouts.csv").is(http.StatusOK).Body)).ReadAll()
	if err != nil || len(rows) != 2 || !strings.Contains(strings.Join(rows[1], " "), "DE89370400440532013000 60.00 EUR") {
		t.Errorf("%v: %v", rows, err)
	}
	m.owner.post(run + "/sent").leads(run)
	m.owner.post(run + "/cancel").is(http.StatusConflict)
	if again, err := csv.NewReader(strings.NewReader(m.owner.get(run + "/payouts.csv").is(http.StatusOK).Body)).ReadAll(); err != nil || cmp.Diff(again, rows) != "" {
		t.Errorf("the file of the sent run: %v %s", err, cmp.Diff(again, rows))
	}
	m.owner.get(run).is(http.StatusOK).has("Mark 1 payout as settled", "sent").lacks("Cancel run")
	m.owner.post(run+"/settle", "reference", "").is(http.StatusUnprocessableEntity).has("The reference is missing")
	m.owner.post(run+"/settle", "reference", "SEPA-77").leads(run)
	m.owner.get(run).is(http.StatusOK).has("settled", "SEPA-77", "done")
	m.owner.get("/p/shop/payouts").is(http.StatusOK).has("Paid this year", "Run to", "done", "60.00 EUR")
	m.owner.get("/p/shop/commissions/"+string(m.com.ID)).is(http.StatusOK).has("paid", "in payout → on its way (csv)", "on its way (csv) → paid (csv)", "The hold is over.")
	m.expect(t, commission.Balance{Currency: "EUR", Paid: 6000})
}

func (m *market) expect(t *testing.T, want commission.Balance) {
	t.Helper()
	all, err := commission.Balances(context.Background(), m, m.prog.ID, m.jane.aff.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(all, []commission.Balance{want}); diff != "" {
		t.Error(diff)
	}
}

func TestAPayoutFailsAndARunIsCancelled(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.details(m.jane)
	m.release()
	run := m.owner.approve(t).is(http.StatusSeeOther).To
	m.owner.post(run + "/cancel").leads(run)
	m.owner.get(run).is(http.StatusOK).has("cancelled", "Its money is payable again").lacks("Mark as sent", "payouts.csv")
	m.expect(t, commission.Balance{Currency: "EUR", Payable: 6000})

	m.later(time.Minute)
	run = m.owner.approve(t).is(http.StatusSeeOther).To
	m.owner.post(run + "/sent").leads(run)
	pots, err := payout.OfRun(context.Background(), m, m.prog.ID, id.Run(run[strings.LastIndexByte(run, '/')+1:]))
	if err != nil || len(pots) != 1 {
		t.Fatalf("%d payouts: %v", len(pots), err)
	}
	pot := run + "/payouts/" + string(pots[0].ID)
	m.owner.post("/p/shop/payouts/"+string(m.cancelledRun())+"/payouts/"+string(pots[0].ID)+"/settle", "reference", "x").is(http.StatusNotFound)
	m.owner.post(pot+"/fail", "reason", "").is(http.StatusUnprocessableEntity).has("Please say why")
	m.owner.post(pot+"/fail", "reason", "The account is closed.").leads(run)
	m.owner.get(run).is(http.StatusOK).has("failed", "The account is closed.")
	m.expect(t, commission.Balance{Currency: "EUR", Payable: 6000})
	m.owner.post(pot+"/settle", "reference", "late").is(http.StatusConflict)
}

// cancelledRun is the first run, which the test has cancelled.
func (m *market) cancelledRun() id.Run {
	m.t.Helper()
	runs, err := payout.Runs(context.Background(), m, m.prog.ID, "", 10)
	if err != nil || len(runs) != 2 {
		m.t.Fatalf("%d runs: %v", len(runs), err)
	}
	return runs[1].ID
}

func TestWhatChangedSinceTheDraftIsShownAndNothingIsApproved(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.details(m.jane)
	m.release()
	seen := m.owner.get("/p/shop/payouts/draft").is(http.StatusOK).hidden("/p/shop/payouts")
	m.refundMore("pay-1", 4000)
	m.owner.post("/p/shop/payouts", seen...).is(http.StatusConflict).has("This changed since you looked", "Jane Doe: 52.00 EUR instead of 60.00 EUR.", "Pay out 1 affiliate, 52.00 EUR")
	if runs, err := payout.Runs(context.Background(), m, m.prog.ID, "", 10); err != nil || len(runs) != 0 {
		t.Errorf("%d runs stand: %v", len(runs), err)
	}
	m.expect(t, commission.Balance{Currency: "EUR", Payable: 5200})
	m.owner.post("/p/shop/payouts", "cut_off", "x", "seen", "").is(http.StatusUnprocessableEntity)
	m.owner.post("/p/shop/payouts", "cut_off", "2026-04-01T00:00:00Z", "seen", "a b").is(http.StatusUnprocessableEntity)
}

func TestAStoredDraftIsApprovedOrDiscarded(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.details(m.jane)
	m.release()
	var drafts []payout.Run
	m.Write(t, func(tx *db.Tx) error {
		for range 2 {
			run, err := payout.Open(context.Background(), tx, m.prog, tx.Now())
			if err != nil {
				return err
			}
			drafts = append(drafts, run)
		}
		return nil
	})
	at := func(run payout.Run) string { return "/p/shop/payouts/" + string(run.ID) }
	m.owner.get("/p/shop/payouts").is(http.StatusOK).has("draft", "60.00 EUR")
	page := "/p/shop/payouts/draft?run=" + string(drafts[0].ID)
	m.owner.get(at(drafts[0])).leads(page)
	m.owner.post("/p/shop/payouts", m.owner.get(page).is(http.StatusOK).hidden("/p/shop/payouts")...).leads(at(drafts[0]))
	m.owner.get(page).leads(at(drafts[0]))
	m.owner.post(at(drafts[1]) + "/cancel").leads("/p/shop/payouts")
	if run, err := payout.GetRun(context.Background(), m, m.prog.ID, drafts[1].ID); err != nil || run.State != payout.RunCancelled {
		t.Errorf("state %s: %v", run.State, err)
	}
}

func TestSumsOfDifferentCurrenciesNeverMeet(t *testing.T) {
	t.Parallel()
	m := newMarket(t)
	m.Write(t, func(tx *db.Tx) error {
		return m.bookIn(tx, "cus-1", "pay-usd", money.Of(20000, "USD"))
	})
	m.details(m.jane)
	m.release()
	m.owner.get("/p/shop/commissions").is(http.StatusOK).has("60.00 EUR", "40.00 USD")
	m.owner.get("/p/shop/payouts/draft").is(http.StatusOK).has("Pay out 2 affiliates, 60.00 EUR and 40.00 USD")
}
