package merchant

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// account is a customer of the shop. Its mutex is held while a page works on it, so that two presses
// of a button come one after the other.
type account struct {
	sync.Mutex
	ID, Name, Email string
	Plan            plan
	Coupon          string // as it was typed
	Discount        grant
	Credit          string // who is credited and why, as Tributary says it
	Active          bool
	Since           time.Time
	Payments        []*payment
	Calls           []*call // what Tributary was told, oldest first
	Notices         []notice
}

// payment is one month, paid.
type payment struct {
	ID          string
	At          time.Time
	AmountMinor int64
	Refunds     []int64 // each in minor units
}

// RefundedMinor is what was given back, in minor units.
func (p *payment) RefundedMinor() int64 {
	var sum int64
	for _, r := range p.Refunds {
		sum += r
	}
	return sum
}

// LeftMinor is what could still be given back, in minor units.
func (p *payment) LeftMinor() int64 { return p.AmountMinor - p.RefundedMinor() }

// notice is what a page says once.
type notice struct {
	Bad          bool
	Text, Hint   string
	RequestID    string
	AboutRequest string // what was asked of Tributary, when it refused
}

func (a *account) say(text string) { a.Notices = append(a.Notices, notice{Text: text}) }

func (a *account) warn(text, hint string) {
	a.Notices = append(a.Notices, notice{Bad: true, Text: text, Hint: hint})
}

// tell writes a call down; deliver sends it.
func (a *account) tell(c call) *call {
	a.Calls = append(a.Calls, &c)
	return &c
}

// signUpCall is the first thing that Tributary was told.
func (a *account) signUpCall() *call { return a.Calls[0] }

// DueMinor is what the next month costs, in minor units.
func (a *account) DueMinor() int64 { return a.Plan.PriceMinor - a.OffMinor() }

// OffMinor is what the code takes from the next month, in minor units.
func (a *account) OffMinor() int64 {
	if n := a.Discount.Payments; n > 0 && len(a.Payments) >= n {
		return 0
	}
	return a.Discount.off(a.Plan.PriceMinor)
}

// payment finds one of the account's payments.
func (a *account) payment(id string) (*payment, bool) {
	for _, p := range a.Payments {
		if p.ID == id {
			return p, true
		}
	}
	return nil, false
}

// accounts are all customers, found by the browser's session or by e-mail.
type accounts struct {
	mu        sync.Mutex
	bySession map[string]*account
	byEmail   map[string]*account
}

func newAccounts() *accounts {
	return &accounts{bySession: map[string]*account{}, byEmail: map[string]*account{}}
}

const sessionCookie = "fernwood_session"

// session is the browser's session, begun when it has none.
func (s *shop) session(w http.ResponseWriter, r *http.Request) string {
	if c, err := r.Cookie(sessionCookie); err == nil && c.Value != "" {
		return c.Value
	}
	const month = 30 * 24 * time.Hour
	c := http.Cookie{
		Name: sessionCookie, Value: rand.Text(), Path: "/", MaxAge: int(month / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.Site, "https:"),
	}
	http.SetCookie(w, &c)
	return c.Value
}

// of finds the account of the browser that asks, or nil.
func (as *accounts) of(r *http.Request) *account {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	as.mu.Lock()
	defer as.mu.Unlock()
	return as.bySession[c.Value]
}

// open makes the account for an e-mail address. When the session has one for that address already, it
// is returned; another session's is not.
func (as *accounts) open(session, name, email string, p plan) (acc *account, ok bool) {
	as.mu.Lock()
	defer as.mu.Unlock()
	key := strings.ToLower(email)
	if acc := as.byEmail[key]; acc != nil {
		return acc, as.bySession[session] == acc
	}
	acc = &account{ID: "fw_" + strings.ToLower(rand.Text()[:12]), Name: name, Email: email, Plan: p}
	as.bySession[session], as.byEmail[key] = acc, acc
	return acc, true
}

// drop undoes open.
func (as *accounts) drop(session string, acc *account) {
	as.mu.Lock()
	defer as.mu.Unlock()
	delete(as.bySession, session)
	delete(as.byEmail, strings.ToLower(acc.Email))
}

// paymentID names the account's nth payment. It is made from what the shop knows, so a repeated press
// for the same month names the same payment.
func (a *account) paymentID(n int) string { return fmt.Sprintf("%s-%02d", a.ID, n) }
