package referral

import (
	"context"
	"strings"
	"time"

	"tributary.example/customer"
	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/internal/text"
)

// Void takes a customer from an affiliate from the beginning: nothing that the
// customer paid earns. The affiliate reads the reason. The caller settles the
// customer's commissions in the same transaction. The kinds of errors are
// Invalid (no reason), NotFound and Conflict (it does not stand).
func Void(ctx context.Context, tx *db.Tx, prog id.Program, ref id.Referral, reason string) (Referral, error) {
	return byHand(ctx, tx, prog, ref, EventVoided, reason, func(r *Referral) error {
		if r.State != StateStanding && r.State != StateEnded {
			return stands(*r, false)
		}
		r.State = StateVoid
		return nil
	})
}

// End ends a referral at a time: payments from then on earn nothing, those
// before stay. The kinds of errors are Invalid (no reason, a time before it
// began), NotFound and Conflict (it does not stand).
func End(ctx context.Context, tx *db.Tx, prog id.Program, ref id.Referral, at time.Time, reason string) (Referral, error) {
	return byHand(ctx, tx, prog, ref, EventEnded, reason, func(r *Referral) error {
		if r.State != StateStanding {
			return stands(*r, false)
		}
		if at.Before(r.Since) {
			return fault.New(fault.Invalid, "The referral began on %s.", r.Since).Field("at").Hint("To take it back from its beginning, void it.")
		}
		r.State, r.Until = StateEnded, at.UTC().Truncate(time.Microsecond)
		return nil
	})
}

// Restore undoes Void and End. The kinds of errors are Invalid (no reason),
// NotFound and Conflict (it stands, it was lost, or another one stands).
func Restore(ctx context.Context, tx *db.Tx, prog id.Program, ref id.Referral, reason string) (Referral, error) {
	return byHand(ctx, tx, prog, ref, EventDecided, reason, func(r *Referral) error {
		if r.State != StateVoid && r.State != StateEnded {
			return stands(*r, true)
		}
		if other, ok, err := Standing(ctx, tx, prog, r.Customer); ok || err != nil {
			if err == nil {
				err = fault.New(fault.Conflict, "The customer has another referral now, %s.", string(other.ID))
			}
			return err
		}
		r.State, r.Until = StateStanding, time.Time{}
		return nil
	})
}

// EndOf ends every standing referral of an affiliate, who left the program or
// was banned, and says which customers' commissions must be settled.
func EndOf(ctx context.Context, tx *db.Tx, prog id.Program, aff id.Affiliate, at time.Time, reason string) ([]id.Customer, error) {
	all, err := db.All(ctx, tx, scan, `select `+columns+` from referrals
		where program_id = $1 and affiliate_id = $2 and state = 'standing' order by customer_id`, prog, aff)
	if err != nil {
		return nil, err
	}
	var customers []id.Customer
	for _, ref := range all {
		from := at
		if from.Before(ref.Since) {
			from = ref.Since
		}
		if _, err := End(ctx, tx, prog, ref.ID, from, reason); err != nil {
			return nil, err
		}
		customers = append(customers, ref.Customer)
	}
	return customers, nil
}

// byHand changes a referral as a person says, with the reason in the audit log
// and to the affiliate. The customer is locked first: that is the order of all
// locks.
func byHand(ctx context.Context, tx *db.Tx, prog id.Program, ref id.Referral, event, reason string, change func(*Referral) error) (Referral, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return Referral{}, fault.New(fault.Invalid, "A reason is missing.").Field("reason").Hint("The affiliate reads it.")
	}
	before, err := Get(ctx, tx, prog, ref)
	if err != nil {
		return Referral{}, err
	}
	cus, err := customer.Lock(ctx, tx, prog, before.Customer)
	if err != nil {
		return Referral{}, err
	}
	if before, err = Get(ctx, tx, prog, ref); err != nil {
		return Referral{}, err
	}
	after := before
	if err := change(&after); err != nil {
		return Referral{}, err
	}
	after.Reason, after.ByHand = text.S("%s", reason), true
	if err := put(ctx, tx, prog, after); err != nil {
		return Referral{}, err
	}
	err = audit.Write(ctx, tx, audit.Entry{
		Program: prog, Action: event, Subject: string(ref), Before: summary(before), After: summary(after), Reason: reason,
	})
	if err != nil {
		return Referral{}, err
	}
	var payload any = Ended{Referral: after, ExternalID: cus.ExternalID, Told: after.Reason}
	if event == EventDecided {
		payload = Decided{Referral: after, ExternalID: cus.ExternalID, Sentence: after.Reason, Told: after.Reason}
	}
	return after, outbox.Emit(ctx, tx, outbox.Event{Program: prog, Type: event, Version: 1, Subject: string(ref), Payload: payload})
}

func stands(ref Referral, yes bool) error {
	if yes {
		return fault.New(fault.Conflict, "The referral was not taken back by hand; it is %s.", string(ref.State))
	}
	return fault.New(fault.Conflict, "The referral does not stand; it is %s.", string(ref.State))
}

// summary is what the audit log keeps: ids and states.
func summary(ref Referral) map[string]any {
	return map[string]any{"affiliate_id": ref.Affiliate, "customer_id": ref.Customer, "state": ref.State, "until": ref.Until}
}
