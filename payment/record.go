package payment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/money"
	"tributary.example/program"
)

const (
	maxExternalID = 200
	maxLines      = 100
	// maxMinor keeps every product with a rate far inside what is computed.
	maxMinor = 1_000_000_000_000_000
	// clockSkew is how far another machine's clock may run ahead.
	clockSkew = 5 * time.Minute
)

// Fact is what somebody tells of a payment. At zero means now; no lines means
// one line of PlanCode over the whole amount without tax.
type Fact struct {
	ExternalID  string
	Customer    id.Customer
	At          time.Time
	Currency    string
	AmountMinor int64 // gross
	TaxMinor    int64
	PlanCode    string
	Lines       []Line // net
	PeriodStart time.Time
	Source      Source
}

// Check refuses a fact that could not be meant, with all its faults at once.
// The kind of error is Invalid.
func (f Fact) Check(now time.Time) error {
	var l fault.List
	if err := l.Check(checkExternal(f.ExternalID, "payment_id")); err != nil {
		return err
	}
	if _, err := money.ParseCurrency(f.Currency); err != nil {
		if err := l.Check(err); err != nil {
			return err
		}
	}
	if f.AmountMinor < 0 || f.AmountMinor > maxMinor {
		l.Add(fault.New(fault.Invalid, "A payment's amount is zero or more, in minor units.").Field("amount").
			Hint("Report money given back as a refund of its payment."))
	}
	if f.TaxMinor < 0 || f.TaxMinor > f.AmountMinor {
		l.Add(fault.New(fault.Invalid, "The tax is part of the amount: zero or more, and not above it.").Field("tax"))
	}
	if f.At.After(now.Add(clockSkew)) {
		l.Add(fault.New(fault.Invalid, "The payment's time %s is in the future.", f.At).Field("at").
			Hint("Send the time at which the money was received, in UTC."))
	}
	l.Add(f.checkLines())
	return l.Err()
}

func (f Fact) checkLines() *fault.Error {
	if len(f.Lines) == 0 {
		return nil
	}
	if len(f.Lines) > maxLines {
		return fault.New(fault.Invalid, "A payment has at most %s lines.", maxLines).Field("lines")
	}
	var sum int64
	for _, line := range f.Lines {
		if line.AmountMinor > maxMinor || line.AmountMinor < -maxMinor {
			return fault.New(fault.Invalid, "A line's amount is too large.").Field("lines")
		}
		sum += line.AmountMinor
	}
	if net := f.AmountMinor - f.TaxMinor; sum != net {
		c := money.Currency(strings.ToUpper(f.Currency))
		return fault.New(fault.Invalid, "The lines sum to %s, but the amount without tax is %s.", money.Of(sum, c), money.Of(net, c)).
			Field("lines").Hint("Lines are without tax, after discounts and credits.")
	}
	return nil
}

func checkExternal(s, field string) error {
	if s == "" || len(s) > maxExternalID || strings.ContainsFunc(s, unicode.IsControl) || strings.ToValidUTF8(s, "") != s {
		return fault.New(fault.Invalid, "The id is missing, too long or holds characters that cannot be shown.").Field(field).
			Hint("Send the id that your own system or provider uses, at most %s bytes.", maxExternalID)
	}
	return nil
}

// hash tells the same fact told twice from another one under the same id.
func (f Fact) hash() string {
	b, _ := json.Marshal([]any{f.Customer, micros(f.At), f.Currency, f.AmountMinor, f.TaxMinor, f.PlanCode, f.Lines, micros(f.PeriodStart)})
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// micros is a time as it is stored; 0 is none.
func micros(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.UnixMicro()
}

// Record writes a payment and tells the customer's room of it; created is
// false when it was known. Kinds: Invalid (also an unknown plan), NotFound (no
// such customer), Conflict (the same id with other content).
func Record(ctx context.Context, tx *db.Tx, prog id.Program, f Fact) (pay Payment, created bool, err error) {
	if f.Source == "" {
		f.Source = SourceAPI
	}
	if err := f.Check(tx.Now()); err != nil {
		return Payment{}, false, err
	}
	f.Currency = strings.ToUpper(strings.TrimSpace(f.Currency))
	if err := namePlans(ctx, tx, prog, &f); err != nil {
		return Payment{}, false, err
	}
	if _, err := customer.Lock(ctx, tx, prog, f.Customer); err != nil {
		return Payment{}, false, err
	}
	pay = f.payment(tx.Now())
	n, err := tx.Exec(ctx, `insert into payments (program_id, `+columns+`, content_hash)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		on conflict (program_id, external_id) do nothing`,
		prog, pay.ID, pay.ExternalID, pay.Customer, pay.At, pay.Currency, pay.AmountMinor, pay.TaxMinor, pay.RefundedMinor,
		pay.Dispute, pay.PlanCode, pay.PeriodStart, pay.Source, pay.RecordedAt, f.hash())
	if err != nil {
		return Payment{}, false, fmt.Errorf("insert payment: %w", err)
	}
	if n == 0 {
		pay, err = known(ctx, tx, prog, f)
		return pay, false, err
	}
	for i, line := range pay.Lines {
		err := tx.Queue(ctx, `insert into payment_lines (program_id, payment_id, n, plan_code, amount_minor) values ($1, $2, $3, $4, $5)`,
			prog, pay.ID, i+1, line.PlanCode, line.AmountMinor)
		if err != nil {
			return Payment{}, false, fmt.Errorf("insert payment's line: %w", err)
		}
	}
	return pay, true, tell(ctx, tx, prog, pay)
}

func (f Fact) payment(now time.Time) Payment {
	p := Payment{
		ID: id.New[id.Payment](now), ExternalID: f.ExternalID, Customer: f.Customer, At: f.At.UTC().Truncate(time.Microsecond),
		Currency: money.Currency(f.Currency), AmountMinor: f.AmountMinor, TaxMinor: f.TaxMinor, PlanCode: f.PlanCode,
		PeriodStart: f.PeriodStart, Source: f.Source, Lines: f.Lines, RecordedAt: now,
	}
	if f.At.IsZero() {
		p.At = now
	}
	if len(p.Lines) == 0 {
		p.Lines = []Line{{PlanCode: f.PlanCode, AmountMinor: p.NetMinor()}}
	}
	return p
}

// namePlans checks the plans that a fact names and writes their codes as the
// program does.
func namePlans(ctx context.Context, tx *db.Tx, prog id.Program, f *Fact) error {
	codes := []*string{&f.PlanCode}
	f.Lines = append([]Line(nil), f.Lines...) // none is nil, however it was said
	for i := range f.Lines {
		codes = append(codes, &f.Lines[i].PlanCode)
	}
	known := map[string]string{"": ""}
	for _, code := range codes {
		canonical, ok := known[*code]
		if !ok {
			plan, err := program.PlanByCode(ctx, tx, prog, *code)
			if err != nil {
				return err
			}
			canonical = plan.Code
			known[*code] = canonical
		}
		*code = canonical
	}
	return nil
}

// known is the payment that had the id before.
func known(ctx context.Context, tx *db.Tx, prog id.Program, f Fact) (Payment, error) {
	hash, err := db.One(ctx, tx, db.Scalar[string], `select content_hash from payments where program_id = $1 and external_id = $2`, prog, f.ExternalID)
	if err != nil {
		return Payment{}, err
	}
	if hash != f.hash() {
		return Payment{}, fault.New(fault.Conflict, "Payment %s was recorded before with another content.", f.ExternalID).Field("payment_id").
			Hint("Send a payment unchanged when you repeat it, and give each payment its own id.")
	}
	return ByExternalID(ctx, tx, prog, f.ExternalID)
}

// tell passes the payment on: to the customer's life, and to the world. A
// trial or a full discount is no payment.
func tell(ctx context.Context, tx *db.Tx, prog id.Program, pay Payment) error {
	if pay.NetMinor() > 0 {
		if err := customer.Paid(ctx, tx, prog, pay.Customer, pay.At); err != nil {
			return err
		}
		if _, err := customer.Revive(ctx, tx, prog, pay.Customer, pay.At, pay.PeriodStart); err != nil {
			return err
		}
	}
	return outbox.Emit(ctx, tx, outbox.Event{Program: prog, Type: EventRecorded, Version: 1, Subject: string(pay.ID), Payload: recorded(pay)})
}
