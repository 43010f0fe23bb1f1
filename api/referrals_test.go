package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tributary.example/click"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/link"
)

// token is what the edge would have given to a visitor of a link.
func (w *world) token(t *testing.T, lnk string, at time.Time) string {
	t.Helper()
	var token string
	w.Write(t, func(tx *db.Tx) error {
		ring, err := click.EnsureRing(t.Context(), tx, w.env.Root)
		if err != nil {
			return err
		}
		owner, _, err := link.ProgramOf(t.Context(), tx, id.Link(lnk))
		if err != nil {
			return err
		}
		token, _, err = ring.Mint(owner, id.Link(lnk), at)
		return err
	})
	return token
}

// TestEvidence hands in links, codes and rubbish, and reads what became of
// each piece.
func TestEvidence(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		jane, omar := w.affiliate(t, "Jane", "active"), w.affiliate(t, "Omar", "active")
		janes := w.ok(t, http.StatusOK, "GET", "/v1/links?affiliate_id="+jane, "").at("data.0.id")
		omars := w.ok(t, http.StatusOK, "GET", "/v1/links?affiliate_id="+omar, "").at("data.0.id")
		w.ok(t, http.StatusCreated, "POST", "/v1/affiliates", `{"name":"Ines","email":"ines@example.org","state":"active"}`, as(w.otherKey))
		foreign := w.ok(t, http.StatusOK, "GET", "/v1/links", "", as(w.otherKey)).at("data.0.id")
		d.Clock.Set(dbtest.Epoch.AddDate(0, 0, 90))
		now := d.Clock.Now()
		ofJane, ofOmar := w.token(t, janes, now.Add(-time.Hour)), w.token(t, omars, now.Add(-3*24*time.Hour))
		late, strange := w.token(t, janes, now.Add(-61*24*time.Hour)), w.token(t, foreign, now.Add(-time.Hour))
		forged := ofJane[:50] + map[bool]string{true: "B", false: "A"}[ofJane[50] == 'A'] + ofJane[51:]
		w.transcript.Reset()

		post := func(customer, rest string) reply {
			return w.ok(t, http.StatusCreated, "POST", "/v1/referrals", `{"customer_id":"`+customer+`"`+rest+`}`)
		}
		for _, try := range []struct {
			customer, rest string
			credited       string // the affiliate, or ""
			verdicts       string
		}{
			{"link", `,"token":"` + ofJane + `"`, "Jane", "won"},
			{"cookie", `,"tokens":["` + ofOmar + "." + ofJane + `"]`, "Jane", "lost won"},
			{"code", `,"coupon":"omar10"`, "Omar", "won"},
			{"both of one", `,"tokens":["` + ofJane + `"],"coupon":"JANE10"`, "Jane", "agrees won"},
			{"link and code", `,"tokens":["` + ofOmar + `"],"coupon":"JANE10"`, "Jane", "lost won"},
			{"late", `,"token":"` + late + `"`, "", "refused"},
			{"forged", `,"token":"` + forged + `"`, "", "refused"},
			{"foreign", `,"token":"` + strange + `"`, "", "refused"},
			{"rubbish", `,"tokens":["<script>",""],"coupon":"!!"`, "", "refused refused"},
			{"unknown code", `,"coupon":"NOBODY99"`, "", "refused"},
			{"own", `,"email":"JANE@example.org","coupon":"JANE10"`, "", "refused"},
			{"nothing", ``, "", ""},
		} {
			r := post(try.customer, try.rest)
			if got := r.at("referral.affiliate_name"); got != try.credited {
				t.Errorf("%s: credited to %q, want %q\n%s", try.customer, got, try.credited, r.body)
			}
			var verdicts []string
			for i := 0; r.at(fmt.Sprintf("decision.candidates.%d.verdict", i)) != ""; i++ {
				verdicts = append(verdicts, r.at(fmt.Sprintf("decision.candidates.%d.verdict", i)))
			}
			if got := strings.Join(verdicts, " "); got != try.verdicts {
				t.Errorf("%s: verdicts: got %q, want %q\n%s", try.customer, got, try.verdicts, r.body)
			}
		}
		ref := w.ok(t, http.StatusOK, "GET", "/v1/referrals?limit=1", "").at("data.0.id")
		w.ok(t, http.StatusOK, "GET", "/v1/referrals/"+ref, "")
		w.golden(t, "evidence.golden")
	})
}

func TestReferralRefusals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		jane := w.affiliate(t, "Jane", "active")
		w.ok(t, http.StatusCreated, "POST", "/v1/coupons", `{"affiliate_id":"`+jane+`","code":"SPRING","percent_ppm":100000,"ends_at":"2026-03-02T10:00:01Z"}`)
		d.Clock.Advance(time.Minute)
		for _, try := range []struct{ field, body string }{
			{"customer_id", `{}`},
			{"customer_id", `{"customer_id":""}`},
			{"step", `{"customer_id":"c1","step":"payment"}`},
			{"plan", `{"customer_id":"c1","plan":"gold","coupon":"JANE10"}`},
			{"at", `{"customer_id":"c1","at":"2026-03-02T10:07:00Z"}`},
			{"at", `{"customer_id":"c1","at":"2026-03-02"}`},
			{"email", `{"customer_id":"c1","email":"tom"}`},
			{"tokens", `{"customer_id":"c1","tokens":"x"}`},
			{"tokens[0]", `{"customer_id":"c1","tokens":[1]}`},
			{"name", `{"customer_id":"c1","name":"Tom"}`},
		} {
			w.refused(t, http.StatusUnprocessableEntity, try.field, "POST", "/v1/referrals", try.body)
		}
		w.refused(t, http.StatusUnprocessableEntity, "state", "GET", "/v1/referrals?state=standing&affiliate_id="+jane, "")
		// A code that has ended is no error: the customer signs up without it.
		r := w.ok(t, http.StatusCreated, "POST", "/v1/referrals", `{"customer_id":"c1","coupon":"SPRING","plan":"starter"}`)
		if r.at("discount.granted") != "false" || r.at("discount.reason") != "ended" || r.at("referral") != "" {
			t.Errorf("ended code: %s", r.body)
		}
		for _, try := range []struct{ field, body string }{
			{"code", `{"plan":"starter"}`},
			{"plan", `{"code":"JANE10","plan":"gold"}`},
			{"currency", `{"code":"JANE10","currency":"EURO","amount":100}`},
			{"amount", `{"code":"JANE10","currency":"EUR","amount":-1}`},
		} {
			w.refused(t, http.StatusUnprocessableEntity, try.field, "POST", "/v1/coupons/quote", try.body)
			w.refused(t, http.StatusUnprocessableEntity, try.field, "POST", "/v1/coupons/quote", try.body, as(w.page))
		}
		for code, want := range map[string]string{"SPRING": "ended", "nobody": "unknown", "jane 10": "ok"} {
			r := w.ok(t, http.StatusOK, "POST", "/v1/coupons/quote", `{"code":"`+code+`","plan":"starter"}`, as(w.page))
			if got := r.at("reason"); got != want {
				t.Errorf("quote %s: got %q, want %q", code, got, want)
			}
			if strings.Contains(r.body, jane) || strings.Contains(r.body, "Jane\"") {
				t.Errorf("a quote tells whose code it is: %s", r.body)
			}
		}
	})
}

// TestQuoteTellsAMerchantMore asks about the affiliate's own e-mail.
func TestQuoteTellsAMerchantMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dbtest.OpenSQLite(t))
	w.affiliate(t, "Jane", "active")
	const ask = `{"code":"JANE10","plan":"starter","email":"Jane@example.org","customer_id":"c1"}`
	if got := w.ok(t, http.StatusOK, "POST", "/v1/coupons/quote", ask).at("reason"); got != "own_code" {
		t.Errorf("with a secret key: got %q, want own_code", got)
	}
	if got := w.ok(t, http.StatusOK, "POST", "/v1/coupons/quote", ask, as(w.page)).at("reason"); got != "ok" {
		t.Errorf("with a publishable key: got %q, want ok", got)
	}
}

// TestManyAtOnce sends the same payment, and sign-ups with a code of one use,
// from many sides at once.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		w := newWorld(t, d)
		jane := w.affiliate(t, "Jane", "active")
		w.ok(t, http.StatusCreated, "POST", "/v1/coupons", `{"affiliate_id":"`+jane+`","code":"ONCE","percent_ppm":100000,"total_limit":1}`)
		const callers = 16
		answers := make(chan reply, 2*callers)
		var all sync.WaitGroup
		for i := range callers {
			all.Go(func() {
				answers <- w.send("POST", "/v1/referrals", fmt.Sprintf(`{"customer_id":"c%d","coupon":"ONCE","plan":"starter"}`, i))
				answers <- w.send("POST", "/v1/payments", `{"payment_id":"p1","customer_id":"payer","currency":"EUR","amount":1900,"at":"2026-03-02T10:00:00Z"}`)
			})
		}
		all.Wait()
		close(answers)
		granted, first := 0, 0
		for r := range answers {
			switch {
			case r.status >= 400:
				t.Errorf("got %d\n%s", r.status, r.body)
			case r.at("discount.granted") == "true":
				granted++
			case r.at("payment.id") != "" && r.status == http.StatusCreated:
				first++
			}
		}
		if granted != 1 || first != 1 {
			t.Errorf("granted %d times, recorded %d times, want once each", granted, first)
		}
		if got := w.rows(t)["payments"]; got != 1 {
			t.Errorf("payments: got %d, want 1", got)
		}
	})
}
