package merchant

import (
	"context"
	"net/http"
	"net/mail"
	"strings"
	"time"
)

// signupForm is the sign-up page with what was typed and what it costs.
type signupForm struct {
	Plans               []plan
	Plan                plan
	Name, Email, Coupon string
	Token               string // who sent the visitor, for browsers that refuse cookies
	Quote, QuotedFor    string // the quote that was shown, and for which code and plan
	OffMinor, DueMinor  int64
	Code                string // as its owner writes it
	Note                string // what the code gives
	Errors              map[string]*problem
	API, Key            string // for the script that quotes while the customer types
}

// readSignup is the form as it was sent, or the empty one.
func (s *shop) readSignup(r *http.Request) signupForm {
	p, ok := planOf(r.FormValue("plan"))
	if !ok {
		p = plans[0]
	}
	f := signupForm{
		Plans: plans, Plan: p, DueMinor: p.PriceMinor,
		Name:      strings.TrimSpace(r.PostFormValue("name")),
		Email:     strings.TrimSpace(r.PostFormValue("email")),
		Coupon:    strings.TrimSpace(r.FormValue("coupon")),
		Token:     r.PostFormValue(tokenField),
		Quote:     r.PostFormValue("quote"),
		QuotedFor: r.PostFormValue("quoted_for"),
		Errors:    map[string]*problem{},
		API:       s.API, Key: s.PublishableKey,
	}
	if f.Token == "" {
		f.Token = carriedToken(r)
	}
	// A quote is for one code and one plan; whoever changes either gets a new one.
	if f.Quote == "" || f.QuotedFor != f.Coupon+" "+p.Code {
		f.Quote, f.QuotedFor = "", ""
	}
	return f
}

// check marks the fields that cannot be right.
func (f signupForm) check() {
	if f.Name == "" {
		f.Errors["name"] = &problem{Detail: "Your name is missing."}
	}
	if a, err := mail.ParseAddress(f.Email); err != nil || a.Address != f.Email {
		f.Errors["email"] = &problem{Detail: "This is not an e-mail address.", Hint: "Write it like you@example.com."}
	}
}

func (s *shop) showSignup(w http.ResponseWriter, r *http.Request) {
	s.session(w, r)
	f := s.readSignup(r)
	if f.Coupon != "" {
		s.priceWith(r.Context(), &f)
	}
	s.render(w, r, http.StatusOK, "signup", f)
}

// quoteCoupon is the Apply button of browsers without scripts; with scripts, the browser asks by itself.
func (s *shop) quoteCoupon(w http.ResponseWriter, r *http.Request) {
	f := s.readSignup(r)
	if f.Coupon == "" {
		f.Errors["coupon"] = &problem{Detail: "There is no code to apply.", Hint: "Type it first, or go on without one."}
	} else {
		s.priceWith(r.Context(), &f)
	}
	s.render(w, r, http.StatusOK, "signup", f)
}

// priceWith asks what the code is worth and puts the answer into the form.
func (s *shop) priceWith(ctx context.Context, f *signupForm) {
	q, c := s.tributary.quote(ctx, couponAsk{
		Code: f.Coupon, Plan: f.Plan.Code, Currency: currency, Amount: f.Plan.PriceMinor, Email: f.Email,
	})
	switch {
	case c.Outcome == refused:
		f.Errors["coupon"] = &c.Problem
	case c.Outcome == waiting:
		f.Note = "Your code cannot be checked right now. You can sign up all the same; nothing is charged before it has been."
	case !q.Valid:
		f.Errors["coupon"] = &problem{Detail: q.Sentence, Hint: q.hint()}
	case !q.Discounted:
		f.Note = q.Sentence
		f.Quote, f.QuotedFor = q.Quote, f.Coupon+" "+f.Plan.Code
	default:
		f.Code, f.OffMinor, f.DueMinor, f.Note = q.Code, q.Discount, q.Due, howLong(q.Payments)
		f.Quote, f.QuotedFor = q.Quote, f.Coupon+" "+f.Plan.Code
	}
}

// signUp opens the account and tells Tributary. The customer is refused only for what the customer can
// mend; when Tributary is away, the account opens and the call waits.
func (s *shop) signUp(w http.ResponseWriter, r *http.Request) {
	session := s.session(w, r)
	f := s.readSignup(r)
	f.check()
	// A code that nobody has quoted yet is looked at now, so that a slip of the pen is seen in time.
	if f.Coupon != "" && f.Quote == "" {
		s.priceWith(r.Context(), &f)
	}
	if len(f.Errors) > 0 {
		s.render(w, r, http.StatusUnprocessableEntity, "signup", f)
		return
	}
	acc, ok := s.accounts.open(session, f.Name, f.Email, f.Plan)
	if !ok {
		f.Errors["email"] = &problem{Detail: "There is an account with this e-mail address already.", Hint: "Use another address: this sample shop has no passwords."}
		s.render(w, r, http.StatusConflict, "signup", f)
		return
	}
	acc.Lock()
	defer acc.Unlock()
	if len(acc.Calls) == 0 { // else the button was pressed twice
		acc.Coupon, acc.Active, acc.Since = f.Coupon, true, s.instant()
		acc.tell(tellSignUp(signedUp{
			CustomerID: acc.ID, At: acc.Since, Email: acc.Email, Plan: acc.Plan.Code,
			Tokens: evidence(r, s.Program), Coupon: f.Coupon, Quote: f.Quote,
		}))
		s.deliver(w, r, acc)
	}
	if c := acc.signUpCall(); c.Outcome == refused {
		s.accounts.drop(session, acc)
		f.Errors[fieldOf(c.Problem)] = &c.Problem
		s.render(w, r, http.StatusUnprocessableEntity, "signup", f)
		return
	}
	http.Redirect(w, r, "/account", http.StatusSeeOther)
}

// fieldOf is the field of our form that a problem is about, or "" for the form.
func fieldOf(p problem) string {
	switch p.Field {
	case "email", "coupon", "plan":
		return p.Field
	case "quote":
		return "coupon"
	}
	return ""
}

// deliver sends what waits. Once the sign-up is accepted, its answer fixes the price, and the browser
// may forget who sent it.
func (s *shop) deliver(w http.ResponseWriter, r *http.Request, acc *account) {
	first := acc.signUpCall()
	before := first.Outcome
	// The customer may close the page; what has happened is told all the same.
	s.tributary.deliver(context.WithoutCancel(r.Context()), acc.Calls)
	if before == accepted || first.Outcome != accepted {
		return
	}
	forgetEvidence(w, r, s.Program)
	var a referralAnswer
	first.read(&a)
	acc.Credit = a.Decision.Sentence
	if a.Discount != nil {
		acc.Discount = *a.Discount
	}
}

// instant is now, as precise as Tributary keeps it.
func (s *shop) instant() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }
