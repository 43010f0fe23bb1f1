package referral

import (
	"cmp"
	"slices"
	"time"

	"tributary.example/affiliate"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/program"
)

// Party is what a decision must know of an affiliate that evidence names.
type Party struct {
	Name   string             // for the merchant's sentence
	Self   bool               // the affiliate and the customer are one person
	Barred bool               // a person took this customer from the affiliate
	States []affiliate.Change // the history, the oldest first
}

// Facts are what a decision must know beside the evidence.
type Facts struct {
	Parties     map[id.Affiliate]Party
	SignedUpAt  time.Time // or zero
	FirstPaidAt time.Time // of the first payment above zero, or zero
}

// Verdict is what became of a piece of evidence.
type Verdict string

// The verdicts.
const (
	VerdictWon      Verdict = "won"
	VerdictAgrees   Verdict = "agrees"    // of the winner, too
	VerdictLost     Verdict = "lost"      // counted, and was outranked
	VerdictSetAside Verdict = "set_aside" // would have counted, and came too late
	VerdictRefused  Verdict = "refused"   // counts for nothing
)

// Candidate is a piece of evidence and what became of it.
type Candidate struct {
	Evidence Evidence      `json:"evidence"`
	Verdict  Verdict       `json:"verdict"`
	Reason   text.Sentence `json:"reason"` // for the merchant
	Told     text.Sentence `json:"told"`   // for the affiliate it names; names nobody else
}

// Decision says which affiliate a customer is credited to, and why.
type Decision struct {
	Policy     program.Policy `json:"policy"`
	At         time.Time      `json:"at"`
	Affiliate  id.Affiliate   `json:"affiliate_id,omitempty"` // "" when nobody is
	Kind       Kind           `json:"kind,omitempty"`
	Link       id.Link        `json:"link_id,omitempty"`
	Coupon     id.Coupon      `json:"coupon_id,omitempty"`
	Click      id.Click       `json:"click_id,omitempty"`
	Since      time.Time      `json:"since,omitzero"`    // payments from here on are credited
	TermsAt    time.Time      `json:"terms_at,omitzero"` // of the step whose evidence decided
	Candidates []Candidate    `json:"candidates"`        // in time order
	Sentence   text.Sentence  `json:"sentence"`          // for the merchant
	Told       text.Sentence  `json:"told"`              // for the winner; names nobody else
}

// Decide weighs all evidence of a customer. It goes through the steps in their
// own order: each adds what may be added beside what counts already, and the
// policy chooses from all of that. It is pure; the order of the evidence does
// not matter.
func Decide(policy program.Policy, evidence []Evidence, facts Facts, now time.Time) Decision {
	d := decider{policy: policy, facts: facts}
	for _, e := range inOrder(evidence) {
		c := &Candidate{Evidence: e}
		if c.Reason = d.refusal(e); !c.Reason.IsZero() {
			c.Verdict, c.Told = VerdictRefused, c.Reason
		}
		d.all = append(d.all, c)
	}
	for from := 0; from < len(d.all); {
		to := from + 1
		for to < len(d.all) && d.all[to].Evidence.StepAt.Equal(d.all[from].Evidence.StepAt) {
			to++
		}
		d.step(d.all[from:to])
		from = to
	}
	return d.decision(now)
}

// inOrder sorts evidence by the time of its step, then of its touch; the rest
// only makes the order total.
func inOrder(evidence []Evidence) []Evidence {
	sorted := slices.Clone(evidence)
	slices.SortFunc(sorted, func(a, b Evidence) int {
		return cmp.Or(a.StepAt.Compare(b.StepAt), a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Source, b.Source), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Flaw, b.Flaw),
			cmp.Compare(a.Affiliate, b.Affiliate), cmp.Compare(a.Landing, b.Landing), cmp.Compare(prefilled(a), prefilled(b)))
	})
	return sorted
}

func prefilled(e Evidence) int {
	if e.Prefilled {
		return 1
	}
	return 0
}

// decider is one decision under way.
type decider struct {
	policy  program.Policy
	facts   Facts
	all     []*Candidate // every piece, in order
	weighed []*Candidate // those that count
	winner  *Candidate
}

// step adds what one step handed in and chooses again. What stood before the
// step limits what it may add: nothing but a first code, or a granted claim.
func (d *decider) step(group []*Candidate) {
	stood, hadCode := d.winner != nil, slices.ContainsFunc(d.weighed, (*Candidate).typed)
	for _, c := range group {
		switch {
		case c.Verdict == VerdictRefused:
		case stood && c.linkLike():
			c.setAside("A referral stood already when this link was handed in.")
		case stood && c.typed() && hadCode:
			c.setAside("Another code counted already when this one was handed in.")
		default:
			d.weighed = append(d.weighed, c)
		}
	}
	d.winner = d.choose()
}

func (c *Candidate) typed() bool    { return c.Evidence.typed() }
func (c *Candidate) linkLike() bool { return c.Evidence.linkLike() }
func (c *Candidate) claimed() bool  { return c.Evidence.Kind == ByClaim }

func (c *Candidate) setAside(key string) {
	c.Verdict, c.Reason = VerdictSetAside, text.S(key)
	c.Told = c.Reason
}

// choose finds the piece that decides among all that counts; nil when nothing
// does.
func (d *decider) choose() *Candidate {
	if claim := first(d.weighed, (*Candidate).claimed); claim != nil {
		return claim
	}
	code := first(d.weighed, (*Candidate).typed)
	link := d.bestLink()
	switch {
	case code == nil:
		return link
	case link == nil:
		return code
	case d.policy.Credit == program.LinkFirst:
		return link
	case d.policy.Credit == program.CouponIfInvolved && !d.involved(code.Evidence.Affiliate):
		return link
	}
	return code
}

// bestLink is the link that wins among links, by the policy's touch. A click
// on a checkout page does not win over an older one of another affiliate.
func (d *decider) bestLink() *Candidate {
	var best *Candidate
	for _, c := range d.weighed {
		if !c.linkLike() || d.outByCheckout(c) {
			continue
		}
		if best == nil || d.policy.Touch == program.LastTouch && !c.Evidence.At.Before(best.Evidence.At) ||
			d.policy.Touch == program.FirstTouch && c.Evidence.At.Before(best.Evidence.At) {
			best = c
		}
	}
	return best
}

func (d *decider) outByCheckout(c *Candidate) bool {
	if !onCheckout(c.Evidence.Landing, d.policy.CheckoutPaths) {
		return false
	}
	return slices.ContainsFunc(d.weighed, func(o *Candidate) bool {
		return o.linkLike() && o.Evidence.Affiliate != c.Evidence.Affiliate && o.Evidence.At.Before(c.Evidence.At)
	})
}

// involved reports whether a link of the affiliate counts, too.
func (d *decider) involved(aff id.Affiliate) bool {
	return slices.ContainsFunc(d.weighed, func(c *Candidate) bool { return c.linkLike() && c.Evidence.Affiliate == aff })
}

// decision writes down what was chosen, with a reason for every piece.
func (d *decider) decision(now time.Time) Decision {
	out := Decision{Policy: d.policy, At: now, Candidates: []Candidate{}}
	if d.winner != nil {
		d.credit(&out)
	}
	for _, c := range d.weighed {
		d.judge(c)
	}
	out.Sentence, out.Told = d.sentences()
	for _, c := range d.all {
		out.Candidates = append(out.Candidates, *c)
	}
	return out
}

// credit fills in the winner with both pieces, when link and code agree.
func (d *decider) credit(out *Decision) {
	w := d.winner.Evidence
	out.Affiliate, out.Link, out.Coupon, out.TermsAt = w.Affiliate, w.Link, w.Coupon, w.StepAt
	switch {
	case w.Kind == ByClaim:
		out.Kind = KindClaim
	case w.typed():
		out.Kind = KindCoupon
	default:
		out.Kind = KindLink
	}
	own := func(is func(*Candidate) bool) func(*Candidate) bool {
		return func(c *Candidate) bool { return is(c) && c.Evidence.Affiliate == w.Affiliate }
	}
	if code := first(d.weighed, own((*Candidate).typed)); code != nil && out.Coupon == "" {
		out.Coupon = code.Evidence.Coupon
	}
	if link := d.linkOf(w.Affiliate); link != nil {
		if out.Link == "" {
			out.Link = link.Evidence.Link
		}
		if link.Evidence.Kind == ByClick {
			out.Click = id.Click(link.Evidence.Source)
		}
	}
	out.Since = w.StepAt
	if at := d.facts.SignedUpAt; !at.IsZero() && at.Before(out.Since) {
		out.Since = at
	}
	// A provider counts in whole seconds, and the first payment must not
	// fall before the sign-up of the same second.
	out.Since = out.Since.Truncate(time.Second)
}

// linkOf is the best link of one affiliate among what counts.
func (d *decider) linkOf(aff id.Affiliate) *Candidate {
	if d.winner.linkLike() && d.winner.Evidence.Affiliate == aff {
		return d.winner
	}
	own := decider{policy: d.policy}
	for _, c := range d.weighed {
		if c.Evidence.Affiliate == aff {
			own.weighed = append(own.weighed, c)
		}
	}
	return own.bestLink()
}

func first(all []*Candidate, is func(*Candidate) bool) *Candidate {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i]
	}
	return nil
}
