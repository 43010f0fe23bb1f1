package program

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Period is how often a plan is paid.
type Period string

// The periods.
const (
	Monthly Period = "month"
	Yearly  Period = "year"
	Once    Period = "once"
)

// Plan is a product plan that the merchant sells.
type Plan struct {
	ID         id.Plan   `json:"id"`
	Code       string    `json:"code"` // as the merchant's calls name it, such as starter
	Name       string    `json:"name"`
	Currency   string    `json:"currency"`
	PriceMinor int64     `json:"price_minor"` // list price in minor units; what is paid is in the payment
	Period     Period    `json:"period"`
	CreatedAt  time.Time `json:"created_at"`
	ArchivedAt time.Time `json:"archived_at,omitzero"`
}

// NewPlan is what a plan is written from.
type NewPlan struct {
	Code, Name, Currency string
	PriceMinor           int64
	Period               Period
}

var planForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,39}$`)

// PutPlan creates a plan, or changes the one of that code. Kinds: Invalid.
func PutPlan(ctx context.Context, tx *db.Tx, p Program, n NewPlan) (Plan, error) {
	var l fault.List
	n.Code = strings.ToLower(strings.TrimSpace(n.Code))
	if n.Currency == "" {
		n.Currency = p.Currency
	}
	if !planForm.MatchString(n.Code) {
		l.Add(fault.New(fault.Invalid, "%s cannot be a plan's code.", n.Code).Field("code").
			Hint("Use 1 to 40 lower-case letters, digits, dots, hyphens and underscores."))
	}
	if n.Name == "" {
		n.Name = n.Code
	}
	l.Add(checkCurrency(n.Currency))
	if n.PriceMinor < 0 {
		l.Add(fault.New(fault.Invalid, "A plan's price is zero or more.").Field("price"))
	}
	if n.Period != Monthly && n.Period != Yearly && n.Period != Once {
		l.Add(fault.New(fault.Invalid, "%s is not a period.", string(n.Period)).Field("period").Hint("Use month, year or once."))
	}
	if err := l.Err(); err != nil {
		return Plan{}, err
	}
	plan, err := db.One(ctx, tx, scanPlan, `
		insert into plans (program_id, plan_id, code, name, currency, price_minor, period, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (program_id, code) do update set name = excluded.name, currency = excluded.currency,
			price_minor = excluded.price_minor, period = excluded.period, archived_at = null
		returning plan_id, code, name, currency, price_minor, period, created_at, archived_at`,
		p.ID, id.New[id.Plan](tx.Now()), n.Code, n.Name, n.Currency, n.PriceMinor, n.Period, tx.Now())
	if err != nil {
		return Plan{}, fmt.Errorf("put plan: %w", err)
	}
	return plan, audit.Write(ctx, tx, audit.Entry{Program: p.ID, Action: "plan.changed", Subject: string(plan.ID), After: plan})
}

func scanPlan(r db.Row) (Plan, error) {
	var p Plan
	err := r.Scan(&p.ID, &p.Code, &p.Name, &p.Currency, &p.PriceMinor, &p.Period, &p.CreatedAt, &p.ArchivedAt)
	return p, err
}

// Plans are the plans that are sold, the cheapest first.
func Plans(ctx context.Context, q db.Reader, prog id.Program) ([]Plan, error) {
	return db.All(ctx, q, scanPlan, `
		select plan_id, code, name, currency, price_minor, period, created_at, archived_at from plans
		where program_id = $1 and archived_at is null order by price_minor, code`, prog)
}

// PlanByCode finds the plan that a call names, also one that is sold no more:
// its customers go on paying. Kinds: Invalid, with the codes that are sold.
func PlanByCode(ctx context.Context, q db.Reader, prog id.Program, code string) (Plan, error) {
	code = strings.ToLower(strings.TrimSpace(code))
	p, ok, err := db.Lookup(ctx, q, scanPlan, `
		select plan_id, code, name, currency, price_minor, period, created_at, archived_at from plans
		where program_id = $1 and code = $2`, prog, code)
	if err != nil || ok {
		return p, err
	}
	plans, err := Plans(ctx, q, prog)
	if err != nil {
		return Plan{}, err
	}
	var codes []string
	for _, p := range plans {
		codes = append(codes, p.Code)
	}
	e := fault.New(fault.Invalid, "This program has no plan %s.", code).Field("plan")
	if len(codes) == 0 {
		return Plan{}, e.Hint("Add the plan in the program's settings first.")
	}
	return Plan{}, e.Hint("Its plans are: %s.", strings.Join(codes, ", "))
}

// ArchivePlan takes a plan out of what is sold; payments that name it keep it,
// and PutPlan brings it back. Kinds: NotFound.
func ArchivePlan(ctx context.Context, tx *db.Tx, prog id.Program, plan id.Plan) (Plan, error) {
	p, ok, err := db.Lookup(ctx, tx, scanPlan, `
		update plans set archived_at = coalesce(archived_at, $3) where program_id = $1 and plan_id = $2
		returning plan_id, code, name, currency, price_minor, period, created_at, archived_at`, prog, plan, tx.Now())
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no plan %s.", string(plan))
	}
	if err != nil {
		return Plan{}, err
	}
	return p, audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "plan.archived", Subject: string(plan), After: p})
}
