package coupon

import (
	"time"

	"tributary.example/affiliate"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
)

// Reason says in one word how a code was judged.
type Reason string

// The reasons. PlanNotCovered and UsedUp refuse the discount and keep the
// credit; the others but OK refuse both.
const (
	OK               Reason = "ok"
	Unknown          Reason = "unknown"
	NotYet           Reason = "not_yet"
	IsPaused         Reason = "paused"
	Ended            Reason = "ended"
	OwnCode          Reason = "own_code"
	ExistingCustomer Reason = "existing_customer"
	PlanNotCovered   Reason = "plan_not_covered"
	UsedUp           Reason = "used_up"
)

// Ask is what a code is judged by. What is not known stays zero.
type Ask struct {
	At         time.Time      // the step's own time
	PlanCode   string         // "" when it is not known yet
	Currency   money.Currency // "" when it is not known yet
	Existing   bool           // the customer is known from before, or has paid before At
	Own        bool           // the customer is the code's owner
	OwnerState affiliate.State
	Redeemed   id.Coupon // the code that the customer has, or ""
}

// Verdict is how a code was judged.
type Verdict struct {
	Reason     Reason
	Sentence   text.Sentence // for the customer; names nobody
	Valid      bool          // the code is evidence of who brought the customer
	Discounted bool          // a discount is given on this plan, now
	Takes      bool          // a place shall be taken: discounted now, or once the plan is known
}

// Check judges a code, with the state that it had at the time asked for. It is
// pure.
func Check(cpn Coupon, ask Ask) Verdict {
	code := cpn.Canonical
	refuse := func(reason Reason, key string, args ...any) Verdict {
		return Verdict{Reason: reason, Sentence: text.S(key, args...)}
	}
	switch {
	case cpn.ID == "":
		return refuse(Unknown, "There is no code %s.", code)
	case cpn.State == Retired, ask.OwnerState != affiliate.Active && ask.OwnerState != affiliate.Suspended:
		return refuse(Ended, "The code %s is no longer valid.", code)
	case !cpn.EndsAt.IsZero() && !ask.At.Before(cpn.EndsAt):
		return refuse(Ended, "The code %s ended on %s.", code, text.Date(cpn.EndsAt))
	case ask.At.Before(cpn.StartsAt):
		return refuse(NotYet, "The code %s is valid from %s.", code, text.Date(cpn.StartsAt))
	case cpn.State == Paused:
		return refuse(IsPaused, "The code %s is paused at the moment.", code)
	case ask.Own:
		return refuse(OwnCode, "The code %s is this customer's own.", code)
	case cpn.NewCustomers && ask.Existing && ask.Redeemed != cpn.ID:
		return refuse(ExistingCustomer, "The code %s is for new customers.", code)
	}
	return discountOf(cpn, ask)
}

// discountOf judges what is left to ask of a code that is valid evidence.
func discountOf(cpn Coupon, ask Ask) Verdict {
	code, d := cpn.Canonical, cpn.Discount
	keep := func(reason Reason, key string, args ...any) Verdict {
		return Verdict{Reason: reason, Sentence: text.S(key, args...), Valid: true}
	}
	switch {
	case d.None():
		v := keep(OK, "The code %s is valid; it gives no discount.", code)
		v.Takes = true
		return v
	case ask.PlanCode != "" && !d.Covers(ask.PlanCode):
		return keep(PlanNotCovered, "The code %s gives no discount on %s.", code, ask.PlanCode)
	case ask.Currency != "" && !d.In(ask.Currency):
		return keep(PlanNotCovered, "The code %s gives no discount in %s.", code, string(ask.Currency))
	case ask.Redeemed != "" && ask.Redeemed != cpn.ID:
		return keep(UsedUp, "This customer has used another code already.")
	case ask.Redeemed == cpn.ID && cpn.OnceEach && d.Payments == 1 && ask.Existing:
		return keep(UsedUp, "This customer has used the code %s already.", code)
	case ask.Redeemed == "" && cpn.TotalLimit > 0 && cpn.Used >= cpn.TotalLimit:
		return keep(UsedUp, "The code %s has been used as often as it may be.", code)
	}
	v := keep(OK, "The code %s is valid.", code)
	v.Takes, v.Discounted = true, ask.PlanCode != "" || len(d.Plans) == 0
	if !v.Discounted {
		v.Sentence = text.S("The code %s is valid; its discount is given when the plan is known.", code)
	}
	return v
}
