package merchant

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPagesAreNeverCachedAndLoadTheScriptOfTheEdge(t *testing.T) {
	t.Parallel()
	v := enter(t)
	for path, want := range map[string]string{
		"/": "Every plant, watered on its day", "/pricing": "49.00", "/signup?plan=pro": `value="pro" data-price="4900" data-name="Pro" checked`,
		"/account": "No account in this browser yet",
	} {
		resp, err := v.client.Get(v.site + path)
		if err != nil {
			t.Fatal(err)
		}
		a := v.read(resp, nil)
		v.sees(a, want, `<script defer src="http://go.shop.localhost:8081/t.js">`)
		if got := resp.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control of %s: got %q, want no-store", path, got)
		}
	}
	if got := v.get("/nothing").status; got != http.StatusNotFound {
		t.Errorf("unknown page: got %d, want 404", got)
	}
	if a := v.get("/signup"); strings.Contains(a.text, "trb_sk_") {
		t.Error("the secret key is in a page")
	}
}

func TestSignUpTellsAllThatTheBrowserBrought(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.clicked("first.second")
	a := v.signUp("coupon", "JANE10", "tributary_token", tokenA, "quote", "q-starter", "quoted_for", "JANE10 starter")
	if a.path != "/account" {
		t.Fatalf("after the sign-up: got %s, want /account", a.path)
	}
	v.sees(a, "JANE10 was typed at sign-up.", "Taken off the first 2 months.", "Pay 17.10 EUR")

	got := v.api.calls("/v1/referrals")
	if len(got) != 1 {
		t.Fatalf("sign-ups told: got %d, want 1", len(got))
	}
	customer := got[0].Body["customer_id"].(string)
	want := told{Path: "/v1/referrals", Key: "signed_up:" + customer, Auth: "Bearer trb_sk_test_1", Body: map[string]any{
		"customer_id": customer, "step": "signed_up", "at": "2030-03-01T09:00:00Z", "email": "ada@example.com", "plan": "starter",
		"tokens": []any{"first.second", tokenA}, "coupon": "JANE10", "quote": "q-starter",
	}}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Error(diff)
	}
	if _, kept := v.cookies()["trb_fernwood"]; kept {
		t.Error("the cookie is still there after the sign-up was accepted")
	}
}

func TestTokenInTheAddressReachesTheFormWithoutScripts(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.sees(v.get("/?via="+tokenA), `href="/signup?plan=starter&amp;via=`+tokenA+`"`)
	v.sees(v.get("/signup?plan=starter&via="+tokenA), `name="tributary_token" value="`+tokenA+`"`)
	if a := v.get("/signup?via=jane"); strings.Contains(a.text, `value="jane"`) {
		t.Error("a slug was taken for a token")
	}
}

func TestTributaryAwayStopsNoSignUpAndKeepsTheCookie(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.clicked("first")
	v.api.set(func() { v.api.down = true })
	v.sees(v.signUp(), "Not told yet.", "Pay 19.00 EUR")
	v.sees(v.post("/pay"), "Month 1 is paid: 19.00 EUR.")
	if v.cookies()["trb_fernwood"] != "first" {
		t.Fatal("the cookie went before the sign-up was accepted")
	}
	if got := v.api.calls("/v1/payments"); len(got) != 0 {
		t.Fatalf("a payment was told before its sign-up: %v", got)
	}

	v.api.set(func() { v.api.down = false })
	before := v.api.calls("/v1/referrals")
	v.sees(v.get("/account"), "JANE10 was typed at sign-up.")
	after := v.api.calls("/v1/referrals")
	if diff := cmp.Diff(before[0], after[len(after)-1]); diff != "" {
		t.Errorf("the repeated call differs:\n%s", diff)
	}
	if got := len(v.api.calls("/v1/payments")); got != 1 {
		t.Errorf("payments told: got %d, want 1", got)
	}
	if _, kept := v.cookies()["trb_fernwood"]; kept {
		t.Error("the cookie is still there")
	}
}

func TestNothingIsChargedBeforeTheCodeIsRedeemed(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.api.set(func() { v.api.down = true })
	v.signUp("coupon", "JANE10")
	v.sees(v.post("/pay"), "nothing was charged", "Nothing is paid yet")
	v.api.set(func() { v.api.down = false })
	v.sees(v.post("/pay"), "Month 1 is paid: 17.10 EUR.")
}

func TestDiscountEndsAfterItsPayments(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.signUp("coupon", "JANE10")
	v.post("/pay")
	v.post("/pay")
	v.sees(v.get("/account"), "Pay 19.00 EUR", "The code JANE10 was for what is paid already.")
	v.post("/pay", "month", "3")
	v.post("/pay", "month", "3") // the same button, pressed twice
	var got []float64
	for _, c := range v.api.calls("/v1/payments") {
		got = append(got, c.Body["amount"].(float64))
	}
	if diff := cmp.Diff([]float64{1710, 1710, 1900}, got); diff != "" {
		t.Error(diff)
	}
}

func TestCodesAreJudgedBeforeTheAccountOpens(t *testing.T) {
	t.Parallel()
	v := enter(t)
	a := v.signUp("coupon", "NOPE")
	v.sees(a, "There is no such code.", `value="Ada"`, `value="NOPE"`)
	if a.status != http.StatusUnprocessableEntity || len(v.api.calls("/v1/referrals")) != 0 {
		t.Errorf("unknown code: status %d, told %d", a.status, len(v.api.calls("/v1/referrals")))
	}
	if got := v.api.calls("/v1/coupons/quote")[0].Body["email"]; got != "ada@example.com" {
		t.Errorf("the quote's e-mail: got %v, want ada@example.com", got)
	}
	v.sees(v.post("/quote", "plan", "starter", "coupon", "JANE10"), "Code JANE-10</span><span>−1.90", `id="receipt-due">17.10`, `value="q-starter"`)
	v.sees(v.post("/quote", "plan", "pro", "coupon", "JANE10"), "JANE10 takes nothing off pro.", `id="receipt-due">49.00`)

	// A quote for another plan is not used: the code is quoted again for this one.
	v.signUp("plan", "pro", "coupon", "JANE10", "quote", "q-starter", "quoted_for", "JANE10 starter")
	if got := v.api.calls("/v1/referrals")[0].Body["quote"]; got != "q-pro" {
		t.Errorf("quote: got %v, want q-pro", got)
	}
}

func TestSignUpShowsWhatTributaryRefuses(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.api.set(func() {
		v.api.answer["/v1/referrals"] = reply{422, `{"detail":"This address has no domain.","hint":"Write it in full.","field":"email","request_id":"req_1"}`}
	})
	a := v.signUp()
	v.sees(a, "This address has no domain.", "Write it in full.", "req_1", `name="email" type="email" value="ada@example.com" autocomplete="email" required aria-invalid="true"`)
	v.sees(v.get("/account"), "No account in this browser yet")
	v.api.set(func() { clear(v.api.answer) })
	if got := v.signUp().path; got != "/account" {
		t.Errorf("after mending: got %s, want /account", got)
	}
}

func TestFormIsCheckedAndEmailIsOneAccount(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.sees(v.signUp("name", " ", "email", "ada"), "Your name is missing.", "This is not an e-mail address.")
	v.signUp()
	if a := v.signUp("email", "ADA@example.com"); a.path != "/account" {
		t.Errorf("the same button twice: got %s, want /account", a.path)
	}
	if got := len(v.api.calls("/v1/referrals")); got != 1 {
		t.Errorf("sign-ups told: got %d, want 1", got)
	}
	other := *v
	other.client = &http.Client{Transport: ownTransport()}
	if a := other.signUp(); a.status != http.StatusConflict {
		t.Errorf("another browser: got %d, want 409", a.status)
	}
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.signUp()
	v.sees(v.post("/pay"), "Commission now: 5.13 EUR, in review.")
	id := v.api.calls("/v1/payments")[0].Body["payment_id"].(string)
	v.sees(v.post("/refund", "payment_id", id, "amount", "5,5"), "5.50 EUR is on its way", "Given back: 5.50 of it", "Refund 13.50")
	for _, bad := range []string{"13.51", "0", "-1", "five", "1.005"} {
		v.sees(v.post("/refund", "payment_id", id, "amount", bad), `class="notice bad"`)
	}
	v.sees(v.post("/refund", "payment_id", "another"), "not one of yours")
	v.sees(v.post("/refund", "payment_id", id), "Given back in full")
	v.sees(v.post("/refund", "payment_id", id), "0.00 EUR cannot be given back.")

	var got []map[string]any
	for _, c := range v.api.calls("/v1/payments/" + id + "/refunds") {
		got = append(got, c.Body)
	}
	want := []map[string]any{
		{"refund_id": id + "-r1", "amount": 550.0, "at": "2030-03-01T09:00:00Z"},
		{"refund_id": id + "-r2", "amount": 1350.0, "at": "2030-03-01T09:00:00Z"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefusedPaymentIsShownAndNotRepeated(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.signUp()
	v.api.set(func() {
		v.api.answer["/v1/payments"] = reply{409, `{"detail":"This payment is known with another amount.","hint":"Correct it.","request_id":"req_2"}`}
	})
	v.sees(v.post("/pay"), `class="notice bad"`, "This payment is known with another amount. <span>Correct it.</span>", "request req_2")
	v.get("/account")
	if got := len(v.api.calls("/v1/payments")); got != 1 {
		t.Errorf("attempts: got %d, want 1", got)
	}
}

func TestLeavingAndComingBack(t *testing.T) {
	t.Parallel()
	v := enter(t)
	v.signUp()
	v.sees(v.post("/inactive"), "Your subscription is ended.", `action="/return"`)
	v.post("/inactive")
	v.sees(v.post("/return"), "Welcome back.", `action="/pay"`)
	customer := v.api.calls("/v1/referrals")[0].Body["customer_id"].(string)
	var got []any
	for _, c := range v.api.calls("/v1/customers/" + customer + "/state") {
		got = append(got, c.Body["state"])
	}
	if diff := cmp.Diff([]any{"inactive", "active"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestOtherSitesCannotPress(t *testing.T) {
	t.Parallel()
	v := enter(t)
	req := httptest.NewRequest(http.MethodPost, v.site+"/signup", nil)
	req.RequestURI = ""
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := v.read(v.client.Do(req)).status; got != http.StatusForbidden {
		t.Errorf("a form of another site: got %d, want 403", got)
	}
}

func TestEvidenceIsClearedForEveryDomainAbove(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest(http.MethodGet, "http://www.shop.localhost:8082/", nil)
	w := httptest.NewRecorder()
	forgetEvidence(w, r, "fernwood")
	var got []string
	for _, c := range w.Result().Cookies() {
		if c.MaxAge >= 0 || c.Path != "/" || c.Name != "trb_fernwood" {
			t.Errorf("this clears nothing: %v", c)
		}
		got = append(got, c.Domain)
	}
	if diff := cmp.Diff([]string{"", "www.shop.localhost", "shop.localhost"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"5": 500, " 5.5 ": 550, "5,50": 550, "0.05": 5, "1000000": 100000000} {
		if got, ok := parseDecimal(text); !ok || got != want {
			t.Errorf("%q: got %d %t, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", ".", "-1", "1.234", "1e3", "5.-1", "99999999999999999999", "+5", "1.2.3"} {
		if got, ok := parseDecimal(text); ok {
			t.Errorf("%q: got %d, want none", text, got)
		}
	}
}

func TestDiscountsNeverExceedThePrice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		grant grant
		want  int64
	}{
		{grant{PercentPPM: 100_000}, 0}, // not granted
		{grant{Granted: true, PercentPPM: 100_000}, 190},
		{grant{Granted: true, PercentPPM: 333_333}, 633},
		{grant{Granted: true, Fixed: map[string]int64{"EUR": 500, "USD": 600}}, 500},
		{grant{Granted: true, Fixed: map[string]int64{"EUR": 5000}}, 1900},
		{grant{Granted: true, DiscountMinor: 191, PercentPPM: 100_000}, 191},
	} {
		if got := c.grant.off(1900); got != c.want {
			t.Errorf("%+v: got %d, want %d", c.grant, got, c.want)
		}
	}
}
