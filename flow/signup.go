package flow

import (
	"context"
	"time"

	"tributary.example/commission"
	"tributary.example/coupon"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/text"
	"tributary.example/program"
	"tributary.example/referral"
)

// Step is what a merchant tells when a customer signed up or was onboarded.
type Step struct {
	Customer customer.Seen
	Kind     customer.StepKind // SignedUp or Onboarded
	At       time.Time         // zero is now
	Tokens   []string          // cookie values, form fields, tokens, as they came
	Code     string            // as it was typed, or ""
	Quote    string            // the quote's token, or ""
}

// Stepped is what a step came to.
type Stepped struct {
	Customer customer.Customer
	Outcome  referral.Outcome
	Discount *Discount // nil when no code was handed in
	New      bool      // false: the step was known
}

// Discount is what became of a code.
type Discount struct {
	Coupon   coupon.Coupon // zero when there is no such code
	Granted  bool          // the customer has the discount on the chosen plan
	Reason   coupon.Reason
	Sentence text.Sentence  // for the customer
	Quoted   *coupon.Quoted // the price that was promised and holds, or nil
}

// Discounted reports whether a discount is to be given now.
func (s Stepped) Discounted() bool { return s.Discount != nil && s.Discount.Granted }

// SignUp records a customer's step with its evidence, decides who is credited,
// redeems the code, and settles the customer's commissions. Evidence that
// proves nothing is kept and marked, never an error. Kinds: Invalid.
func SignUp(ctx context.Context, tx *db.Tx, env Env, prog program.Program, in Step) (Stepped, error) {
	if in.Customer.PlanCode != "" {
		plan, err := program.PlanByCode(ctx, tx, prog.ID, in.Customer.PlanCode)
		if err != nil {
			return Stepped{}, err
		}
		in.Customer.PlanCode = plan.Code
	}
	before, err := customer.Ensure(ctx, tx, prog.ID, in.Customer)
	if err != nil {
		return Stepped{}, err
	}
	if in.At.IsZero() {
		in.At = tx.Now()
	}
	cus, err := customer.Step(ctx, tx, prog.ID, before.ID, in.Kind, in.At, in.Customer.PlanCode)
	if err != nil {
		return Stepped{}, err
	}
	w := witness{env: env, prog: prog, cus: cus, step: referral.Step{Kind: in.Kind, At: in.At}}
	out := Stepped{New: isNew(before, in.Kind)}
	if err := out.credit(ctx, tx, w, in); err != nil {
		return Stepped{}, err
	}
	if err := settle(ctx, tx, prog, cus); err != nil {
		return Stepped{}, err
	}
	out.Customer, err = customer.Get(ctx, tx, prog.ID, cus.ID)
	return out, err
}

// credit decides over the evidence and redeems the code.
func (out *Stepped) credit(ctx context.Context, tx *db.Tx, w witness, in Step) error {
	evidence, err := w.touches(ctx, tx, in.Tokens)
	if err != nil {
		return err
	}
	quoted := w.quoted(in.Quote)
	if in.Code == "" && quoted != nil {
		in.Code = string(quoted.Code)
	}
	var code heard
	if in.Code != "" {
		if code, err = w.code(ctx, tx, in.Code); err != nil {
			return err
		}
		evidence = append(evidence, code.evidence)
	}
	if out.Outcome, err = referral.Attribute(ctx, tx, w.prog, w.cus, evidence, w.marks()); err != nil || in.Code == "" {
		return err
	}
	out.Discount, err = w.redeem(ctx, tx, code, quoted)
	return err
}

// quoted reads a quote's token, when it is ours. Its code is evidence for ever,
// its price holds for a day.
func (w witness) quoted(token string) *coupon.Quoted {
	if token == "" {
		return nil
	}
	q, err := coupon.VerifyQuote(w.env.Root, w.prog.ID, token)
	if err != nil {
		return nil
	}
	return &q
}

// redeem takes a place of the code, when it is one to be taken or its price
// was promised. A customer who has the code already keeps it.
func (w witness) redeem(ctx context.Context, tx *db.Tx, code heard, quoted *coupon.Quoted) (*Discount, error) {
	d := &Discount{Coupon: code.coupon, Reason: code.verdict.Reason, Sentence: code.verdict.Sentence}
	if code.coupon.ID == "" {
		return d, nil
	}
	if quoted != nil && quoted.Coupon == code.coupon.ID && quoted.DiscountMinor > 0 && quoted.Holds(tx.Now()) && !code.barred() {
		d.Quoted, d.Reason = quoted, coupon.OK
		d.Sentence = text.S("The price that was promised for the code %s is given.", code.coupon.Canonical)
	}
	covered := code.verdict.Discounted || d.Quoted != nil
	had, _, err := coupon.RedeemedBy(ctx, tx, w.prog.ID, w.cus.ID)
	if err != nil {
		return nil, err
	}
	if !code.verdict.Takes && d.Quoted == nil {
		if had.Coupon == code.coupon.ID && code.coupon.Discount.Covers(w.cus.PlanCode) && !code.barred() {
			d.Granted, d.Reason = true, coupon.OK
			d.Sentence = text.S("The customer has the code %s.", code.coupon.Canonical)
		}
		return d, nil
	}
	redeemed, err := coupon.Redeem(ctx, tx, w.prog.ID, coupon.Redemption{
		Coupon: code.coupon.ID, Customer: w.cus.ID, At: w.step.At, PlanCode: w.cus.PlanCode,
	})
	if err != nil {
		return nil, err
	}
	d.Granted = redeemed.Granted && covered && !code.coupon.Discount.None()
	if !redeemed.Granted {
		d.Reason, d.Quoted = redeemed.Reason, nil
		d.Sentence = text.S("The code %s has been used as often as it may be.", code.coupon.Canonical)
	}
	return d, nil
}

func isNew(before customer.Customer, step customer.StepKind) bool {
	if step == customer.Onboarded {
		return before.OnboardedAt.IsZero()
	}
	return before.SignedUpAt.IsZero()
}

// settle notes whether the claim has lapsed, and computes the customer's
// commissions anew.
func settle(ctx context.Context, tx *db.Tx, prog program.Program, cus customer.Customer) error {
	if err := referral.NoteLapse(ctx, tx, prog, cus.ID); err != nil {
		return err
	}
	return commission.Settle(ctx, tx, prog, cus.ID)
}

// reconsider decides again after a fact on which credit depends, and settles.
func reconsider(ctx context.Context, tx *db.Tx, prog program.Program, cus customer.Customer) error {
	if _, err := referral.Reconsider(ctx, tx, prog, cus.ID); err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	return settle(ctx, tx, prog, cus)
}
