package payment_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/payment"
	"tributary.example/program"
)

var ctx = context.Background()

func shop(t *testing.T, d *dbtest.DB) (prog id.Program, cus id.Customer) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) error {
		p, err := program.Create(ctx, tx, program.New{
			Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example",
			Settings: program.DefaultSettings("Shop", "https://www.shop.example"),
			Plans:    []program.NewPlan{{Code: "starter", Period: program.Monthly}, {Code: "pro", Period: program.Monthly}},
		})
		if err != nil {
			return err
		}
		c, err := customer.Ensure(ctx, tx, p.ID, customer.Seen{ExternalID: "u1"})
		prog, cus = p.ID, c.ID
		return err
	})
	return prog, cus
}

func record(d *dbtest.DB, prog id.Program, f payment.Fact) (pay payment.Payment, created bool, err error) {
	err = d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) (err error) {
		pay, created, err = payment.Record(ctx, tx, prog, f)
		return err
	})
	return pay, created, err
}

func refund(d *dbtest.DB, prog id.Program, f payment.RefundFact) (pay payment.Payment, created bool, err error) {
	err = d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) (err error) {
		pay, created, err = payment.Refund(ctx, tx, prog, f)
		return err
	})
	return pay, created, err
}

func TestRecordOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, cus := shop(t, d)
		at := dbtest.Epoch.Add(-time.Hour)
		fact := payment.Fact{
			ExternalID: "in_1", Customer: cus, At: at, Currency: "eur", AmountMinor: 11900, TaxMinor: 1900,
			Lines: []payment.Line{{PlanCode: "Pro", AmountMinor: 12000}, {AmountMinor: -2000}},
		}
		pay, created, err := record(d, prog, fact)
		if err != nil || !created {
			t.Fatalf("created %v, %v", created, err)
		}
		again, created, err := record(d, prog, fact)
		if err != nil || created {
			t.Fatalf("created %v twice, %v", created, err)
		}
		if diff := cmp.Diff(pay, again); diff != "" {
			t.Error(diff)
		}
		want := payment.Payment{
			ID: pay.ID, ExternalID: "in_1", Customer: cus, At: at, Currency: "EUR", AmountMinor: 11900, TaxMinor: 1900, Source: payment.SourceAPI,
			Lines: []payment.Line{{PlanCode: "pro", AmountMinor: 12000}, {AmountMinor: -2000}}, RecordedAt: dbtest.Epoch,
		}
		if diff := cmp.Diff(want, again); diff != "" {
			t.Error(diff)
		}
		fact.AmountMinor, fact.Lines = 12900, nil
		if _, _, err := record(d, prog, fact); !fault.Is(err, fault.Conflict) {
			t.Errorf("another amount under the same id gave %v", err)
		}
		c, err := customer.Get(ctx, d, prog, cus)
		if err != nil || !c.FirstPaidAt.Equal(at) || c.State != customer.StateActive {
			t.Errorf("the customer is %s, first paid at %s, %v", c.State, c.FirstPaidAt, err)
		}
		events, err := outbox.Events(ctx, d, prog, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range events {
			if e.Name == payment.EventRecorded {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d events %s, want 1", n, payment.EventRecorded)
		}
	})
}

// The same fact in other clothes is the same payment; a period that decides
// over the customer's life is content like the amount.
func TestWhatIsTheSameFact(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, cus := shop(t, d)
		at := dbtest.Epoch.Add(-time.Hour)
		fact := func() payment.Fact {
			return payment.Fact{ExternalID: "in_1", Customer: cus, At: at, Currency: "EUR", AmountMinor: 11900, PlanCode: "pro", PeriodStart: at}
		}
		if _, created, err := record(d, prog, fact()); err != nil || !created {
			t.Fatalf("created %v, %v", created, err)
		}
		for name, tt := range map[string]struct {
			change func(f *payment.Fact)
			same   bool
		}{
			"unchanged":        {func(*payment.Fact) {}, true},
			"spaces":           {func(f *payment.Fact) { f.Currency = " eur " }, true},
			"an empty list":    {func(f *payment.Fact) { f.Lines = []payment.Line{} }, true},
			"another zone":     {func(f *payment.Fact) { f.At = at.In(time.FixedZone("x", 3600)) }, true},
			"the plan's case":  {func(f *payment.Fact) { f.PlanCode = "PRO" }, true},
			"another period":   {func(f *payment.Fact) { f.PeriodStart = at.Add(-time.Hour) }, false},
			"no period":        {func(f *payment.Fact) { f.PeriodStart = time.Time{} }, false},
			"another currency": {func(f *payment.Fact) { f.Currency = "USD" }, false},
			"another time":     {func(f *payment.Fact) { f.At = at.Add(time.Second) }, false},
			"another tax":      {func(f *payment.Fact) { f.TaxMinor = 1 }, false},
			"no plan":          {func(f *payment.Fact) { f.PlanCode = "" }, false},
		} {
			f := fact()
			tt.change(&f)
			_, created, err := record(d, prog, f)
			if created || fault.Is(err, fault.Conflict) == tt.same || (tt.same && err != nil) {
				t.Errorf("%s: created %v, %v", name, created, err)
			}
		}
	})
}

func TestZeroIsNoPayment(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, cus := shop(t, d)
		for external, f := range map[string]payment.Fact{"trial": {}, "all tax": {AmountMinor: 100, TaxMinor: 100}} {
			f.ExternalID, f.Customer, f.Currency = external, cus, "EUR"
			if _, _, err := record(d, prog, f); err != nil {
				t.Fatal(err)
			}
		}
		c, err := customer.Get(ctx, d, prog, cus)
		if err != nil || !c.FirstPaidAt.IsZero() {
			t.Errorf("first paid at %s, %v", c.FirstPaidAt, err)
		}
	})
}

func TestRecordRefuses(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	prog, cus := shop(t, d)
	good := payment.Fact{ExternalID: "in_1", Customer: cus, Currency: "EUR", AmountMinor: 100}
	tests := []struct {
		name, about string
		change      func(*payment.Fact)
	}{
		{"no id", "payment_id", func(f *payment.Fact) { f.ExternalID = "" }},
		{"negative", "amount", func(f *payment.Fact) { f.AmountMinor = -1 }},
		{"beyond reason", "amount", func(f *payment.Fact) { f.AmountMinor = 1 << 60 }},
		{"tax above amount", "tax", func(f *payment.Fact) { f.TaxMinor = 101 }},
		{"currency", "currency", func(f *payment.Fact) { f.Currency = "EURO" }},
		{"future", "at", func(f *payment.Fact) { f.At = dbtest.Epoch.Add(time.Hour) }},
		{"plan", "plan", func(f *payment.Fact) { f.PlanCode = "gold" }},
		{"line's plan", "plan", func(f *payment.Fact) { f.Lines = []payment.Line{{PlanCode: "gold", AmountMinor: 100}} }},
		{"lines do not sum", "lines", func(f *payment.Fact) { f.Lines = []payment.Line{{AmountMinor: 99}} }},
	}
	for _, tt := range tests {
		f := good
		tt.change(&f)
		_, _, err := record(d, prog, f)
		if e, ok := fault.As(err); !ok || e.Kind != fault.Invalid || e.About != tt.about {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	f := good
	f.Customer = id.New[id.Customer](dbtest.Epoch)
	if _, _, err := record(d, prog, f); !fault.Is(err, fault.NotFound) {
		t.Errorf("unknown customer: %v", err)
	}
	if all, err := payment.List(ctx, d, prog, payment.Page{}); len(all) != 0 || err != nil {
		t.Errorf("%d payments were written, %v", len(all), err)
	}
}

// Two refunds of one payment are two, the same one twice is one.
func TestRefundsById(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, cus := shop(t, d)
		if _, _, err := refund(d, prog, payment.RefundFact{PaymentExternalID: "in_1", ExternalID: "re_1", AmountMinor: 1}); !fault.Is(err, fault.NotFound) {
			t.Errorf("a refund of an unknown payment gave %v", err)
		}
		if _, _, err := record(d, prog, payment.Fact{ExternalID: "in_1", Customer: cus, Currency: "EUR", AmountMinor: 100}); err != nil {
			t.Fatal(err)
		}
		steps := []struct {
			id      string
			amount  int64
			kind    fault.Kind
			total   int64
			created bool
		}{
			{"re_1", 25, "", 25, true},
			{"re_1", 25, "", 25, false},
			{"re_1", 30, fault.Conflict, 25, false},
			{"re_2", 25, "", 50, true},
			{"re_3", 51, fault.Invalid, 50, false},
			{"re_3", 0, fault.Invalid, 50, false},
			{"re_3", 50, "", 100, true},
		}
		for _, s := range steps {
			_, created, err := refund(d, prog, payment.RefundFact{PaymentExternalID: "in_1", ExternalID: s.id, AmountMinor: s.amount})
			if fault.KindOf(err) != s.kind || created != s.created {
				t.Errorf("%s of %d: created %v, %v", s.id, s.amount, created, err)
			}
			pay, err := payment.ByExternalID(ctx, d, prog, "in_1")
			if err != nil || pay.RefundedMinor != s.total {
				t.Errorf("after %s of %d: refunded %d, %v, want %d", s.id, s.amount, pay.RefundedMinor, err, s.total)
			}
		}
		refunds, err := payment.Refunds(ctx, d, prog, mustID(t, d, prog))
		if err != nil || len(refunds) != 3 {
			t.Errorf("%d refunds, %v, want 3", len(refunds), err)
		}
	})
}

func mustID(t *testing.T, d *dbtest.DB, prog id.Program) id.Payment {
	t.Helper()
	pay, err := payment.ByExternalID(ctx, d, prog, "in_1")
	if err != nil {
		t.Fatal(err)
	}
	return pay.ID
}

func TestPaymentsInProvidersOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, cus := shop(t, d)
		for i, external := range []string{"c", "a", "b"} {
			d.Clock.Advance(time.Minute)
			at := dbtest.Epoch.Add(-time.Hour)
			if i == 0 {
				at = at.Add(-time.Hour)
			}
			if _, _, err := record(d, prog, payment.Fact{ExternalID: external, Customer: cus, At: at, Currency: "EUR", AmountMinor: int64(100 + i), PlanCode: "pro"}); err != nil {
				t.Fatal(err)
			}
		}
		names := func(all []payment.Payment, err error) (out []string) {
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range all {
				if len(p.Lines) != 1 || p.Lines[0].AmountMinor != p.AmountMinor || p.Lines[0].PlanCode != "pro" {
					t.Errorf("lines of %s are %+v", p.ExternalID, p.Lines)
				}
				out = append(out, p.ExternalID)
			}
			return out
		}
		if diff := cmp.Diff([]string{"c", "a", "b"}, names(payment.OfCustomer(ctx, d, prog, cus))); diff != "" {
			t.Errorf("provider's order: %s", diff)
		}
		if diff := cmp.Diff([]string{"b", "a", "c"}, names(payment.List(ctx, d, prog, payment.Page{}))); diff != "" {
			t.Errorf("list: %s", diff)
		}
		other := id.New[id.Program](dbtest.Epoch)
		if got := names(payment.List(ctx, d, other, payment.Page{})); len(got) != 0 {
			t.Errorf("another program sees %v", got)
		}
	})
}
