package merchant

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// This file is the whole integration. A shop tells Tributary three things:
//
//	1  somebody signed up       POST /v1/referrals
//	2  somebody paid            POST /v1/payments
//	3  money was given back     POST /v1/payments/{payment_id}/refunds
//
// and, when it likes, a fourth: a customer left or came back. Everything is named by the shop's own ids,
// so that each call may be sent again, in any order, without harm: the same id is the same fact. Each
// function below returns the call; send.go keeps it until it is answered.

// signedUp is the body of the first call.
type signedUp struct {
	CustomerID string    `json:"customer_id"`      // the shop's own id, for ever
	Step       string    `json:"step"`             // signed_up, or onboarded if the shop has such a step
	At         time.Time `json:"at"`               // when it happened, not when it is told
	Email      string    `json:"email"`            // finds affiliates who refer themselves
	Plan       string    `json:"plan"`             //
	Tokens     []string  `json:"tokens,omitempty"` // who sent this visitor: cookie and form, see evidence
	Coupon     string    `json:"coupon,omitempty"` // as the customer typed it
	Quote      string    `json:"quote,omitempty"`  // the token of the quote that the customer has seen
}

// tellSignUp is call 1: once for every new customer, also for those without a link or a code, because
// evidence may still come with a later step. Its answer says who is credited and which discount the
// code gives; so it comes before the first charge.
func tellSignUp(s signedUp) call {
	s.Step = "signed_up"
	return newCall("Somebody signed up", "/v1/referrals", "signed_up:"+s.CustomerID, s)
}

// paid is the body of the second call.
type paid struct {
	PaymentID   string    `json:"payment_id"` // the shop's own id: its invoice
	CustomerID  string    `json:"customer_id"`
	At          time.Time `json:"at"`
	Currency    string    `json:"currency"`
	Amount      int64     `json:"amount"` // what was charged, tax included, in cents
	Tax         int64     `json:"tax"`    // the tax in it, which earns nobody a commission
	Plan        string    `json:"plan"`
	PeriodStart time.Time `json:"period_start"` // when the month that it pays for begins
}

// tellPayment is call 2: for every payment, renewals too, also of customers without a referral.
func tellPayment(p paid) call {
	return newCall("A customer paid", "/v1/payments", "paid:"+p.PaymentID, p)
}

// refunded is the body of the third call.
type refunded struct {
	RefundID string    `json:"refund_id"` // the shop's own id; a payment may be refunded in parts
	Amount   int64     `json:"amount"`    // of this refund, tax included, in cents
	At       time.Time `json:"at"`
}

// tellRefund is call 3. The commission follows in proportion; after a full refund it is zero.
func tellRefund(paymentID string, f refunded) call {
	path := "/v1/payments/" + url.PathEscape(paymentID) + "/refunds"
	return newCall("Money was given back", path, "refunded:"+f.RefundID, f)
}

// stated is the body of the fourth call.
type stated struct {
	State string    `json:"state"` // active or inactive, among others
	At    time.Time `json:"at"`
}

// tellState is the call that a shop may leave out: whether the customer is still with it.
func tellState(customerID string, s stated) call {
	path := "/v1/customers/" + url.PathEscape(customerID) + "/state"
	return newCall("A customer is "+s.State, path, "state:"+customerID+":"+s.At.Format(time.RFC3339Nano), s)
}

// The names that Tributary gives to what a browser brings along.
const (
	viaParameter = "via"             // the link host adds it to the shop's address; a program may rename it
	tokenField   = "tributary_token" // hidden form field that t.js fills
)

// cookieName is the cookie that the links' host has set for the whole site.
func cookieName(program string) string { return "trb_" + program }

// evidence collects who sent this visitor. The cookie's whole value goes on as it is: it may hold
// several tokens, and which of them wins is Tributary's question. The form's token is sent as well,
// because some browsers refuse the cookie.
func evidence(r *http.Request, program string) []string {
	var tokens []string
	if c, err := r.Cookie(cookieName(program)); err == nil && c.Value != "" {
		tokens = append(tokens, c.Value)
	}
	if field := r.PostFormValue(tokenField); field != "" {
		tokens = append(tokens, field)
	}
	return tokens
}

// forgetEvidence clears the cookie, so that the next person at this browser is not somebody's referral.
// Call it only after call 1 was answered with 2xx: cleared earlier, a failed call loses the referral.
// The cookie was set by another host of the site, so it is cleared for each domain above this one.
func forgetEvidence(w http.ResponseWriter, r *http.Request, program string) {
	gone := http.Cookie{Name: cookieName(program), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	http.SetCookie(w, &gone)
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if net.ParseIP(host) != nil {
		return
	}
	for strings.Contains(host, ".") {
		gone.Domain = host
		http.SetCookie(w, &gone)
		_, host, _ = strings.Cut(host, ".")
	}
}

// carriedToken is a token in the page's address, to be kept in the shop's own links for visitors without
// cookies and scripts. A slug there (?via=jane) is for t.js, which turns it into a token.
func carriedToken(r *http.Request) string {
	const tokenLength = 66
	via := r.URL.Query().Get(viaParameter)
	if len(via) != tokenLength || strings.Trim(via, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return ""
	}
	return via
}
