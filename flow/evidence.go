package flow

import (
	"context"
	"fmt"
	"strings"

	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/coupon"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/link"
	"tributary.example/person"
	"tributary.example/program"
	"tributary.example/referral"
)

// maxTokens is how many tokens one call may carry; what is beyond is noise.
const maxTokens = 20

// witness reads what a step handed in, and turns it into evidence.
type witness struct {
	env  Env
	prog program.Program
	cus  customer.Customer
	step referral.Step
}

// touches turns cookie values, form fields and tokens into evidence. A token
// is verified with the key of its own link's program; then programs are
// compared, so that a foreign token is not a forged one.
func (w witness) touches(ctx context.Context, tx *db.Tx, values []string) ([]referral.Evidence, error) {
	ring, err := click.LoadRing(ctx, tx, w.env.Root)
	if err != nil {
		return nil, err
	}
	var all []referral.Evidence
	for _, value := range values {
		tokens := click.Touches(value)
		if len(tokens) == 0 && strings.TrimSpace(value) != "" {
			all = append(all, w.unreadable(referral.ByClick, value))
		}
		for _, token := range tokens[:min(len(tokens), maxTokens)] {
			e, err := w.touch(ctx, tx, ring, token)
			if err != nil {
				return nil, err
			}
			all = append(all, e)
		}
	}
	return all[:min(len(all), maxTokens)], nil
}

func (w witness) touch(ctx context.Context, tx *db.Tx, ring *click.Ring, text string) (referral.Evidence, error) {
	token, err := click.ParseToken(text)
	if err != nil {
		return w.unreadable(referral.ByClick, text), nil
	}
	e := referral.Evidence{Kind: referral.ByClick, Source: string(token.Click), Step: w.step.Kind, StepAt: w.step.At, At: token.At}
	owner, ok, err := link.ProgramOf(ctx, tx, token.Link)
	if err != nil {
		return e, fmt.Errorf("program of link: %w", err)
	}
	if !ok {
		e.Flaw = referral.FlawUnknown
		return e, nil
	}
	switch ring.Verify(token, owner, tx.Now()) {
	case click.Forged:
		e.Flaw = referral.FlawForged
		return e, nil
	case click.KeyExpired:
		e.Flaw = referral.FlawKeyExpired
		return e, nil
	}
	if owner != w.prog.ID {
		e.Flaw = referral.FlawForeign
		return e, nil
	}
	lnk, err := link.Get(ctx, tx, owner, token.Link)
	if err != nil {
		return e, err
	}
	e.Affiliate, e.Link = lnk.Affiliate, lnk.ID
	if e.WindowDays, err = program.WindowAt(ctx, tx, owner, token.At); err != nil {
		return e, err
	}
	e.Landing, err = w.landing(ctx, tx, token.Click)
	return e, err
}

// landing is the path on which a click landed; "" while its row is not stored,
// or is kept no more.
func (w witness) landing(ctx context.Context, tx *db.Tx, clk id.Click) (string, error) {
	if w.env.Clicks == nil {
		return "", nil
	}
	c, _, err := click.Find(ctx, w.env.Clicks(tx), w.prog.ID, clk)
	return c.Landing, err
}

// unreadable keeps what was no evidence under a hash: it may be anything.
func (w witness) unreadable(kind referral.EvidenceKind, value string) referral.Evidence {
	return referral.Evidence{
		Kind: kind, Source: secret.Hash(value), Step: w.step.Kind, StepAt: w.step.At, At: w.step.At, Flaw: referral.FlawUnreadable,
	}
}

// heard is a code that was handed in: the evidence that it is, and how it was
// judged.
type heard struct {
	evidence referral.Evidence
	coupon   coupon.Coupon
	ask      coupon.Ask
	verdict  coupon.Verdict
}

// barred reports whether the customer is one whom the code is not for; a price
// that was promised before anybody knew does not outweigh that.
func (h heard) barred() bool { return h.ask.Own || h.coupon.NewCustomers && h.ask.Existing }

// flaws is what a code's verdict means for the credit. Reasons that are not
// listed keep it.
var flaws = map[coupon.Reason]referral.Flaw{
	coupon.Unknown: referral.FlawUnknown, coupon.NotYet: referral.FlawNotYet, coupon.IsPaused: referral.FlawPaused,
	coupon.Ended: referral.FlawEnded, coupon.OwnCode: referral.FlawOwn, coupon.ExistingCustomer: referral.FlawExisting,
}

// code judges a typed code, with the state that it had at the step's own time.
func (w witness) code(ctx context.Context, tx *db.Tx, typed string) (heard, error) {
	canonical, err := coupon.ParseCode(typed)
	if err != nil {
		return heard{
			evidence: w.unreadable(referral.ByCoupon, typed),
			verdict:  coupon.Check(coupon.Coupon{Canonical: coupon.Code(cut(typed))}, coupon.Ask{}),
		}, nil
	}
	h := heard{evidence: referral.Evidence{
		Kind: referral.ByCoupon, Source: string(canonical), Step: w.step.Kind, StepAt: w.step.At, At: w.step.At,
	}}
	cpn, ok, err := coupon.ByCode(ctx, tx, w.prog.ID, canonical)
	if err != nil {
		return h, fmt.Errorf("look up code: %w", err)
	}
	if !ok {
		h.verdict = coupon.Check(coupon.Coupon{Canonical: canonical}, coupon.Ask{})
		h.evidence.Flaw = referral.FlawUnknown
		return h, nil
	}
	if h.coupon, err = coupon.At(ctx, tx, w.prog.ID, cpn, w.step.At); err != nil {
		return h, err
	}
	if h.ask, err = w.ask(ctx, tx, cpn); err != nil {
		return h, err
	}
	h.verdict = coupon.Check(h.coupon, h.ask)
	h.evidence.Affiliate, h.evidence.Coupon, h.evidence.Flaw = cpn.Affiliate, cpn.ID, flaws[h.verdict.Reason]
	return h, nil
}

// ask gathers what a code is judged by.
func (w witness) ask(ctx context.Context, tx *db.Tx, cpn coupon.Coupon) (coupon.Ask, error) {
	ask := coupon.Ask{At: w.step.At, PlanCode: w.cus.PlanCode}
	var err error
	if ask.OwnerState, err = affiliate.StateAt(ctx, tx, w.prog.ID, cpn.Affiliate, w.step.At); err != nil {
		return ask, err
	}
	redeemed, ok, err := coupon.RedeemedBy(ctx, tx, w.prog.ID, w.cus.ID)
	if err != nil {
		return ask, err
	}
	if ok {
		ask.Redeemed = redeemed.Coupon
	}
	if ask.Own, err = w.owns(ctx, tx, cpn.Affiliate); err != nil {
		return ask, err
	}
	ask.Existing = !w.cus.FirstPaidAt.IsZero() && w.cus.FirstPaidAt.Before(w.step.At)
	if !ask.Existing {
		ask.Existing, err = customer.Before(ctx, tx, w.prog.ID, w.marks())
	}
	return ask, err
}

// marks are those by which a customer from before the program is known.
func (w witness) marks() customer.Marks {
	return customer.MarksOf(w.env.Root, w.prog.ID, w.cus.EmailNormal, w.cus.ExternalID)
}

// owns reports whether the customer and an affiliate are one person.
func (w witness) owns(ctx context.Context, tx *db.Tx, aff id.Affiliate) (bool, error) {
	a, err := affiliate.Get(ctx, tx, w.prog.ID, aff)
	if err != nil {
		return false, err
	}
	per, err := person.Get(ctx, tx, a.Person)
	if err != nil {
		return false, err
	}
	emails, err := customer.Emails(ctx, tx, w.prog.ID, w.cus.ID)
	for _, e := range emails {
		if e == per.EmailNormal {
			return true, err
		}
	}
	return false, err
}

const maxShown = 40

func cut(s string) string { return s[:min(len(s), maxShown)] }
