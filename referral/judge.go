package referral

import (
	"strings"
	"time"

	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/customer"
	"tributary.example/internal/text"
)

// refusal says why a piece of evidence counts for nothing; zero when it does
// count. Nothing in here names an affiliate, so that both sides may read it.
func (d *decider) refusal(e Evidence) text.Sentence {
	if e.Flaw != "" {
		return flawed(e)
	}
	p, known := d.facts.Parties[e.Affiliate]
	switch {
	case !known:
		return text.S("It names no affiliate of this program.")
	case p.Self:
		return text.S("The customer and the affiliate are the same person.")
	case p.Barred:
		return text.S("The merchant took this customer from the affiliate by hand.")
	}
	if s := inactive(e, p); !s.IsZero() {
		return s
	}
	if s := late(e, d.facts); !s.IsZero() {
		return s
	}
	if at := d.facts.SignedUpAt; d.policy.NewSignupsOnly && !at.IsZero() && !click.Eligible(e.At, at, forEver) {
		return text.S("The customer had signed up before, and this program counts only new sign-ups.")
	}
	return text.Sentence{}
}

// forEver is a window without an end, for asking only about its beginning.
const forEver = 1 << 62

// flawed says what was wrong with a piece when it was handed in.
func flawed(e Evidence) text.Sentence {
	code := text.Arg{Kind: text.KindText, Text: e.Source}
	switch e.Flaw {
	case FlawUnreadable:
		if e.Kind == ByCoupon {
			return text.S("What was typed cannot be a code.")
		}
		return text.S("This is not a click token.")
	case FlawForged:
		return text.S("The token was not signed here.")
	case FlawKeyExpired:
		return text.S("The key of this token is no longer accepted.")
	case FlawForeign:
		return text.S("The link belongs to another program.")
	case FlawUnknown:
		if e.Kind == ByCoupon {
			return text.S("There is no code %s.", code)
		}
		return text.S("There is no such link.")
	case FlawNotYet:
		return text.S("The code %s was not valid yet.", code)
	case FlawPaused:
		return text.S("The code %s was paused.", code)
	case FlawEnded:
		return text.S("The code %s was no longer valid.", code)
	case FlawExisting:
		return text.S("The code %s is for new customers, and this one had paid before.", code)
	case FlawOwn:
		return text.S("The customer and the affiliate are the same person.")
	case FlawBefore:
		return text.S("The customer is from before the program.")
	}
	return text.S("It did not count when it was handed in (%s).", string(e.Flaw))
}

// tick is what a click's time, in milliseconds, may have lost.
const tick = time.Millisecond - time.Microsecond

// inactive asks for the affiliate's state at the touch and at the step.
func inactive(e Evidence, p Party) text.Sentence {
	touched := e.At
	if e.Kind == ByClick {
		touched = touched.Add(tick)
	}
	if state := affiliate.StateIn(p.States, touched); state != affiliate.Active && e.Kind != ByClaim {
		if e.Kind == ByClick {
			return stateSentence(state, "at the time of the click")
		}
		return stateSentence(state, "when the code was given")
	}
	if state := affiliate.StateIn(p.States, e.StepAt); state != affiliate.Active {
		return stateSentence(state, whenOf[e.Step])
	}
	return text.Sentence{}
}

func stateSentence(state affiliate.State, when string) text.Sentence {
	switch state {
	case affiliate.Suspended, affiliate.Banned:
		return text.S("The affiliate was " + string(state) + " " + when + ".")
	case affiliate.Closed:
		return text.S("The affiliate had left the program " + when + ".")
	}
	return text.S("The affiliate was not approved yet " + when + ".")
}

// late asks whether the touch came too early or too late: for its window, or
// for a customer whose credit had closed.
func late(e Evidence, f Facts) text.Sentence {
	if e.Kind == ByClick {
		window := time.Duration(e.WindowDays) * 24 * time.Hour
		switch {
		case click.Eligible(e.At, e.StepAt, window):
		case e.StepAt.Before(e.At):
			return text.S("The click came %s after "+nounOf[e.Step]+".", e.At.Sub(e.StepAt))
		default:
			return text.S("The click came %s before "+nounOf[e.Step]+", outside the window of %s days.", e.StepAt.Sub(e.At), e.WindowDays)
		}
	}
	if f.FirstPaidAt.IsZero() {
		return text.Sentence{}
	}
	switch {
	case e.Kind == ByClick && e.At.After(f.FirstPaidAt):
		return text.S("The customer had paid before the click.")
	case e.Step == customer.AtPayment && e.StepAt.After(f.FirstPaidAt):
		return text.S("It came with a later payment; credit closes with the first one.")
	case e.StepAt.Truncate(time.Second).After(f.FirstPaidAt):
		return text.S("It came after the customer's first payment, with which credit closes.")
	}
	return text.Sentence{}
}

// onCheckout reports whether a click landed on one of the program's checkout
// paths: the path itself, or one below it.
func onCheckout(landing string, paths []string) bool {
	landing, _, _ = strings.Cut(landing, "?")
	for _, p := range paths {
		p = strings.TrimSuffix(p, "/")
		if rest, ok := strings.CutPrefix(landing, p); ok && p != "" && (rest == "" || rest[0] == '/') {
			return true
		}
	}
	return false
}

// The steps in words.
var (
	nounOf = map[customer.StepKind]string{
		customer.SignedUp: "sign-up", customer.Onboarded: "onboarding", customer.AtPayment: "the first payment",
	}
	whenOf = map[customer.StepKind]string{
		customer.SignedUp: "at sign-up", customer.Onboarded: "at onboarding", customer.AtPayment: "at the first payment",
	}
)
