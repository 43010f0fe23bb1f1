package commission

import (
	"slices"
	"strings"
	"time"

	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/payment"
	"tributary.example/program"
)

// Input is everything that one commission is computed from. It is stored with
// the commission, so that Calculate gives the same figure years later.
type Input struct {
	Trigger     program.Trigger `json:"trigger"`
	At          time.Time       `json:"at"`
	Currency    money.Currency  `json:"currency"`
	GrossMinor  int64           `json:"gross_minor,omitempty"`
	NetMinor    int64           `json:"net_minor,omitempty"` // without tax, before refunds
	RefundMinor int64           `json:"refunded_minor,omitempty"`
	Dispute     payment.Dispute `json:"dispute,omitempty"`
	PlusMinor   int64           `json:"plus_minor,omitempty"` // the sum of the lines above zero
	Place       int             `json:"place,omitempty"`      // among the customer's payments above zero, from 1
	FirstPaidAt time.Time       `json:"first_paid_at,omitzero"`
	Zone        string          `json:"zone,omitempty"`
	PlanCode    string          `json:"plan,omitempty"` // of a sign-up or onboarding
	HoldMicros  int64           `json:"hold_micros"`    // how long it is held
	Shares      []Share         `json:"shares"`
	Refused     text.Sentence   `json:"refused,omitzero"` // why it earns nothing at all
}

// Share is what one rule covers of a payment.
type Share struct {
	Terms   id.Terms       `json:"terms_id"`
	Version int            `json:"version"`
	Rule    *program.Rule  `json:"rule"` // nil: no rule covers these lines
	Lines   []payment.Line `json:"lines,omitempty"`
	CapUsed int64          `json:"cap_used_minor,omitempty"` // by the customer's earlier payments
}

// Line is one line of a calculation as people read it. A line without Shown is
// a remark.
type Line struct {
	Sentence text.Sentence `json:"sentence"`
	Minor    int64         `json:"amount_minor"`
	Shown    bool          `json:"shown"` // Minor belongs to it
}

// Result is what Calculate found.
type Result struct {
	Minor     int64         // the commission
	BaseMinor int64         // what of the payment it is on, after refunds
	Lines     []Line        // the calculation; the shown figures sum to Minor
	Review    text.Sentence // why a person must look, or zero
	Taken     []int64       // per share: the part of Minor, which a cap counts
}

// part is one figure before rounding, with the words for it.
type part struct {
	exact    money.Exact
	sentence text.Sentence
}

// shareResult is a share before rounding.
type shareResult struct {
	parts   []part
	exact   money.Exact
	remarks []text.Sentence
	review  text.Sentence
}

// Calculate computes a commission from its input: the exact results of all
// rules are summed and rounded once, half away from zero, and the lines are
// shared out from that by largest remainder. It fails only beyond 64 bits.
func Calculate(in Input) (Result, error) {
	var res Result
	if !in.Refused.IsZero() {
		res.Lines, res.Taken = []Line{{Sentence: in.Refused}}, make([]int64, len(in.Shares))
		return res, nil
	}
	shares := make([]shareResult, len(in.Shares))
	exacts := make([]money.Exact, len(in.Shares))
	caps := map[string]money.Exact{} // what the shares so far take from each
	for i, s := range in.Shares {
		shares[i] = in.share(s, caps)
		exacts[i] = shares[i].exact
		if res.Review.IsZero() {
			res.Review = shares[i].review
		}
	}
	var err error
	if res.Minor, res.Taken, err = money.RoundParts(exacts); err != nil {
		return Result{}, err
	}
	if res.BaseMinor, err = in.kept(money.ExactOf(in.NetMinor)).Round(); err != nil {
		return Result{}, err
	}
	rounded := false
	for i, s := range shares {
		lines, err := s.lines(res.Taken[i])
		if err != nil {
			return Result{}, err
		}
		res.Lines = append(res.Lines, lines...)
		rounded = rounded || !s.exact.IsWhole()
	}
	res.Lines = append(res.Lines, in.remarks(rounded)...)
	return res, nil
}

func (s shareResult) lines(minor int64) ([]Line, error) {
	var lines []Line
	if len(s.parts) > 0 {
		exacts := make([]money.Exact, len(s.parts))
		for i, p := range s.parts {
			exacts[i] = p.exact
		}
		shown, err := money.Share(minor, exacts)
		if err != nil {
			return nil, err
		}
		for i, p := range s.parts {
			lines = append(lines, Line{Sentence: p.sentence, Minor: shown[i], Shown: true})
		}
	}
	for _, r := range s.remarks {
		lines = append(lines, Line{Sentence: r})
	}
	return lines, nil
}

// kept is the part of a figure that refunds and a lost dispute leave.
func (in Input) kept(e money.Exact) money.Exact {
	if in.GrossMinor == 0 {
		return e
	}
	if in.Dispute == payment.DisputeLost {
		return money.Exact{}
	}
	return e.Times(in.GrossMinor-in.RefundMinor, in.GrossMinor)
}

// share is what one rule gives, before rounding; it takes from the caps.
func (in Input) share(s Share, caps map[string]money.Exact) shareResult {
	if why := in.uncovered(s); !why.IsZero() {
		return shareResult{remarks: []text.Sentence{why}}
	}
	rate := s.Rule.Rate
	if s.Rule.First != nil && in.Place == 1 {
		rate = *s.Rule.First
	}
	var out shareResult
	if rate.IsFixed() {
		out = in.fixed(s, rate)
	} else {
		out = in.percent(s, rate)
	}
	for _, p := range out.parts {
		out.exact = out.exact.Plus(p.exact)
	}
	key := capKey(*s.Rule, in.Currency)
	out = in.capped(s, out, caps[key])
	caps[key] = caps[key].Plus(out.exact)
	return out
}

// uncovered says why a share earns nothing, or is zero.
func (in Input) uncovered(s Share) text.Sentence {
	rule := s.Rule
	if rule == nil {
		return text.S("No rule of these terms covers %s.", planNames(s.Lines))
	}
	if end, over := in.over(rule.Duration); over {
		return end
	}
	if least := rule.MinimumMinor[string(in.Currency)]; least > 0 && in.covered(s).Cmp(money.ExactOf(least)) < 0 {
		return text.S("Payments below %s earn nothing.", money.Of(least, in.Currency))
	}
	return text.Sentence{}
}

// over says whether a rule's duration had ended, and how.
func (in Input) over(d program.Duration) (text.Sentence, bool) {
	switch {
	case in.Trigger != program.TriggerPayment:
	case d.Kind == program.Payments && in.Place > d.N:
		return text.S("Only the customer's first %s payments earn; this is number %s.", d.N, in.Place), true
	case d.Kind == program.Months:
		if end := AddMonths(in.FirstPaidAt, d.N, location(in.Zone)); !in.At.Before(end) {
			return text.S("Payments earn for %s months from the customer's first, until %s.", d.N, text.Date(end)), true
		}
	}
	return text.Sentence{}, false
}

// net is a line after the payment's negative lines have reduced it in
// proportion.
func (in Input) net(line payment.Line) money.Exact {
	if line.AmountMinor <= 0 {
		return money.Exact{}
	}
	return money.ExactOf(line.AmountMinor).Times(in.NetMinor, in.PlusMinor)
}

func (in Input) covered(s Share) money.Exact {
	var sum money.Exact
	for _, line := range s.Lines {
		sum = sum.Plus(in.net(line))
	}
	return sum
}

func (in Input) percent(s Share, rate program.Rate) shareResult {
	var out shareResult
	for _, line := range s.Lines {
		net := in.net(line)
		if net.Sign() == 0 {
			continue
		}
		shown, err := net.Round()
		if err != nil { // unreachable: no larger than the payment
			shown = line.AmountMinor
		}
		sentence := text.S("%s of %s", money.Rate(rate.PPM), money.Of(shown, in.Currency))
		if line.PlanCode != "" {
			sentence = text.S("%s of %s for %s", money.Rate(rate.PPM), money.Of(shown, in.Currency), line.PlanCode)
		}
		out.parts = append(out.parts, part{in.kept(net).Times(rate.PPM, int64(money.Whole)), sentence})
	}
	return out
}

// fixed gives a rule's amount once per cause, less what was given back.
func (in Input) fixed(s Share, rate program.Rate) shareResult {
	minor, ok := rate.Fixed[string(in.Currency)]
	if !ok {
		why := text.S("The rule names no amount in %s.", string(in.Currency))
		return shareResult{remarks: []text.Sentence{why}, review: why}
	}
	amount := money.Of(minor, in.Currency)
	sentence := text.S("%s per payment", amount)
	switch {
	case in.Trigger == program.TriggerSignup:
		sentence = text.S("%s for the sign-up", amount)
	case in.Trigger == program.TriggerOnboarding:
		sentence = text.S("%s for the onboarding", amount)
	case len(s.Rule.Plans) > 0:
		sentence = text.S("%s per payment for %s", amount, planNames(s.Lines))
	}
	return shareResult{parts: []part{{in.kept(money.ExactOf(minor)), sentence}}}
}

// capped limits a share to what a rule leaves for this customer, beside what
// another version of the rule has taken of the same payment. What is left is a
// whole number, so that no rounding goes beyond it.
func (in Input) capped(s Share, out shareResult, taken money.Exact) shareResult {
	limit, ok := s.Rule.CapMinor[string(in.Currency)]
	left := money.ExactOf(limit - s.CapUsed).Minus(taken)
	if !ok || out.exact.Cmp(left) <= 0 {
		return out
	}
	whole, err := left.Floor()
	if err != nil { // unreachable: no larger than what was to be earned
		whole = 0
	}
	out.exact = money.ExactOf(max(whole, 0))
	out.remarks = append(out.remarks, text.S("Limited to %s per customer, of which %s had been earned before.",
		money.Of(limit, in.Currency), money.Of(s.CapUsed, in.Currency)))
	return out
}

// remarks explain what is the same for all rules.
func (in Input) remarks(rounded bool) []Line {
	var lines []Line
	if in.RefundMinor > 0 {
		lines = append(lines, Line{Sentence: text.S("%s of %s was given back; the commission is reduced in proportion.",
			money.Of(in.RefundMinor, in.Currency), money.Of(in.GrossMinor, in.Currency))})
	}
	if in.Dispute == payment.DisputeLost {
		lines = append(lines, Line{Sentence: text.S("The customer's dispute was lost; nothing is left of the payment.")})
	}
	if rounded {
		lines = append(lines, Line{Sentence: text.S("Rounded once to the smallest unit of %s.", string(in.Currency))})
	}
	return lines
}

func planNames(lines []payment.Line) string {
	var names []string
	for _, l := range lines {
		name := l.PlanCode
		if name == "" {
			name = "a payment without a plan"
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// AddMonths adds calendar months in a time zone; a day that the month does not
// have becomes its last. It is always counted from the anchor, so that a chain
// of months does not drift (31 January, 28 February, 31 March).
func AddMonths(anchor time.Time, months int, zone *time.Location) time.Time {
	local := anchor.In(zone)
	month := local.Month() + time.Month(months)
	last := time.Date(local.Year(), month+1, 0, 12, 0, 0, 0, time.UTC).Day()
	return time.Date(local.Year(), month, min(local.Day(), last), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), zone)
}

func location(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC
	}
	return loc
}
