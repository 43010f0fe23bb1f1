package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/program"
)

// details gives an affiliate payout details, which have no call: they are the
// affiliate's own to give.
func (w *world) details(t *testing.T, aff string) {
	t.Helper()
	w.Write(t, func(tx *db.Tx) error {
		_, err := affiliate.PutDetails(t.Context(), tx, w.env.Root, w.shop.ID, id.Affiliate(aff), affiliate.Details{
			Rail: affiliate.RailBank, Holder: "Jane Doe", Account: "AT61 1904 3002 3457 3201",
		})
		return err
	})
}

// release does what the worker's timer does.
func (w *world) release(t *testing.T) {
	t.Helper()
	w.Write(t, func(tx *db.Tx) error {
		prog, err := program.Get(t.Context(), tx, w.shop.ID)
		if err != nil {
			return err
		}
		_, err = commission.Release(t.Context(), tx, prog, 100)
		return err
	})
}

// TestStory is the main job by the API alone: sign-up with a code, payment,
// partial refund, release, payout, a refund after it.
func TestStory(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		jane := w.affiliate(t, "Jane", "active")
		w.details(t, jane)
		w.ok(t, http.StatusOK, "PATCH", "/v1/program", `{"minimum":100}`)
		w.transcript.Reset()

		quote := w.ok(t, http.StatusOK, "POST", "/v1/coupons/quote", `{"code":"jane-10","plan":"starter"}`, as(w.page)).at("quote")
		w.ok(t, http.StatusCreated, "POST", "/v1/referrals",
			`{"customer_id":"c1","email":"tom@example.net","plan":"starter","coupon":"jane-10","quote":"`+quote+`"}`)
		w.ok(t, http.StatusOK, "POST", "/v1/referrals", `{"customer_id":"c1","email":"tom@example.net","plan":"starter","coupon":"jane-10"}`)
		w.ok(t, http.StatusCreated, "POST", "/v1/referrals", `{"customer_id":"c1","step":"onboarded"}`)
		const pay = `{"payment_id":"in/1","customer_id":"c1","currency":"EUR","amount":2052,"tax":342,"plan":"starter","at":"2026-03-02T10:00:05Z"}`
		com := w.ok(t, http.StatusCreated, "POST", "/v1/payments", pay).at("commissions.0.id")
		w.ok(t, http.StatusOK, "POST", "/v1/payments", pay)
		w.ok(t, http.StatusCreated, "POST", "/v1/payments/in%2F1/refunds", `{"refund_id":"r1","amount":1026}`)
		w.ok(t, http.StatusOK, "POST", "/v1/payments/in%2F1/refunds", `{"refund_id":"r1","amount":1026}`)
		w.ok(t, http.StatusOK, "GET", "/v1/payments/in%2F1", "")
		w.ok(t, http.StatusOK, "GET", "/v1/customers/c1", "")
		w.ok(t, http.StatusOK, "POST", "/v1/customers/c1/state", `{"state":"inactive"}`)
		w.ok(t, http.StatusOK, "GET", "/v1/referrals?affiliate_id="+jane, "")

		d.Clock.Advance(31 * 24 * time.Hour)
		w.release(t)
		w.ok(t, http.StatusOK, "GET", "/v1/affiliates/"+jane+"/balances", "")
		run := w.ok(t, http.StatusCreated, "POST", "/v1/payout-runs", "{}").at("id")
		w.ok(t, http.StatusOK, "GET", "/v1/payout-runs/"+run, "")
		w.refused(t, http.StatusConflict, "", "GET", "/v1/payout-runs/"+run+"/file", "")
		w.ok(t, http.StatusOK, "POST", "/v1/payout-runs/"+run+"/approve", "")
		pot := w.ok(t, http.StatusOK, "POST", "/v1/payout-runs/"+run+"/send", "").at("payouts.0.id")
		w.ok(t, http.StatusOK, "GET", "/v1/payout-runs/"+run+"/file", "")
		w.ok(t, http.StatusOK, "POST", "/v1/payouts/"+pot+"/settle", `{"reference":"SEPA 4711"}`)
		w.ok(t, http.StatusOK, "GET", "/v1/payouts/"+pot, "")
		w.ok(t, http.StatusCreated, "POST", "/v1/payments/in%2F1/refunds", `{"refund_id":"r2","amount":1026}`)
		w.ok(t, http.StatusOK, "GET", "/v1/affiliates/"+jane+"/balances", "")
		w.ok(t, http.StatusOK, "GET", "/v1/commissions/"+com, "")
		w.ok(t, http.StatusOK, "GET", "/v1/commissions?state=reversed&affiliate_id="+jane, "")
		w.golden(t, "story.golden")
	})
}

func TestPaymentRefusals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		const ok = `{"payment_id":"p1","customer_id":"c1","currency":"EUR","amount":1900,"plan":"starter"}`
		w.ok(t, http.StatusCreated, "POST", "/v1/payments", ok)
		body := func(fields string) string {
			return `{"payment_id":"p2","customer_id":"c2",` + fields + `}`
		}
		const invalid, conflict = http.StatusUnprocessableEntity, http.StatusConflict
		for _, try := range []struct {
			status      int
			field, body string
		}{
			{invalid, "plan", body(`"currency":"EUR","amount":1900,"plan":"gold"`)},
			{invalid, "plan", body(`"currency":"EUR","amount":1900,"lines":[{"plan":"gold","amount":1900}]`)},
			{invalid, "currency", body(`"currency":"EURO","amount":1900`)},
			{invalid, "currency", body(`"amount":1900`)},
			{invalid, "amount", body(`"currency":"EUR","amount":-1`)},
			{invalid, "amount", body(`"currency":"EUR"`)},
			{invalid, "amount", body(`"currency":"EUR","amount":9000000000000000000`)},
			{invalid, "tax", body(`"currency":"EUR","amount":100,"tax":101`)},
			{invalid, "tax", body(`"currency":"EUR","amount":100,"tax":-1`)},
			{invalid, "lines", body(`"currency":"EUR","amount":100,"lines":[{"amount":99}]`)},
			{invalid, "at", body(`"currency":"EUR","amount":100,"at":"2027-01-01T00:00:00Z"`)},
			{invalid, "at", body(`"currency":"EUR","amount":100,"at":"yesterday"`)},
			{invalid, "email", body(`"currency":"EUR","amount":100,"email":"tom"`)},
			{invalid, "payment_id", `{"payment_id":"","customer_id":"c2","currency":"EUR","amount":1}`},
			{invalid, "customer_id", `{"payment_id":"p2","customer_id":" ","currency":"EUR","amount":1}`},
			{invalid, "customer_id", `{"payment_id":"p2","customer_id":"a\tb","currency":"EUR","amount":1}`},
			{conflict, "payment_id", `{"payment_id":"p1","customer_id":"c1","currency":"EUR","amount":1901,"plan":"starter"}`},
			{conflict, "payment_id", `{"payment_id":"p1","customer_id":"c2","currency":"EUR","amount":1900,"plan":"starter"}`},
		} {
			w.refused(t, try.status, try.field, "POST", "/v1/payments", try.body)
		}
		const refunds = "/v1/payments/p1/refunds"
		w.refused(t, invalid, "amount", "POST", refunds, `{"refund_id":"r1","amount":1901}`)
		w.refused(t, invalid, "amount", "POST", refunds, `{"refund_id":"r1","amount":0}`)
		w.refused(t, invalid, "refund_id", "POST", refunds, `{"refund_id":"","amount":1}`)
		w.refused(t, http.StatusNotFound, "payment_id", "POST", "/v1/payments/p2/refunds", `{"refund_id":"r1","amount":1}`)
		w.refused(t, http.StatusNotFound, "", "POST", "/v1/payments/p%00/refunds", `{"refund_id":"r1","amount":1}`)
		w.ok(t, http.StatusCreated, "POST", refunds, `{"refund_id":"r1","amount":1000}`)
		w.refused(t, conflict, "refund_id", "POST", refunds, `{"refund_id":"r1","amount":900}`)
		w.refused(t, invalid, "amount", "POST", refunds, `{"refund_id":"r2","amount":901}`)
		w.refused(t, invalid, "state", "POST", "/v1/customers/c1/state", `{"state":"erased"}`)
		w.refused(t, invalid, "at", "POST", "/v1/customers/c1/state", `{"state":"inactive","at":"2027-01-01T00:00:00Z"}`)
		w.refused(t, http.StatusNotFound, "", "POST", "/v1/customers/c2/state", `{"state":"inactive"}`)
		w.refused(t, http.StatusNotFound, "", "GET", "/v1/customers/%FF", "")
	})
}

func TestPayoutRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	const invalid, conflict, runs = http.StatusUnprocessableEntity, http.StatusConflict, "/v1/payout-runs"
	w.refused(t, invalid, "cut_off", "POST", runs, `{"cut_off":"2027-01-01T00:00:00Z"}`)
	empty := w.ok(t, http.StatusCreated, "POST", runs, "").at("id")
	w.refused(t, invalid, "", "POST", runs+"/"+empty+"/approve", "")
	w.refused(t, conflict, "", "POST", runs+"/"+empty+"/send", "")
	w.refused(t, invalid, "rail", "POST", runs+"/"+empty+"/send", `{"rail":"gold"}`)
	f := w.furnish(t)
	pot, run := f["payouts"], f["payout-runs"]
	w.refused(t, conflict, "", "POST", runs+"/"+run+"/approve", "")
	w.refused(t, conflict, "", "POST", runs+"/"+run+"/send", "")
	w.refused(t, conflict, "", "POST", runs+"/"+run+"/cancel", "")
	w.refused(t, invalid, "reference", "POST", "/v1/payouts/"+pot+"/settle", `{"reference":" "}`)
	w.refused(t, invalid, "reference", "POST", "/v1/payouts/"+pot+"/settle", `{}`)
	w.refused(t, invalid, "reason", "POST", "/v1/payouts/"+pot+"/fail", `{"reason":""}`)
	w.ok(t, http.StatusOK, "POST", "/v1/payouts/"+pot+"/fail", `{"reason":"account closed"}`)
	w.refused(t, conflict, "", "POST", "/v1/payouts/"+pot+"/settle", `{"reference":"x"}`)
	w.ok(t, http.StatusOK, "POST", runs+"/"+empty+"/cancel", "")
}

// TestApprovalReadsAgain changes the books between the draft and the approval.
func TestApprovalReadsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	jane := w.affiliate(t, "Jane", "active")
	w.details(t, jane)
	w.ok(t, http.StatusOK, "PATCH", "/v1/program", `{"hold_days":0,"minimum":100}`)
	w.ok(t, http.StatusCreated, "POST", "/v1/referrals", `{"customer_id":"c1","coupon":"JANE10"}`)
	for i := range 2 {
		w.ok(t, http.StatusCreated, "POST", "/v1/payments", fmt.Sprintf(`{"payment_id":"p%d","customer_id":"c1","currency":"EUR","amount":1900}`, i))
	}
	w.release(t)
	run := "/v1/payout-runs/" + w.ok(t, http.StatusCreated, "POST", "/v1/payout-runs", "").at("id")
	w.ok(t, http.StatusCreated, "POST", "/v1/payments/p0/refunds", `{"refund_id":"r1","amount":1900}`)
	r := w.refused(t, http.StatusConflict, "", "POST", run+"/approve", "")
	if r.at("hint") == "" {
		t.Errorf("a changed run has no hint: %s", r.body)
	}
	now := w.ok(t, http.StatusOK, "GET", run, "")
	if got, want := now.at("lines.0.amount"), "570"; got != want {
		t.Fatalf("draft after the refund: got %s, want %s\n%s", got, want, now.body)
	}
	w.ok(t, http.StatusOK, "POST", run+"/approve", `{"lines":[{"affiliate_id":"`+jane+`","currency":"EUR","amount":570}]}`)
}
