package commission

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary.example/affiliate"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/payment"
	"tributary.example/program"
)

// Cause is what a commission is for: a payment's id, or "signup:" or
// "onboarding:" and the customer's id.
type Cause string

// SignupCause is the cause of a customer's sign-up commission.
func SignupCause(cus id.Customer) Cause { return Cause("signup:" + string(cus)) }

// OnboardingCause is the cause of a customer's onboarding commission.
func OnboardingCause(cus id.Customer) Cause { return Cause("onboarding:" + string(cus)) }

// PaymentCause is the cause of a payment's commission.
func PaymentCause(pay id.Payment) Cause { return Cause(pay) }

// Claim is one referral of the customer: the payments from Since, before Until
// and not after Lapsed are its.
type Claim struct {
	Referral  id.Referral
	Affiliate id.Affiliate
	Since     time.Time
	Until     time.Time // zero: still
	Lapsed    time.Time // zero: not
}

// holds reports whether the referral stood at a time. Providers count in whole
// seconds, so its beginning does too.
func (c Claim) holds(at time.Time) bool {
	return !at.Before(c.Since.Truncate(time.Second)) &&
		(c.Until.IsZero() || at.Before(c.Until)) &&
		(c.Lapsed.IsZero() || !at.After(c.Lapsed))
}

// before orders claims: one that a person ended held the customer until then,
// whatever began as early; else the older one comes first.
func (c Claim) before(d Claim) bool {
	if c.Until.IsZero() != d.Until.IsZero() {
		return d.Until.IsZero()
	}
	return cmp.Or(c.Until.Compare(d.Until), c.Since.Compare(d.Since), cmp.Compare(c.Referral, d.Referral)) < 0
}

// ClaimAt is the claim that stood at a time. Were there two, what was earned
// under the one that ended stays.
func ClaimAt(claims []Claim, at time.Time) (Claim, bool) {
	var best Claim
	found := false
	for _, c := range claims {
		if c.holds(at) && (!found || c.before(best)) {
			best, found = c, true
		}
	}
	return best, found
}

// Deal is what was agreed for one cause.
type Deal struct {
	Terms program.Terms
	Newer program.Terms   // for plans younger than Terms: the same scope's version at that time
	State affiliate.State // the affiliate's, at that time
}

// History is all that a customer's commissions depend on. The order of its
// lists does not matter.
type History struct {
	Customer    id.Customer
	Currency    money.Currency // the program's, for sign-up and onboarding
	Zone        string
	BooksStart  time.Time
	Hold        time.Duration           // in force now
	Held        map[Cause]time.Duration // of causes that were computed before: it stays
	SignedUpAt  time.Time               // zero: not
	OnboardedAt time.Time
	PlanCodes   map[Cause]string     // of the sign-up and the onboarding
	Plans       map[string]time.Time // when each plan began
	Claims      []Claim
	Payments    []payment.Payment
	Deals       map[Cause]Deal
}

// Target is what one cause ought to have earned by all that is known now.
type Target struct {
	Cause     Cause
	Kind      program.Trigger
	Referral  id.Referral
	Affiliate id.Affiliate
	Payment   id.Payment // "" for sign-up and onboarding
	Terms     id.Terms
	At        time.Time
	ReleaseAt time.Time
	Currency  money.Currency
	BaseMinor int64
	Minor     int64
	Disputed  bool
	Review    text.Sentence
	Input     Input
	Lines     []Line
}

// Targets computes what each cause of a customer ought to have earned, in the
// provider's order. It is a function of the facts alone: duplicates, disorder
// and lateness change nothing. It fails only beyond 64 bits.
func Targets(h History) ([]Target, error) {
	paid := slices.Clone(h.Payments)
	slices.SortFunc(paid, func(a, b payment.Payment) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ExternalID, b.ExternalID))
	})
	w := walk{history: h, used: map[string]int64{}}
	if err := w.payments(paid); err != nil {
		return nil, err
	}
	for _, step := range []program.Trigger{program.TriggerSignup, program.TriggerOnboarding} {
		if err := w.step(step); err != nil {
			return nil, err
		}
	}
	return w.targets, nil
}

// walk goes through a customer's payments in order, because place, first
// payment, duration and caps depend on the ones before.
type walk struct {
	history History
	place   int
	first   time.Time
	used    map[string]int64 // of caps, by rule and currency
	targets []Target
}

func (w *walk) payments(paid []payment.Payment) error {
	for _, pay := range paid {
		if pay.NetMinor() <= 0 {
			continue // no payment: it earns nothing and has no place
		}
		w.place++
		if w.first.IsZero() {
			w.first = pay.At
		}
		if err := w.payment(pay); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) payment(pay payment.Payment) error {
	h := w.history
	claim, ok := ClaimAt(h.Claims, pay.At)
	if !ok || pay.At.Before(h.BooksStart) {
		return nil
	}
	deal := h.Deals[PaymentCause(pay.ID)]
	in := Input{
		Trigger: program.TriggerPayment, At: pay.At, Currency: pay.Currency, Zone: h.Zone,
		GrossMinor: pay.AmountMinor, NetMinor: pay.NetMinor(), RefundMinor: pay.RefundedMinor, Dispute: pay.Dispute,
		Place: w.place, FirstPaidAt: w.first, HoldMicros: h.hold(PaymentCause(pay.ID)).Microseconds(), Refused: refusal(deal.State),
	}
	for _, line := range pay.Lines {
		in.PlusMinor += max(line.AmountMinor, 0)
	}
	in.Shares = w.shares(deal, pay)
	res, err := Calculate(in)
	if err != nil {
		return err
	}
	for i, s := range in.Shares {
		if s.Rule != nil {
			w.used[capKey(*s.Rule, pay.Currency)] += res.Taken[i]
		}
	}
	w.targets = append(w.targets, Target{
		Cause: PaymentCause(pay.ID), Kind: program.TriggerPayment, Referral: claim.Referral, Affiliate: claim.Affiliate,
		Payment: pay.ID, Terms: deal.Terms.ID, At: pay.At, ReleaseAt: pay.At.Add(h.hold(PaymentCause(pay.ID))),
		Currency: pay.Currency, BaseMinor: res.BaseMinor, Minor: res.Minor, Disputed: pay.Dispute == payment.DisputeOpen,
		Review: res.Review, Input: in, Lines: res.Lines,
	})
	return nil
}

func (h History) hold(c Cause) time.Duration {
	if d, ok := h.Held[c]; ok {
		return d
	}
	return h.Hold
}

// refusal says why an affiliate in that state earns nothing.
func refusal(s affiliate.State) text.Sentence {
	if s == affiliate.Active || s == affiliate.Suspended {
		return text.Sentence{}
	}
	return text.S("The affiliate was not active at that time, but %s.", string(s))
}

// shares groups a payment's lines by the rule that covers them.
func (w *walk) shares(deal Deal, pay payment.Payment) []Share {
	var shares []Share
	at := map[string]int{}
	for _, line := range pay.Lines {
		if line.AmountMinor <= 0 {
			continue // it reduces the others: see Input.net
		}
		terms := w.history.termsOf(deal, line.PlanCode)
		n, rule := ruleFor(terms, program.TriggerPayment, line.PlanCode)
		key := string(terms.ID) + "/" + strconv.Itoa(n)
		i, ok := at[key]
		if !ok {
			i, at[key] = len(shares), len(shares)
			s := Share{Terms: terms.ID, Version: terms.Version, Rule: rule}
			if rule != nil {
				s.CapUsed = w.used[capKey(*rule, pay.Currency)]
			}
			shares = append(shares, s)
		}
		shares[i].Lines = append(shares[i].Lines, line)
	}
	return shares
}

// termsOf are those of a deal; a plan younger than them has the newer ones.
func (h History) termsOf(deal Deal, plan string) program.Terms {
	if born, ok := h.Plans[plan]; ok && born.After(deal.Terms.CreatedAt) && deal.Newer.ID != "" {
		return deal.Newer
	}
	return deal.Terms
}

// ruleFor is the first rule that names the plan, else the first that names
// none.
func ruleFor(t program.Terms, trigger program.Trigger, plan string) (int, *program.Rule) {
	open := -1
	for i, r := range t.Rules {
		if r.Trigger != trigger {
			continue
		}
		if plan != "" && slices.Contains(r.Plans, plan) {
			return i, &t.Rules[i]
		}
		if len(r.Plans) == 0 && open < 0 {
			open = i
		}
	}
	if open < 0 {
		return -1, nil
	}
	return open, &t.Rules[open]
}

// capKey is the same for the rules of several versions that cover the same, so
// that a customer's cap goes on over a change of terms or affiliate.
func capKey(r program.Rule, c money.Currency) string {
	plans := slices.Clone(r.Plans)
	slices.Sort(plans)
	return string(r.Trigger) + "/" + strings.Join(plans, ",") + "/" + string(c)
}

// step is the commission for a sign-up or an onboarding, once per customer. It
// stays when payments are refunded.
func (w *walk) step(trigger program.Trigger) error {
	h := w.history
	at, cause := h.SignedUpAt, SignupCause(h.Customer)
	if trigger == program.TriggerOnboarding {
		at, cause = h.OnboardedAt, OnboardingCause(h.Customer)
	}
	claim, ok := ClaimAt(h.Claims, at)
	if at.IsZero() || at.Before(h.BooksStart) || !ok {
		return nil
	}
	deal := h.Deals[cause]
	plan := h.PlanCodes[cause]
	terms := h.termsOf(deal, plan)
	_, rule := ruleFor(terms, trigger, plan)
	if rule == nil || (rule.AfterPayment && w.first.IsZero()) {
		return nil
	}
	from := at
	if rule.AfterPayment && w.first.After(at) {
		from = w.first
	}
	in := Input{
		Trigger: trigger, At: at, Currency: h.Currency, PlanCode: plan, HoldMicros: h.hold(cause).Microseconds(), Refused: refusal(deal.State),
		Shares: []Share{{Terms: terms.ID, Version: terms.Version, Rule: rule}},
	}
	res, err := Calculate(in)
	if err != nil {
		return err
	}
	w.targets = append(w.targets, Target{
		Cause: cause, Kind: trigger, Referral: claim.Referral, Affiliate: claim.Affiliate, Terms: terms.ID,
		At: at, ReleaseAt: from.Add(h.hold(cause)), Currency: h.Currency, Minor: res.Minor, Review: res.Review, Input: in, Lines: res.Lines,
	})
	return nil
}
