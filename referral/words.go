package referral

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/program"
)

// clause is a part of a sentence; clauses are joined before they are kept, so
// that what is stored is one key and its arguments.
type clause struct {
	key  string
	args []any
}

func say(key string, args ...any) clause { return clause{key, args} }

func sentence(parts ...clause) text.Sentence {
	var key strings.Builder
	var args []any
	for _, p := range parts {
		key.WriteString(p.key)
		args = append(args, p.args...)
	}
	return text.S(key.String(), args...)
}

// reader is who reads: the merchant, who sees names, or the affiliate that a
// piece names, who sees "your" and "another affiliate's".
type reader struct {
	merchant bool
	self     id.Affiliate
	facts    Facts
}

// whose is "Omar's", "your" or "another affiliate's".
func (r reader) whose(aff id.Affiliate) clause {
	switch {
	case r.merchant:
		return say("%s's", r.facts.Parties[aff].Name)
	case aff == r.self:
		return say("your")
	}
	return say("another affiliate's")
}

// touched tells of the piece that the sentence is about: "Omar's link was
// clicked 3 days before sign-up".
func (r reader) touched(c *Candidate) []clause {
	e := c.Evidence
	switch {
	case e.Kind == ByClaim:
		return []clause{r.whose(e.Affiliate), say(" claim was granted")}
	case e.Kind == ByCoupon && e.Prefilled:
		return []clause{r.whose(e.Affiliate), say(" link filled in %s "+whenOf[e.Step], e.Source)}
	case e.Kind == ByCoupon && r.merchant:
		return []clause{say("%s was "+typed(e), e.Source)}
	case e.Kind == ByCoupon && e.Affiliate == r.self:
		return []clause{say("your code %s was "+typed(e), e.Source)}
	case e.Kind == ByCoupon:
		return []clause{say("another affiliate's code was " + typed(e))}
	case e.At.After(e.StepAt):
		return []clause{r.whose(e.Affiliate), say(" link was clicked " + whenOf[e.Step])}
	}
	return []clause{r.whose(e.Affiliate), say(" link was clicked %s before "+nounOf[e.Step], e.StepAt.Sub(e.At))}
}

func typed(e Evidence) string {
	if strings.HasSuffix(whenOf[e.Step], "payment") {
		return "given with the first payment"
	}
	return "typed " + whenOf[e.Step]
}

// named is the other piece, in short: "Omar's link clicked 3 days earlier".
func (r reader) named(c, beside *Candidate) []clause {
	e, b := c.Evidence, beside.Evidence
	switch {
	case e.Kind == ByClaim:
		return []clause{r.whose(e.Affiliate), say(" claim")}
	case e.typed() && r.merchant:
		return []clause{say("%s", e.Source)}
	case e.typed():
		return []clause{r.whose(e.Affiliate), say(" code")}
	case e.Kind == ByClick && r.merchant && b.typed() && e.At.Before(b.At):
		return []clause{r.whose(e.Affiliate), say(" link clicked %s earlier", b.At.Sub(e.At))}
	case e.Kind == ByClick && r.merchant && !e.At.After(e.StepAt):
		return []clause{r.whose(e.Affiliate), say(" link clicked %s before "+nounOf[e.Step], e.StepAt.Sub(e.At))}
	}
	return []clause{r.whose(e.Affiliate), say(" link")}
}

// because is why the winner outranks another piece.
func (d *decider) because(r reader, lost *Candidate) clause {
	w := d.winner
	switch {
	case w.claimed():
		return say(", because a granted claim comes first")
	case w.typed() && lost.typed():
		return say(", because the first valid code counts")
	case w.typed() && d.policy.Credit == program.CouponIfInvolved && d.involved(w.Evidence.Affiliate):
		whose := r.whose(w.Evidence.Affiliate)
		return say(", because "+whose.key+" link was clicked, too", whose.args...)
	case w.typed():
		return say(", because this program puts coupons first")
	case lost.typed() && d.policy.Credit == program.CouponIfInvolved:
		return say(", because a code wins here only if its owner's link was clicked, too")
	case lost.typed():
		return say(", because this program puts links first")
	case d.outByCheckout(lost):
		return say(", because a click that lands on a checkout page does not win over an older one")
	case d.policy.Touch == program.FirstTouch:
		return say(", because this program credits the first click")
	}
	return say(", because this program credits the last click")
}

// judge gives a piece that counted its verdict and its reasons.
func (d *decider) judge(c *Candidate) {
	merchant := reader{merchant: true, facts: d.facts}
	own := reader{self: c.Evidence.Affiliate, facts: d.facts}
	switch {
	case c == d.winner:
		c.Verdict = VerdictWon
	case c.Evidence.Affiliate == d.winner.Evidence.Affiliate:
		c.Verdict = VerdictAgrees
	default:
		c.Verdict = VerdictLost
		c.Reason, c.Told = d.outranked(merchant, c), d.outranked(own, c)
		return
	}
	c.Reason, c.Told = whole(merchant.touched(c)), whole(own.touched(c))
}

// outranked is what the loser's piece gets: "Omar's link was clicked 3 days
// before sign-up; JANE10 outranks it, because …".
func (d *decider) outranked(r reader, lost *Candidate) text.Sentence {
	parts := append(r.touched(lost), say("; "))
	parts = append(parts, r.named(d.winner, lost)...)
	return whole(append(parts, say(" outranks it"), d.because(r, lost)))
}

// sentences are the decision's, for the merchant and for the winner.
func (d *decider) sentences() (merchant, told text.Sentence) {
	if d.winner == nil {
		return d.nobody(), text.Sentence{}
	}
	return d.won(reader{merchant: true, facts: d.facts}), d.won(reader{self: d.winner.Evidence.Affiliate, facts: d.facts})
}

func (d *decider) won(r reader) text.Sentence {
	w := d.winner
	parts := r.touched(w)
	if rival := d.rival(); rival != nil {
		parts = append(append(parts, say("; it outranks ")), r.named(rival, w)...)
		return whole(append(parts, d.because(r, rival)))
	}
	if other := d.partner(); other != nil {
		parts = append(append(parts, say(", and ")), r.touched(other)...)
		if r.merchant {
			return whole(append(parts, say(": both are %s's", r.facts.Parties[w.Evidence.Affiliate].Name)))
		}
	} else if r.merchant && w.typed() {
		parts = append(parts, say("; it is %s's code", r.facts.Parties[w.Evidence.Affiliate].Name))
	}
	return whole(parts)
}

// rival is the strongest piece that lost: what would have won without the
// winner's.
func (d *decider) rival() *Candidate {
	others := decider{policy: d.policy, facts: d.facts}
	for _, c := range d.weighed {
		if c.Evidence.Affiliate != d.winner.Evidence.Affiliate {
			others.weighed = append(others.weighed, c)
		}
	}
	if link := others.bestLink(); link != nil && d.winner.typed() {
		return link
	}
	if code := first(others.weighed, (*Candidate).typed); code != nil && d.winner.linkLike() {
		return code
	}
	return others.choose()
}

// partner is the winner's other kind of piece, when link and code agree.
func (d *decider) partner() *Candidate {
	w := d.winner
	if w.typed() {
		return d.linkOf(w.Evidence.Affiliate)
	}
	return first(d.weighed, func(c *Candidate) bool { return c.typed() && c.Evidence.Affiliate == w.Evidence.Affiliate })
}

func (d *decider) nobody() text.Sentence {
	switch n := len(d.all); n {
	case 0:
		return text.S("Nobody is credited: nothing was handed in that names an affiliate.")
	case 1:
		why := d.all[0].Reason
		return text.Sentence{Key: "Nobody is credited: " + lower(why.Key), Args: why.Args}
	default:
		return text.S("Nobody is credited: none of the %s pieces of evidence counts.", n)
	}
}

// whole makes a sentence: a capital in front and a full stop behind.
func whole(parts []clause) text.Sentence {
	s := sentence(parts...)
	c, size := utf8.DecodeRuneInString(s.Key)
	s.Key = string(unicode.ToUpper(c)) + s.Key[size:] + "."
	return s
}

func lower(key string) string {
	c, size := utf8.DecodeRuneInString(key)
	return string(unicode.ToLower(c)) + key[size:]
}
