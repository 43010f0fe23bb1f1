// Package customer is the merchant's customer and the customer's life.
//
// Nouns: Customer, State, Change, StepKind, Marks.
//
// Invariants:
//  1. A customer has the merchant's own id; the same id is the same customer.
//  2. The state is a function of the history alone: news may come late, twice
//     or in any order, and each piece counts at its own time.
//  3. A sign-up and an onboarding happen once; the earliest time reported for
//     each is its time.
//  4. The time of the first payment above zero only ever moves back.
//  5. Customers from before the program are known by keyed hashes only.
//
// It owns customers, customer_emails, customer_states and customers_before. It
// must not know affiliates, referrals or payments: they tell it what it needs.
package customer

import (
	"context"
	"strings"
	"time"
	"unicode"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/person"
)

// Customer is one customer of a program. Times that have not come are zero.
type Customer struct {
	ID          id.Customer
	ExternalID  string // the merchant's own id
	Email       string // named last, or ""
	EmailNormal string
	PlanCode    string // chosen last, or ""
	State       State
	StateAt     time.Time
	SignedUpAt  time.Time
	OnboardedAt time.Time
	FirstPaidAt time.Time // of the first payment above zero, by its own time
	CreatedAt   time.Time

	SignedUpPlan  string // told with the sign-up, or ""
	OnboardedPlan string // told with the onboarding, or ""
}

// Seen is what a call says about a customer; only ExternalID is needed.
type Seen struct {
	ExternalID string
	Email      string
	PlanCode   string
}

const maxExternalID = 200

const columns = `customer_id, external_id, email, email_normal, plan_code, state, state_at,
	signed_up_at, signed_up_plan, onboarded_at, onboarded_plan, first_paid_at, created_at`

func scan(r db.Row) (Customer, error) {
	var c Customer
	err := r.Scan(&c.ID, &c.ExternalID, &c.Email, &c.EmailNormal, &c.PlanCode, &c.State, &c.StateAt,
		&c.SignedUpAt, &c.SignedUpPlan, &c.OnboardedAt, &c.OnboardedPlan, &c.FirstPaidAt, &c.CreatedAt)
	return c, err
}

// ParseExternalID checks the merchant's own id of a customer. The kind of
// error is Invalid.
func ParseExternalID(s string) (string, error) {
	s = strings.TrimSpace(s)
	switch {
	case s == "":
		return "", fault.New(fault.Invalid, "The customer's id is missing.").Field("customer_id").
			Hint("Send the id that your own system uses for this customer.")
	case len(s) > maxExternalID:
		return "", fault.New(fault.Invalid, "The customer's id is longer than %s bytes.", maxExternalID).Field("customer_id")
	case strings.ContainsFunc(s, unicode.IsControl) || strings.ToValidUTF8(s, "") != s:
		return "", fault.New(fault.Invalid, "The customer's id holds characters that cannot be shown.").Field("customer_id")
	}
	return s, nil
}

// Clean checks and trims what a call says. The kind of error is Invalid, with
// every fault in it.
func (s Seen) Clean() (Seen, error) {
	var faults fault.List
	ext, err := ParseExternalID(s.ExternalID)
	if err := faults.Check(err); err != nil {
		return Seen{}, err
	}
	email := strings.TrimSpace(s.Email)
	if email != "" {
		email, err = person.ParseEmail(email)
		if err := faults.Check(err); err != nil {
			return Seen{}, err
		}
	}
	return Seen{ExternalID: ext, Email: email, PlanCode: s.PlanCode}, faults.Err()
}

// Ensure finds the customer with the merchant's own id, or creates one, keeps
// what the call says about e-mail and plan, and locks the row until the
// transaction ends. The kind of error is Invalid.
func Ensure(ctx context.Context, tx *db.Tx, prog id.Program, seen Seen) (Customer, error) {
	seen, err := seen.Clean()
	if err != nil {
		return Customer{}, err
	}
	normal := person.NormalEmail(seen.Email)
	cus, err := db.One(ctx, tx, scan, `insert into customers (program_id, `+columns+`)
		values ($1, $2, $3, $4, $5, $6, '', $7, null, '', null, '', null, $7)
		on conflict (program_id, external_id) do update set
			email = case when excluded.email = '' then customers.email else excluded.email end,
			email_normal = case when excluded.email = '' then customers.email_normal else excluded.email_normal end,
			plan_code = case when excluded.plan_code = '' then customers.plan_code else excluded.plan_code end
		returning `+columns,
		prog, id.New[id.Customer](tx.Now()), seen.ExternalID, seen.Email, normal, seen.PlanCode, tx.Now())
	if err != nil || normal == "" {
		return cus, err
	}
	return cus, tx.Queue(ctx, `insert into customer_emails (program_id, customer_id, email_normal, recorded_at)
		values ($1, $2, $3, $4) on conflict (program_id, customer_id, email_normal) do nothing`,
		prog, cus.ID, normal, tx.Now())
}

// Get is the customer with an id. The kind of error is NotFound.
func Get(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) (Customer, error) {
	c, ok, err := db.Lookup(ctx, r, scan, `select `+columns+` from customers where program_id = $1 and customer_id = $2`, prog, cus)
	return found(c, ok, err, string(cus))
}

// ByExternalID is the customer with the merchant's own id. The kind of error
// is NotFound.
func ByExternalID(ctx context.Context, r db.Reader, prog id.Program, external string) (Customer, error) {
	c, ok, err := LookupExternalID(ctx, r, prog, external)
	return found(c, ok, err, external)
}

// LookupExternalID finds the customer with the merchant's own id.
func LookupExternalID(ctx context.Context, r db.Reader, prog id.Program, external string) (Customer, bool, error) {
	return db.Lookup(ctx, r, scan, `select `+columns+` from customers where program_id = $1 and external_id = $2`,
		prog, strings.TrimSpace(external))
}

// Lock is Get, and nobody else changes the customer until the transaction
// ends. The kind of error is NotFound.
func Lock(ctx context.Context, tx *db.Tx, prog id.Program, cus id.Customer) (Customer, error) {
	c, ok, err := db.Lookup(ctx, tx, scan, `update customers set state = state
		where program_id = $1 and customer_id = $2 returning `+columns, prog, cus)
	return found(c, ok, err, string(cus))
}

// Emails are the normal forms of every address a customer was named with.
func Emails(ctx context.Context, r db.Reader, prog id.Program, cus id.Customer) ([]string, error) {
	return db.All(ctx, r, db.Scalar[string], `select email_normal from customer_emails
		where program_id = $1 and customer_id = $2 order by email_normal`, prog, cus)
}

// OfEmail lists the customers that were ever named with an address, in any
// spelling, oldest first.
func OfEmail(ctx context.Context, r db.Reader, prog id.Program, email string) ([]Customer, error) {
	return db.All(ctx, r, scan, `select `+columns+` from customers where program_id = $1 and customer_id in (
		select customer_id from customer_emails where program_id = $1 and email_normal = $2) order by customer_id`,
		prog, person.NormalEmail(email))
}

// Page says which customers a list shows.
type Page struct {
	State  State       // only those, or "" for all
	Before id.Customer // older than this one, or "" for the newest
	Limit  int         // 1 to 200; anything else is 200
}

const maxPage = 200

// List is a page of a program's customers, newest first.
func List(ctx context.Context, r db.Reader, prog id.Program, p Page) ([]Customer, error) {
	if p.Limit < 1 || p.Limit > maxPage {
		p.Limit = maxPage
	}
	return db.All(ctx, r, scan, `select `+columns+` from customers
		where program_id = $1 and ($2 = '' or state = $2) and ($3 = '' or customer_id < $3)
		order by customer_id desc limit $4`, prog, p.State, p.Before, p.Limit)
}

func found(c Customer, ok bool, err error, name string) (Customer, error) {
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no customer %s.", name).
			Hint("Report the customer's sign-up first.")
	}
	return c, err
}
