package commission

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"tributary.example/affiliate"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/money"
	"tributary.example/payment"
	"tributary.example/program"
	"tributary.example/referral"
)

// reader collects a customer's history from the rooms to the left.
type reader struct {
	q      db.Reader
	prog   program.Program
	refs   map[id.Referral]referral.Referral
	states map[id.Affiliate][]affiliate.Change
	groups map[id.Affiliate]id.Group
	kept   map[id.Referral]program.Terms
	plans  map[string]time.Time
}

// read loads everything that the customer's targets depend on.
func read(ctx context.Context, q db.Reader, prog program.Program, cus customer.Customer, rows []Commission) (History, error) {
	rd := reader{
		q: q, prog: prog, refs: map[id.Referral]referral.Referral{}, states: map[id.Affiliate][]affiliate.Change{},
		groups: map[id.Affiliate]id.Group{}, kept: map[id.Referral]program.Terms{}, plans: map[string]time.Time{},
	}
	h := History{
		Customer: cus.ID, Currency: money.Currency(prog.Currency), Zone: prog.Zone, BooksStart: prog.BooksStart,
		Hold: prog.Hold(), Held: map[Cause]time.Duration{}, SignedUpAt: cus.SignedUpAt, OnboardedAt: cus.OnboardedAt,
		PlanCodes: map[Cause]string{
			SignupCause(cus.ID): cus.PlanAt(customer.SignedUp), OnboardingCause(cus.ID): cus.PlanAt(customer.Onboarded),
		},
		Deals: map[Cause]Deal{},
	}
	for _, c := range rows {
		h.Held[c.Cause] = time.Duration(c.Input.HoldMicros) * time.Microsecond
	}
	var err error
	if h.Claims, err = rd.readClaims(ctx, cus.ID); err != nil || (len(h.Claims) == 0 && len(rows) == 0) {
		return h, err
	}
	if h.Payments, err = payment.OfCustomer(ctx, q, prog.ID, cus.ID); err != nil {
		return h, fmt.Errorf("read payments: %w", err)
	}
	if err := rd.readPlans(ctx, h); err != nil {
		return h, err
	}
	h.Plans = rd.plans
	return h, rd.readDeals(ctx, &h)
}

// readPlans finds when the plans of a history began, also of those that are
// sold no more.
func (rd *reader) readPlans(ctx context.Context, h History) error {
	codes := slices.Collect(maps.Values(h.PlanCodes))
	for _, pay := range h.Payments {
		for _, line := range pay.Lines {
			codes = append(codes, line.PlanCode)
		}
	}
	for _, code := range codes {
		if _, known := rd.plans[code]; known || code == "" {
			continue
		}
		plan, err := program.PlanByCode(ctx, rd.q, rd.prog.ID, code)
		if err != nil {
			return fmt.Errorf("read plan %s: %w", code, err)
		}
		rd.plans[code] = plan.CreatedAt
	}
	return nil
}

// readDeals finds the terms of every cause that some claim holds.
func (rd *reader) readDeals(ctx context.Context, h *History) error {
	for _, pay := range h.Payments {
		if pay.NetMinor() <= 0 || pay.At.Before(h.BooksStart) {
			continue
		}
		if err := rd.deal(ctx, h, PaymentCause(pay.ID), pay.At, plansOf(pay.Lines)...); err != nil {
			return fmt.Errorf("terms of payment %s: %w", pay.ID, err)
		}
	}
	for cause, at := range map[Cause]time.Time{SignupCause(h.Customer): h.SignedUpAt, OnboardingCause(h.Customer): h.OnboardedAt} {
		if at.IsZero() || at.Before(h.BooksStart) {
			continue
		}
		if err := rd.deal(ctx, h, cause, at, h.PlanCodes[cause]); err != nil {
			return fmt.Errorf("terms of %s: %w", cause, err)
		}
	}
	return nil
}

func plansOf(lines []payment.Line) (codes []string) {
	for _, line := range lines {
		codes = append(codes, line.PlanCode)
	}
	return codes
}

// deal finds what was agreed for a cause that names these plans.
func (rd *reader) deal(ctx context.Context, h *History, cause Cause, at time.Time, plans ...string) error {
	claim, ok := ClaimAt(h.Claims, at)
	if !ok {
		return nil
	}
	var d Deal
	var err error
	if d.State, err = rd.stateAt(ctx, claim.Affiliate, at); err != nil {
		return err
	}
	if d.Terms, err = rd.terms(ctx, rd.refs[claim.Referral], at); err != nil {
		return err
	}
	for _, code := range plans {
		if born, ok := rd.plans[code]; !ok || !born.After(d.Terms.CreatedAt) {
			continue
		}
		d.Newer, err = orNone(program.TermsFor(ctx, rd.q, rd.prog.ID, []program.Scope{d.Terms.Scope}, at))
		if err != nil {
			return err
		}
		break
	}
	h.Deals[cause] = d
	return nil
}

// terms are those of the referral's beginning, or of the cause's own time when
// the program follows the current ones.
func (rd *reader) terms(ctx context.Context, ref referral.Referral, at time.Time) (program.Terms, error) {
	if t, ok := rd.kept[ref.ID]; ok {
		return t, nil
	}
	scopes, err := rd.scopes(ctx, ref)
	if err != nil {
		return program.Terms{}, err
	}
	if rd.prog.Binding == program.Follow {
		return orNone(program.TermsFor(ctx, rd.q, rd.prog.ID, scopes, at))
	}
	// A sign-up from before the program's first terms has the first ones.
	var t program.Terms
	for _, when := range []time.Time{ref.TermsAt, rd.prog.CreatedAt, rd.q.Now()} {
		if t, err = orNone(program.TermsFor(ctx, rd.q, rd.prog.ID, scopes, when)); err != nil || t.ID != "" {
			break
		}
	}
	rd.kept[ref.ID] = t
	return t, err
}

// orNone turns "no terms" into empty ones, by which nothing is earned.
func orNone(t program.Terms, err error) (program.Terms, error) {
	if fault.Is(err, fault.NotFound) {
		return program.Terms{}, nil
	}
	return t, err
}

// scopes are a referral's, the most specific first.
func (rd *reader) scopes(ctx context.Context, ref referral.Referral) ([]program.Scope, error) {
	group, ok := rd.groups[ref.Affiliate]
	if !ok {
		aff, err := affiliate.Get(ctx, rd.q, rd.prog.ID, ref.Affiliate)
		if err != nil {
			return nil, err
		}
		group = aff.Group
		rd.groups[ref.Affiliate] = group
	}
	var scopes []program.Scope
	if ref.Coupon != "" {
		scopes = append(scopes, program.Scope{Kind: program.ScopeCoupon, ID: string(ref.Coupon)})
	}
	if ref.Link != "" {
		scopes = append(scopes, program.Scope{Kind: program.ScopeLink, ID: string(ref.Link)})
	}
	return append(scopes,
		program.Scope{Kind: program.ScopeAffiliate, ID: string(ref.Affiliate)},
		program.Scope{Kind: program.ScopeGroup, ID: string(group)},
		rd.prog.Scope()), nil
}

func (rd *reader) stateAt(ctx context.Context, aff id.Affiliate, at time.Time) (affiliate.State, error) {
	history, ok := rd.states[aff]
	if !ok {
		var err error
		if history, err = affiliate.States(ctx, rd.q, rd.prog.ID, aff); err != nil {
			return "", fmt.Errorf("read states of %s: %w", aff, err)
		}
		rd.states[aff] = history
	}
	return affiliate.StateIn(history, at), nil
}

// readClaims are the customer's referrals that ever stood: one that was voided
// or lost to another never did.
func (rd *reader) readClaims(ctx context.Context, cus id.Customer) ([]Claim, error) {
	found, err := referral.ForCustomer(ctx, rd.q, rd.prog.ID, cus)
	if err != nil {
		return nil, fmt.Errorf("read referrals: %w", err)
	}
	var claims []Claim
	for _, ref := range found {
		if ref.State != referral.StateStanding && ref.State != referral.StateEnded {
			continue
		}
		claims = append(claims, Claim{Referral: ref.ID, Affiliate: ref.Affiliate, Since: ref.Since, Until: ref.Until, Lapsed: ref.LapsedAt})
		rd.refs[ref.ID] = ref
	}
	return claims, nil
}
