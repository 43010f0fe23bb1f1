package sim

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"time"

	"tributary.example/affiliate"
	"tributary.example/customer"
	"tributary.example/money"
	"tributary.example/payment"
	"tributary.example/program"
)

// oracle computes what a history ought to earn from its facts, read one by one
// as the design says it. Who is credited comes from the book.
type oracle struct {
	History
	born map[string]time.Time
}

// Oracle is what each cause ought to have earned; zeros are left out.
func (h History) Oracle(claims map[string][]Claim) map[string]Earned {
	o := oracle{h, map[string]time.Time{}}
	for _, d := range h.Deeds {
		if d.NewPlan != "" {
			o.born[d.NewPlan] = d.At
		}
	}
	out := map[string]Earned{}
	for who, all := range claims {
		for _, c := range all {
			o.customer(who, c, out)
		}
	}
	return out
}

func (o oracle) of(who string, sort Sort) []Fact {
	var out []Fact
	for _, f := range o.Facts {
		if f.Customer == who && f.Sort == sort {
			out = append(out, f)
		}
	}
	return out
}

func (o oracle) customer(who string, c Claim, out map[string]Earned) {
	paid := o.of(who, Paid)
	slices.SortFunc(paid, func(a, b Fact) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Name, b.Name)) })
	paid = slices.DeleteFunc(paid, func(f Fact) bool { return f.Minor-f.Tax <= 0 })
	var first time.Time
	if len(paid) > 0 {
		first = paid[0].At
	}
	used := map[string]int64{}
	for n, f := range paid {
		if !c.held(f.At) || !o.earns(c.Affiliate, f.At) {
			continue
		}
		if minor := o.payment(c, f, place{n + 1, first}, used); minor != 0 {
			out[f.Name] = Earned{c.Affiliate, money.Currency(f.Currency), minor}
		}
	}
	o.steps(who, c, first, out)
}

func (c Claim) held(at time.Time) bool {
	r := c.Ref
	return !at.Before(r.Since.Truncate(time.Second)) && (r.LapsedAt.IsZero() || !at.After(r.LapsedAt))
}

// earns asks whether the affiliate was active or suspended.
func (o oracle) earns(aff int, at time.Time) bool {
	state := affiliate.Active
	for _, d := range o.Deeds {
		if d.State != "" && d.Affiliate == aff && !d.At.After(at) && state.MayBecome(d.State) {
			state = d.State
		}
	}
	return state != affiliate.Banned
}

type place struct {
	n     int
	first time.Time
}

// version is the newest terms in force of the most specific scope.
type version struct {
	scope program.ScopeKind
	at    time.Time
	rules []program.Rule
}

func (o oracle) inForce(c Claim, at time.Time, only program.ScopeKind) version {
	for _, scope := range []program.ScopeKind{program.ScopeCoupon, program.ScopeLink, program.ScopeAffiliate, program.ScopeProgram} {
		if only != "" && only != scope || scope == program.ScopeCoupon && !c.Coupon || scope == program.ScopeLink && !c.Link {
			continue
		}
		var best version
		if scope == program.ScopeProgram {
			best = version{scope, time.Time{}, o.Rules}
		}
		for _, d := range o.Deeds {
			if d.Rules != nil && d.Scope == scope && (d.Affiliate == c.Affiliate || scope == program.ScopeProgram) && !d.At.After(at) && !d.At.Before(best.at) {
				best = version{scope, d.At, d.Rules}
			}
		}
		if best.rules != nil {
			return best
		}
	}
	return version{}
}

func (o oracle) terms(c Claim, at time.Time) version {
	if o.Settings.Binding == program.Keep {
		at = c.Ref.TermsAt
	}
	return o.inForce(c, at, "")
}

func (o oracle) payment(c Claim, f Fact, p place, used map[string]int64) int64 {
	lines := f.Lines
	if len(lines) == 0 {
		lines = []payment.Line{{PlanCode: f.Plan, AmountMinor: f.Minor - f.Tax}}
	}
	var plus int64
	for _, l := range lines {
		plus += max(l.AmountMinor, 0)
	}
	var shares []share
	for _, l := range lines {
		v := o.terms(c, f.At)
		if born, ok := o.born[l.PlanCode]; ok && born.After(v.at) {
			v = o.inForce(c, f.At, v.scope)
		}
		rule := find(v.rules, program.TriggerPayment, l.PlanCode)
		if rule == nil || l.AmountMinor <= 0 {
			continue
		}
		i := slices.IndexFunc(shares, func(s share) bool { return s.rule == rule })
		if i < 0 {
			i, shares = len(shares), append(shares, share{rule, new(big.Rat)})
		}
		net := new(big.Rat).Mul(big.NewRat(l.AmountMinor, 1), big.NewRat(f.Minor-f.Tax, plus))
		shares[i].net.Add(shares[i].net, net)
	}
	left := big.NewRat(f.Minor-o.refunded(f), f.Minor)
	var exact []*big.Rat
	for _, s := range shares {
		exact = append(exact, s.earns(f, p, left, o.Settings.Zone))
	}
	return settle(shares, exact, f.Currency, used)
}

func (o oracle) refunded(f Fact) (sum int64) {
	for _, r := range o.of(f.Customer, Refunded) {
		if r.Of == f.Name {
			sum += r.Minor
		}
	}
	return sum
}

// find is the first rule that names the plan, else the first that names none.
func find(rules []program.Rule, trigger program.Trigger, plan string) (found *program.Rule) {
	for i, r := range rules {
		switch {
		case r.Trigger != trigger:
		case plan != "" && slices.Contains(r.Plans, plan):
			return &rules[i]
		case len(r.Plans) == 0 && found == nil:
			found = &rules[i]
		}
	}
	return found
}

// share is what one rule covers of a payment.
type share struct {
	rule *program.Rule
	net  *big.Rat
}

// earns is a rule's exact result, before its cap.
func (s share) earns(f Fact, p place, left *big.Rat, zone string) *big.Rat {
	r := s.rule
	switch {
	case r.Duration.Kind == program.Payments && p.n > r.Duration.N,
		r.Duration.Kind == program.Months && !f.At.Before(monthsAfter(p.first, r.Duration.N, zone)),
		s.net.Cmp(big.NewRat(r.MinimumMinor[f.Currency], 1)) < 0:
		return new(big.Rat)
	}
	rate := r.Rate
	if r.First != nil && p.n == 1 {
		rate = *r.First
	}
	if len(rate.Fixed) > 0 {
		return new(big.Rat).Mul(big.NewRat(rate.Fixed[f.Currency], 1), left)
	}
	out := new(big.Rat).Mul(s.net, big.NewRat(rate.PPM, 1_000_000))
	return out.Mul(out, left)
}

// monthsAfter is the same day of a later month, or the month's last.
func monthsAfter(at time.Time, n int, zone string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	local := at.In(loc)
	for d := local.Day(); ; d-- {
		got := time.Date(local.Year(), local.Month()+time.Month(n), d, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), loc)
		if got.Day() == d {
			return got
		}
	}
}

// settle limits each rule's result to what its cap leaves, rounds the sum once,
// half away from zero, and notes what counts for the caps.
func settle(shares []share, exact []*big.Rat, currency string, used map[string]int64) int64 {
	sum, half := new(big.Rat), big.NewRat(1, 2)
	now := map[string]*big.Rat{}
	for i, s := range shares {
		key := capOf(s.rule, currency)
		if now[key] == nil {
			now[key] = new(big.Rat)
		}
		if limit, ok := s.rule.CapMinor[currency]; ok {
			rest := new(big.Rat).Sub(big.NewRat(limit-used[key], 1), now[key])
			if rest.Sign() < 0 {
				rest.SetInt64(0)
			}
			if exact[i].Cmp(rest) > 0 { // whole, so that no rounding goes beyond it
				exact[i] = big.NewRat(floor(rest), 1)
			}
		}
		now[key].Add(now[key], exact[i])
		sum.Add(sum, exact[i])
	}
	total := floor(new(big.Rat).Add(sum, half))
	order := make([]int, len(shares))
	left := total
	for i := range shares {
		order[i] = i
		left -= floor(exact[i])
	}
	rest := func(i int) *big.Rat { return new(big.Rat).Sub(exact[i], big.NewRat(floor(exact[i]), 1)) }
	slices.SortStableFunc(order, func(a, b int) int { return rest(b).Cmp(rest(a)) })
	for n, i := range order {
		minor := floor(exact[i])
		if int64(n) < left {
			minor++
		}
		used[capOf(shares[i].rule, currency)] += minor
	}
	return total
}

func floor(r *big.Rat) int64 { return new(big.Int).Div(r.Num(), r.Denom()).Int64() }

// capOf is one pot for the rules of all versions that cover the same.
func capOf(r *program.Rule, currency string) string { return fmt.Sprint(r.Plans, currency) }

// steps are the fixed amounts for sign-up and onboarding.
func (o oracle) steps(who string, c Claim, first time.Time, out map[string]Earned) {
	signed, signedPlan := o.step(who, customer.SignedUp)
	onboarded, plan := o.step(who, customer.Onboarded)
	if plan == "" && !signed.After(onboarded) {
		plan = signedPlan
	}
	for _, s := range []struct {
		trigger program.Trigger
		at      time.Time
		plan    string
	}{{program.TriggerSignup, signed, signedPlan}, {program.TriggerOnboarding, onboarded, plan}} {
		if s.at.IsZero() || !c.held(s.at) || !o.earns(c.Affiliate, s.at) {
			continue
		}
		rule := find(o.terms(c, s.at).rules, s.trigger, s.plan)
		if rule == nil || rule.AfterPayment && first.IsZero() {
			continue
		}
		out[string(s.trigger)+" "+who] = Earned{c.Affiliate, "EUR", rule.Rate.Fixed["EUR"]}
	}
}

// step is when a customer's step was, at its earliest, and the plan then.
func (o oracle) step(who string, kind customer.StepKind) (at time.Time, plan string) {
	for _, f := range o.of(who, Stepped) {
		switch {
		case f.Step != kind:
		case at.IsZero() || f.At.Before(at):
			at, plan = f.At, f.Plan
		case f.At.Equal(at) && (plan == "" || f.Plan != "" && f.Plan < plan):
			plan = f.Plan
		}
	}
	return at, plan
}
