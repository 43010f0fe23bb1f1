// Package commission is what one payment, sign-up or onboarding earned one
// affiliate.
//
// Nouns: Commission, Cause, Target, Input, Claim, Deal, Balance.
//
// Invariants:
//  1. A commission is a target: a function of the facts alone. When a fact
//     changes, it is computed anew and only the difference is posted.
//  2. One commission per program, cause and level; its postings sum to its
//     target.
//  3. Its input and the terms version are stored with it and give the same
//     figure whenever Calculate is asked again.
//  4. The lines shown sum to the target; nothing is rounded twice.
//  5. Its state is read from the ledger; "paid" never stops a later refund.
//
// It owns commissions, and the names of all ledger accounts. It must not know
// payouts: they move what is payable.
package commission

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"tributary.example/affiliate"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/program"
)

// State is where a commission's money stands, read from the ledger.
type State string

// The states. None is a commission of zero that was never posted.
const (
	StateNone     State = "none"
	StateHeld     State = "held"
	StateInReview State = "in_review"
	StatePayable  State = "payable"
	StateInPayout State = "in_payout"
	StatePaid     State = "paid"
	StateReversed State = "reversed"
)

// Commission is one row with where its money stands.
type Commission struct {
	ID          id.Commission
	Cause       Cause
	Level       int
	Referral    id.Referral
	Affiliate   id.Affiliate
	Customer    id.Customer
	Payment     id.Payment // "" for sign-up and onboarding
	Kind        program.Trigger
	At          time.Time // the cause's own time
	Currency    money.Currency
	BaseMinor   int64 // after refunds
	TargetMinor int64
	ReleaseAt   time.Time // when its hold is over
	ReleasedAt  time.Time
	Review      text.Sentence // why a person must look, or zero
	Disputed    bool
	Terms       id.Terms
	Input       Input
	Lines       []Line
	Revision    int64
	CreatedAt   time.Time
	ChangedAt   time.Time
	State       State // filled in by Get, List and their like
}

// Amount is what the commission comes to by all that is known now.
func (c Commission) Amount() money.Amount { return money.Of(c.TargetMinor, c.Currency) }

const columns = `commission_id, cause, level, referral_id, affiliate_id, customer_id, payment_id, kind, at, currency,
	base_minor, target_minor, release_at, released_at, review, disputed, terms_id, inputs, lines, revision, created_at, changed_at`

func scan(r db.Row) (Commission, error) {
	var c Commission
	err := r.Scan(&c.ID, &c.Cause, &c.Level, &c.Referral, &c.Affiliate, &c.Customer, &c.Payment, &c.Kind, &c.At, &c.Currency,
		&c.BaseMinor, &c.TargetMinor, &c.ReleaseAt, &c.ReleasedAt, db.JSON(&c.Review), &c.Disputed, &c.Terms,
		db.JSON(&c.Input), db.JSON(&c.Lines), &c.Revision, &c.CreatedAt, &c.ChangedAt)
	return c, err
}

// orNothing is "" for no sentence, so that SQL can ask for those without.
func orNothing(s text.Sentence) string {
	if s.IsZero() {
		return ""
	}
	b, _ := json.Marshal(s) // plain data
	return string(b)
}

// Only narrows a list.
type Only string

// What a list can be narrowed to.
const (
	OnlyReview Only = "review" // a person must look, or the payment is disputed
)

// Page says which commissions a list shows; zero fields do not narrow it.
type Page struct {
	Affiliate id.Affiliate
	Customer  id.Customer
	Payment   id.Payment
	Only      Only
	Before    id.Commission // older than this one
	Limit     int           // 1 to 200; anything else is 200
}

const maxPage = 200

const wherePage = `
	where program_id = $1 and ($2 = '' or affiliate_id = $2) and ($3 = '' or customer_id = $3) and ($4 = '' or payment_id = $4)
		and ($5 = '' or review <> '' or disputed = 1)
		and ($6 = '' or (at, commission_id) < (select b.at, b.commission_id from commissions b where b.program_id = $1 and b.commission_id = $6))
	order by at desc, commission_id desc limit $7`

// List is a page of a program's commissions, by their causes' time, newest
// first.
func List(ctx context.Context, r db.Reader, prog id.Program, p Page) ([]Commission, error) {
	if p.Limit < 1 || p.Limit > maxPage {
		p.Limit = maxPage
	}
	args := []any{prog, p.Affiliate, p.Customer, p.Payment, p.Only, p.Before, p.Limit}
	all, err := db.All(ctx, r, scan, `select `+columns+` from commissions `+wherePage, args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all, withStates(ctx, r, all, wherePage, args)
}

// Get is the commission with an id. The kind of error is NotFound.
func Get(ctx context.Context, r db.Reader, prog id.Program, com id.Commission) (Commission, error) {
	where, args := `where program_id = $1 and commission_id = $2`, []any{prog, com}
	all, err := db.All(ctx, r, scan, `select `+columns+` from commissions `+where, args...)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "There is no commission %s.", string(com))
	}
	if err != nil {
		return Commission{}, err
	}
	return all[0], withStates(ctx, r, all, where, args)
}

// OfAffiliate is List for one affiliate's commissions.
func OfAffiliate(ctx context.Context, r db.Reader, prog id.Program, aff id.Affiliate, p Page) ([]Commission, error) {
	p.Affiliate = aff
	return List(ctx, r, prog, p)
}

// OfPayment are the commissions of one payment, one per level.
func OfPayment(ctx context.Context, r db.Reader, prog id.Program, pay id.Payment) ([]Commission, error) {
	return List(ctx, r, prog, Page{Payment: pay})
}

// standing is where one commission's own money lies.
type standing struct {
	posted                             bool
	held, payable, inPayout, cashMinor int64
}

type lying struct {
	com     id.Commission
	account string
	minor   int64
	state   affiliate.State
}

// withStates fills in the states; where finds the same rows again.
func withStates(ctx context.Context, r db.Reader, all []Commission, where string, args []any) error {
	sums, err := db.All(ctx, r, func(r db.Row) (lying, error) {
		var l lying
		err := r.Scan(&l.com, &l.state, &l.account, &l.minor)
		return l, err
	}, `select c.commission_id, a.state, coalesce(l.account, ''), cast(coalesce(sum(l.minor), 0) as bigint)
		from (select program_id, commission_id, affiliate_id from commissions `+where+`) c
		join affiliates a on a.program_id = c.program_id and a.affiliate_id = c.affiliate_id
		left join ledger_legs l on l.program_id = c.program_id and l.item = c.commission_id and l.owner = c.affiliate_id
		group by c.commission_id, a.state, l.account`, args...)
	if err != nil {
		return fmt.Errorf("read where commissions stand: %w", err)
	}
	found := map[id.Commission]standing{}
	states := map[id.Commission]affiliate.State{}
	for _, l := range sums {
		s := found[l.com]
		s.add(l.account, l.minor)
		found[l.com], states[l.com] = s, l.state
	}
	for i, c := range all {
		all[i].State = c.state(found[c.ID], states[c.ID])
	}
	return nil
}

func (s *standing) add(account string, minor int64) {
	a, ok := AccountNamed(account)
	s.posted = s.posted || ok
	switch {
	case a == Held:
		s.held += minor
	case a == Payable:
		s.payable += minor
	case a == InPayout || (ok && a == Clearing(railOf(account))):
		s.inPayout += minor
	case ok && a == Cash(railOf(account)):
		s.cashMinor += minor
	}
}

// state names where a commission's own money lies: the first place on its way
// that still has some.
func (c Commission) state(s standing, aff affiliate.State) State {
	switch {
	case c.TargetMinor == 0 && !c.Review.IsZero():
		return StateInReview
	case c.TargetMinor == 0 && s.posted:
		return StateReversed
	case c.TargetMinor == 0:
		return StateNone
	case s.held > 0 && (!c.Review.IsZero() || c.Disputed || aff == affiliate.Suspended):
		return StateInReview
	case s.held > 0:
		return StateHeld
	case s.payable > 0:
		return StatePayable
	case s.inPayout > 0:
		return StateInPayout
	}
	return StatePaid // or what it would have paid has repaid a clawback
}
