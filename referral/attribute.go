package referral

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"tributary.example/affiliate"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/internal/text"
	"tributary.example/person"
	"tributary.example/program"
)

// Step is a customer's step at its own time, with which evidence is handed in.
type Step struct {
	Kind customer.StepKind
	At   time.Time
}

// Outcome is what a step came to.
type Outcome struct {
	Referral *Referral // the one that stands now, or nil
	Decision Decision  // the newest; zero when there was never anything to weigh
	Version  int       // of the decision; 0 when there is none
	Changed  bool      // the standing referral is another than before, or has other pieces
	Lost     *Referral // the one that no longer stands, or nil
}

// Attribute adds evidence to what is known of a customer, decides over all of
// it, and writes what changed: referral, version of the decision, events. The
// caller has locked the customer. The same call again changes nothing and has
// the same outcome. The marks are those by which a customer from before the
// program is known.
func Attribute(ctx context.Context, tx *db.Tx, prog program.Program, cus customer.Customer, add []Evidence, marks customer.Marks) (Outcome, error) {
	if len(add) > 0 {
		before, err := customer.Before(ctx, tx, prog.ID, marks)
		if err != nil {
			return Outcome{}, err
		}
		if err := keep(ctx, tx, prog.ID, cus.ID, flawAll(add, before)); err != nil {
			return Outcome{}, err
		}
	}
	return Reconsider(ctx, tx, prog, cus.ID)
}

// Reconsider decides again over all that is known of a customer, after a fact
// changed on which credit depends: a first payment, or a step with an earlier
// time. It changes nothing when nothing changes. The caller has locked the
// customer. The kind of error is NotFound.
func Reconsider(ctx context.Context, tx *db.Tx, prog program.Program, cus id.Customer) (Outcome, error) {
	c, err := customer.Get(ctx, tx, prog.ID, cus)
	if err != nil {
		return Outcome{}, err
	}
	all, err := ForCustomer(ctx, tx, prog.ID, cus)
	if err != nil {
		return Outcome{}, err
	}
	pool, err := Pool(ctx, tx, prog.ID, cus)
	if err != nil {
		return Outcome{}, err
	}
	standing := standingOf(all)
	if len(pool) == 0 {
		return Outcome{Referral: standing}, nil
	}
	policy, err := program.PolicyAt(ctx, tx, prog.ID, pool[0].StepAt)
	if err != nil {
		return Outcome{}, err
	}
	facts, err := factsOf(ctx, tx, prog.ID, c, pool, all)
	if err != nil {
		return Outcome{}, err
	}
	if standing != nil && standing.ByHand {
		// A person decided. What came later is kept as evidence, and moves nothing.
		return recorded(ctx, tx, prog.ID, cus, Outcome{Referral: standing})
	}
	return conclude(ctx, tx, prog.ID, c, all, Decide(policy, pool, facts, tx.Now()))
}

// flawAll marks evidence of a customer from before the program.
func flawAll(add []Evidence, before bool) []Evidence {
	out := slices.Clone(add)
	for i := range out {
		out[i].StepAt = out[i].StepAt.UTC().Truncate(time.Microsecond)
		out[i].At = out[i].At.UTC().Truncate(time.Microsecond)
		if before && out[i].Flaw == "" {
			out[i].Flaw = FlawBefore
		}
	}
	return out
}

func standingOf(all []Referral) *Referral {
	for _, ref := range all {
		if ref.State == StateStanding {
			return &ref
		}
	}
	return nil
}

// factsOf reads what the decision must know of the affiliates in the pool.
func factsOf(ctx context.Context, tx *db.Tx, prog id.Program, cus customer.Customer, pool []Evidence, all []Referral) (Facts, error) {
	f := Facts{Parties: map[id.Affiliate]Party{}, SignedUpAt: cus.SignedUpAt, FirstPaidAt: cus.FirstPaidAt}
	emails, err := customer.Emails(ctx, tx, prog, cus.ID)
	if err != nil {
		return f, err
	}
	standing := standingOf(all)
	for _, e := range pool {
		if _, done := f.Parties[e.Affiliate]; done || e.Affiliate == "" {
			continue
		}
		p, err := partyOf(ctx, tx, prog, e.Affiliate, emails)
		if err != nil {
			return f, fmt.Errorf("facts of %s: %w", e.Affiliate, err)
		}
		// After closing only a person takes a referral away, also when an
		// e-mail that shows later is the affiliate's own: that is a flag.
		if standing != nil && standing.Affiliate == e.Affiliate && !cus.FirstPaidAt.IsZero() {
			p.Self = false
		}
		p.Barred = slices.ContainsFunc(all, func(ref Referral) bool {
			return ref.Affiliate == e.Affiliate && (ref.State == StateVoid || ref.State == StateEnded)
		})
		f.Parties[e.Affiliate] = p
	}
	return f, nil
}

func partyOf(ctx context.Context, r db.Reader, prog id.Program, aff id.Affiliate, emails []string) (Party, error) {
	a, err := affiliate.Get(ctx, r, prog, aff)
	if err != nil {
		return Party{}, err
	}
	per, err := person.Get(ctx, r, a.Person)
	if err != nil {
		return Party{}, err
	}
	states, err := affiliate.States(ctx, r, prog, aff)
	return Party{Name: a.Name, Self: slices.Contains(emails, per.EmailNormal), States: states}, err
}

// conclude writes what a decision changes.
func conclude(ctx context.Context, tx *db.Tx, prog id.Program, cus customer.Customer, all []Referral, d Decision) (Outcome, error) {
	var out Outcome
	was := standingOf(all)
	if was != nil && was.Affiliate != d.Affiliate {
		lost, err := lose(ctx, tx, prog, *was, d)
		if err != nil {
			return out, err
		}
		out.Lost, out.Changed = &lost, true
	}
	if d.Affiliate != "" {
		now := wanted(tx, cus.ID, all, d)
		out.Referral = &now
		if was == nil || !same(*was, now) {
			out.Changed = true
			if err := put(ctx, tx, prog, now); err != nil {
				return out, err
			}
		}
	}
	var err error
	if out.Decision, out.Version, err = version(ctx, tx, prog, cus.ID, d); err != nil {
		return out, err
	}
	return out, announce(ctx, tx, prog, cus, out)
}

// wanted is the referral that a decision asks for: the affiliate's earlier one
// if there is one, so that a decision that comes back finds its id again.
func wanted(tx *db.Tx, cus id.Customer, all []Referral, d Decision) Referral {
	ref := Referral{ID: id.New[id.Referral](tx.Now()), Customer: cus, Affiliate: d.Affiliate, CreatedAt: tx.Now()}
	for _, r := range all {
		if r.Affiliate == d.Affiliate && (r.State == StateStanding || r.State == StateLost) {
			ref = r
		}
	}
	ref.Kind, ref.Link, ref.Coupon, ref.Click = d.Kind, d.Link, d.Coupon, d.Click
	ref.State, ref.Since, ref.TermsAt, ref.Reason = StateStanding, d.Since, d.TermsAt, text.Sentence{}
	return ref
}

func same(a, b Referral) bool {
	return a.State == b.State && a.Affiliate == b.Affiliate && a.Kind == b.Kind && a.Link == b.Link && a.Coupon == b.Coupon &&
		a.Click == b.Click && a.Since.Equal(b.Since) && a.TermsAt.Equal(b.TermsAt)
}

// put writes a referral; its time of creation stays.
func put(ctx context.Context, tx *db.Tx, prog id.Program, ref Referral) error {
	_, err := tx.Exec(ctx, `insert into referrals (program_id, `+columns+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		on conflict (program_id, referral_id) do update set affiliate_id = excluded.affiliate_id, kind = excluded.kind,
			link_id = excluded.link_id, coupon_id = excluded.coupon_id, click_id = excluded.click_id, state = excluded.state,
			since = excluded.since, until = excluded.until, lapsed_at = excluded.lapsed_at, reason = excluded.reason,
			terms_at = excluded.terms_at, by_hand = excluded.by_hand`,
		prog, ref.ID, ref.Customer, ref.Affiliate, ref.Kind, ref.Link, ref.Coupon, ref.Click, ref.State, ref.Since, ref.Until,
		ref.LapsedAt, reasonOf(ref), ref.TermsAt, ref.ByHand, ref.CreatedAt)
	if err != nil {
		return fmt.Errorf("write referral %s: %w", ref.ID, err)
	}
	return nil
}

func reasonOf(ref Referral) any {
	if ref.Reason.IsZero() {
		return ""
	}
	return db.JSON(ref.Reason)
}

// lose takes a customer from an affiliate who had it before the first payment,
// and tells the affiliate with a sentence that names nobody.
func lose(ctx context.Context, tx *db.Tx, prog id.Program, ref Referral, d Decision) (Referral, error) {
	ref.State, ref.Reason = StateLost, told(ref.Affiliate, d)
	return ref, put(ctx, tx, prog, ref)
}

// told is what an affiliate may read about a decision against it.
func told(aff id.Affiliate, d Decision) text.Sentence {
	for _, c := range d.Candidates {
		if c.Evidence.Affiliate == aff && c.Verdict != VerdictSetAside {
			return c.Told
		}
	}
	return text.S("The customer is credited to nobody any more.")
}

func announce(ctx context.Context, tx *db.Tx, prog id.Program, cus customer.Customer, out Outcome) error {
	if out.Lost != nil {
		err := outbox.Emit(ctx, tx, outbox.Event{
			Program: prog, Type: EventLost, Version: 1, Subject: string(out.Lost.ID),
			Payload: Ended{Referral: *out.Lost, ExternalID: cus.ExternalID, Told: out.Lost.Reason},
		})
		if err != nil {
			return err
		}
	}
	if out.Referral == nil || !out.Changed {
		return nil
	}
	return outbox.Emit(ctx, tx, outbox.Event{
		Program: prog, Type: EventDecided, Version: 1, Subject: string(out.Referral.ID),
		Payload: Decided{
			Referral: *out.Referral, ExternalID: cus.ExternalID, Step: decidingStep(out.Decision), Version: out.Version,
			Sentence: out.Decision.Sentence, Told: out.Decision.Told,
		},
	})
}

func decidingStep(d Decision) customer.StepKind {
	for _, c := range d.Candidates {
		if c.Verdict == VerdictWon {
			return c.Evidence.Step
		}
	}
	return ""
}

// Recorded is one version of the decision about a customer.
type Recorded struct {
	Version  int
	At       time.Time
	Step     customer.StepKind // whose evidence decided; "" when nobody was credited
	Decision Decision
}

// Decisions are all versions of the decision about a customer, the oldest
// first.
func Decisions(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) ([]Recorded, error) {
	return db.All(ctx, r, scanRecorded, `select version, at, step, record from referral_decisions
		where program_id = $1 and customer_id = $2 order by version`, prog, cus)
}

func scanRecorded(r db.Row) (Recorded, error) {
	var rec Recorded
	err := r.Scan(&rec.Version, &rec.At, &rec.Step, db.JSON(&rec.Decision))
	return rec, err
}

func newest(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) (Recorded, bool, error) {
	return db.Lookup(ctx, r, scanRecorded, `select version, at, step, record from referral_decisions
		where program_id = $1 and customer_id = $2 order by version desc limit 1`, prog, cus)
}

// version keeps a decision when it says something else than the newest.
func version(ctx context.Context, tx *db.Tx, prog id.Program, cus id.Customer, d Decision) (Decision, int, error) {
	last, ok, err := newest(ctx, tx, prog, cus)
	if err != nil {
		return d, 0, err
	}
	if ok && equal(last.Decision, d) {
		return last.Decision, last.Version, nil
	}
	_, err = tx.Exec(ctx, `insert into referral_decisions (program_id, customer_id, version, at, step, policy_version, affiliate_id, record)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		prog, cus, last.Version+1, tx.Now(), decidingStep(d), d.Policy.Version, d.Affiliate, db.JSON(d))
	return d, last.Version + 1, err
}

// recorded adds the newest decision to an outcome that nothing changed.
func recorded(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer, out Outcome) (Outcome, error) {
	last, ok, err := newest(ctx, r, prog, cus)
	if ok {
		out.Decision, out.Version = last.Decision, last.Version
	}
	return out, err
}

// equal compares what two decisions say, whenever they were made.
func equal(a, b Decision) bool {
	b.At = a.At
	return cmp.Compare(jsonOf(a), jsonOf(b)) == 0
}

func jsonOf(d Decision) string {
	b, err := json.Marshal(d)
	if err != nil {
		panic(err) // plain data
	}
	return string(b)
}
