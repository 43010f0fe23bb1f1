package web_test

import (
	"net/http"
	"testing"

	"tributary.example/access"
	"tributary.example/referral"
)

func TestAnAffiliateReadsNewTermsBeforeTheyStart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	jane := h.promoter("Jane Doe", "jane@example.org")
	jane.get("/a/shop").is(http.StatusOK).lacks("New terms from")
	const at = "/p/shop/settings/terms"
	owner.post(at, "rate", "10", "first_rate", "40", "duration", "months", "duration_n", "12", "starts_at", "2027-06-01", "note", "Less for longer", "binding", "keep").leads(at)
	owner.post(at, "rate", "5", "duration", "lifetime", "starts_at", "2027-09-01", "binding", "keep").leads(at)
	for _, page := range []string{"/a/shop", "/a/shop/guide"} {
		jane.get(page).is(http.StatusOK).
			has("New terms from 1 Jun 2027: 10 % of each payment, 40 % of the first for 12 months", "Less for longer. Customers who signed up before keep their terms.").
			lacks("1 Sep 2027")
	}
}

func TestTheWayToTheFirstCommissionEndsWithItAlsoWithoutAClick(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	jane := h.promoter("Jane Doe", "jane@example.org")
	unread := referral.Evidence{Kind: referral.ByClick, Source: "2d711642b726b044", At: h.Now(), Flaw: referral.FlawUnreadable}
	h.signUp("c-1", "c1@example.org", typed(jane.code, h.Now()), unread)
	owner.get("/p/shop").is(http.StatusOK).has("Until the first commission")
	h.pay("c-1", "inv-1", 4900)
	owner.get("/p/shop").is(http.StatusOK).lacks("Until the first commission")
	owner.get("/p/shop/referrals/" + string(h.onlyRef(jane))).is(http.StatusOK).has("JANE10 was typed at sign-up").lacks("2d711642b726b044")
}

func TestBothSidesReadWhyARefundedFigureIsSmaller(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner := h.colleague(access.Owner)
	jane := h.promoter("Jane Doe", "jane@example.org")
	h.signUp("c-1", "c1@example.org", typed(jane.code, h.Now()))
	h.pay("c-1", "inv-1", 4900)
	com := string(h.onlyCom(jane))
	const says = "less the part that was given back"
	owner.get("/p/shop/commissions/" + com).is(http.StatusOK).lacks(says)
	h.refund("inv-1", 1900)
	owner.get("/p/shop/commissions/"+com).is(http.StatusOK).has(says, "6.00")
	jane.get("/a/shop/commissions/"+com).is(http.StatusOK).has(says, "6.00")
}
