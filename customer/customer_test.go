package customer

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/internal/secret"
	"tributary.example/program"
)

var ctx = context.Background()

// newProgram makes a program; its live side is returned.
func newProgram(t *testing.T, d *dbtest.DB, slug string) id.Program {
	t.Helper()
	var prog program.Program
	d.Write(t, func(tx *db.Tx) (err error) {
		prog, err = program.Create(ctx, tx, program.New{
			Slug: slug, Currency: "EUR", LinkHost: "go." + slug + ".example",
			Settings: program.DefaultSettings("Shop", "https://"+slug+".example"),
		})
		return err
	})
	return prog.ID
}

func ensure(t *testing.T, d *dbtest.DB, prog id.Program, seen Seen) Customer {
	t.Helper()
	var cus Customer
	d.Write(t, func(tx *db.Tx) (err error) {
		cus, err = Ensure(ctx, tx, prog, seen)
		return err
	})
	return cus
}

func TestEnsureKeepsWhatIsKnown(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, other := newProgram(t, d, "shop"), newProgram(t, d, "other")
		first := ensure(t, d, prog, Seen{ExternalID: " u1 ", Email: "Jane+x@Example.com", PlanCode: "starter"})
		d.Clock.Advance(time.Hour)
		again := ensure(t, d, prog, Seen{ExternalID: "u1"})
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("nothing new was said, but (-want +got):\n%s", diff)
		}
		want := Customer{
			ID: first.ID, ExternalID: "u1", Email: "Jane+x@example.com", EmailNormal: "jane@example.com", PlanCode: "starter",
			StateAt: dbtest.Epoch, CreatedAt: dbtest.Epoch,
		}
		if diff := cmp.Diff(want, first); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		changed := ensure(t, d, prog, Seen{ExternalID: "u1", Email: "jd@example.org", PlanCode: "pro"})
		if changed.ID != first.ID || changed.EmailNormal != "jd@example.org" || changed.PlanCode != "pro" {
			t.Errorf("after the change: %+v", changed)
		}
		emails, err := Emails(ctx, d, prog, first.ID)
		if diff := cmp.Diff([]string{"jane@example.com", "jd@example.org"}, emails); err != nil || diff != "" {
			t.Errorf("all addresses: %v\n%s", err, diff)
		}
		of, err := OfEmail(ctx, d, prog, "JANE@example.com")
		if err != nil || len(of) != 1 || of[0].ID != first.ID {
			t.Errorf("OfEmail: %v, %v", of, err)
		}
		if same := ensure(t, d, other, Seen{ExternalID: "u1"}); same.ID == first.ID {
			t.Error("two programs share a customer")
		}
		if _, err := Get(ctx, d, other, first.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another program's customer: %v", err)
		}
		if _, err := ByExternalID(ctx, d, prog, "nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("unknown customer: %v", err)
		}
	})
}

func TestSeenIsRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		seen  Seen
		about []string
	}{
		{Seen{ExternalID: "u1"}, nil},
		{Seen{ExternalID: "Kunde-ü 7"}, nil},
		{Seen{}, []string{"customer_id"}},
		{Seen{ExternalID: "u\n1"}, []string{"customer_id"}},
		{Seen{ExternalID: "u\xff"}, []string{"customer_id"}},
		{Seen{ExternalID: strings.Repeat("u", 201)}, []string{"customer_id"}},
		{Seen{ExternalID: "", Email: "jane"}, []string{"customer_id", "email"}},
	}
	for _, tt := range tests {
		_, err := tt.seen.Clean()
		var about []string
		if e, ok := fault.As(err); ok {
			about = append(about, e.About)
			for _, also := range e.Also {
				about = append(about, also.About)
			}
		}
		if diff := cmp.Diff(tt.about, about); diff != "" {
			t.Errorf("%+v: %v\n%s", tt.seen, err, diff)
		}
	}
}

func TestConcurrentEnsureIsOneCustomer(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := newProgram(t, d, "shop")
		var wg sync.WaitGroup
		ids := make([]id.Customer, 16)
		for i := range ids {
			wg.Go(func() {
				err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
					cus, err := Ensure(ctx, tx, prog, Seen{ExternalID: "u1"})
					ids[i] = cus.ID
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, got := range ids {
			if got != ids[0] || got == "" {
				t.Fatalf("several customers: %v", ids)
			}
		}
	})
}

func TestStepsHappenOnceAtTheirEarliestTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := newProgram(t, d, "shop")
		cus := ensure(t, d, prog, Seen{ExternalID: "u1"})
		at := func(h int) time.Time { return dbtest.Epoch.Add(time.Duration(h) * time.Hour) }
		d.Clock.Set(at(100))
		reach := func(step StepKind, h int) Customer {
			var got Customer
			d.Write(t, func(tx *db.Tx) (err error) {
				got, err = Step(ctx, tx, prog, cus.ID, step, at(h), "")
				return err
			})
			return got
		}
		reach(SignedUp, 10)
		if got := reach(SignedUp, 20); !got.SignedUpAt.Equal(at(10)) || got.State != StateSignedUp {
			t.Errorf("a later report moved it: %+v", got)
		}
		reach(Onboarded, 15)
		got := reach(SignedUp, 5)
		if !got.SignedUpAt.Equal(at(5)) || !got.OnboardedAt.Equal(at(15)) || got.State != StateOnboarded || !got.StateAt.Equal(at(15)) {
			t.Errorf("after an earlier report: %+v", got)
		}
		news, err := News(ctx, d, prog, cus.ID)
		want := []Change{{At: at(5), State: StateSignedUp, Source: SourceReferral}, {At: at(15), State: StateOnboarded, Source: SourceReferral}}
		if diff := cmp.Diff(want, news); err != nil || diff != "" {
			t.Errorf("history: %v\n%s", err, diff)
		}
		for name, when := range map[string]time.Time{"future": at(101), "missing": {}} {
			err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
				_, err := Step(ctx, tx, prog, cus.ID, SignedUp, when, "")
				return err
			})
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("a time that is %s: %v", name, err)
			}
		}
	})
}

func TestStatesAndPayments(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := newProgram(t, d, "shop")
		cus := ensure(t, d, prog, Seen{ExternalID: "u1"})
		d.Clock.Set(day(90))
		d.Write(t, func(tx *db.Tx) error {
			for _, n := range []int{60, 20, 50} { // in disorder
				if err := Paid(ctx, tx, prog, cus.ID, day(n)); err != nil {
					return err
				}
				if _, err := Revive(ctx, tx, prog, cus.ID, day(n), day(n-2)); err != nil {
					return err
				}
			}
			// Late news: the payments of day 50 and 60 settle what began before and after it.
			_, err := SetState(ctx, tx, prog, cus.ID, says(49, StateInactive))
			return err
		})
		got, err := Get(ctx, d, prog, cus.ID)
		if err != nil || !got.FirstPaidAt.Equal(day(20)) || got.State != StateActive || !got.StateAt.Equal(day(60)) {
			t.Errorf("%+v, %v", got, err)
		}
		for n, want := range map[int]State{19: "", 20: StateActive, 49: StateInactive, 50: StateInactive, 60: StateActive} {
			if state, err := StateAt(ctx, d, prog, cus.ID, day(n)); state != want || err != nil {
				t.Errorf("on day %d: %q, %v, want %q", n, state, err, want)
			}
		}
		events, err := outbox.Events(ctx, d, prog, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, e := range events {
			if e.Name == EventChanged {
				n++
			}
		}
		if n != 3 { // active since 60, since 20, and since 60 again
			t.Errorf("%d events, want 3", n)
		}
	})
}

func TestTwoPaymentsOfOneMomentInAnyOrder(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := newProgram(t, d, "shop")
		d.Clock.Set(day(90))
		for _, order := range [][]time.Time{{day(10), day(50)}, {day(50), day(10)}, {{}, day(10)}, {day(10), {}}} {
			cus := ensure(t, d, prog, Seen{ExternalID: order[0].String() + order[1].String()})
			d.Write(t, func(tx *db.Tx) error {
				if _, err := SetState(ctx, tx, prog, cus.ID, says(40, StateInactive)); err != nil {
					return err
				}
				for _, settles := range order {
					if _, err := Revive(ctx, tx, prog, cus.ID, day(60), settles); err != nil {
						return err
					}
				}
				return nil
			})
			if got, err := Get(ctx, d, prog, cus.ID); err != nil || got.State != StateActive {
				t.Errorf("%v: %q, %v", order, got.State, err)
			}
		}
	})
}

func TestParseState(t *testing.T) {
	t.Parallel()
	for _, s := range States {
		_, err := ParseState(string(s))
		if (err == nil) != (s != StateErased) {
			t.Errorf("ParseState(%q): %v", s, err)
		}
	}
	for _, bad := range []string{"", "gone", "ACTIVE"} {
		if _, err := ParseState(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("ParseState(%q): %v", bad, err)
		}
	}
}

func TestCustomersFromBefore(t *testing.T) {
	t.Parallel()
	root, err := secret.NewRoot(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, other := newProgram(t, d, "shop"), newProgram(t, d, "other")
		var first, second int
		d.Write(t, func(tx *db.Tx) (err error) {
			if first, err = AddBefore(ctx, tx, prog, MarksOf(root, prog, "jane@example.com", "u1")); err != nil {
				return err
			}
			second, err = AddBefore(ctx, tx, prog, MarksOf(root, prog, "jane@example.com", ""))
			return err
		})
		if first != 2 || second != 0 {
			t.Errorf("added %d and %d, want 2 and 0", first, second)
		}
		tests := []struct {
			prog            id.Program
			email, external string
			want            bool
		}{
			{prog, "jane@example.com", "", true},
			{prog, "omar@example.com", "u1", true},
			{prog, "", "u1", true},
			{prog, "u1", "jane@example.com", false},
			{prog, "omar@example.com", "u2", false},
			{prog, "", "", false},
			{other, "jane@example.com", "u1", false},
		}
		for _, tt := range tests {
			got, err := Before(ctx, d, tt.prog, MarksOf(root, tt.prog, tt.email, tt.external))
			if got != tt.want || err != nil {
				t.Errorf("Before(%s, %s) = %v, %v, want %v", tt.email, tt.external, got, err, tt.want)
			}
		}
	})
}

func TestListPages(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := newProgram(t, d, "shop")
		for _, ext := range []string{"u1", "u2", "u3"} {
			ensure(t, d, prog, Seen{ExternalID: ext})
			d.Clock.Advance(time.Second)
		}
		page, err := List(ctx, d, prog, Page{Limit: 2})
		if err != nil || len(page) != 2 || page[0].ExternalID != "u3" {
			t.Fatalf("first page: %+v, %v", page, err)
		}
		rest, err := List(ctx, d, prog, Page{Limit: 2, Before: page[1].ID})
		if err != nil || len(rest) != 1 || rest[0].ExternalID != "u1" {
			t.Errorf("second page: %+v, %v", rest, err)
		}
		if none, err := List(ctx, d, prog, Page{State: StateActive}); err != nil || len(none) != 0 {
			t.Errorf("active ones: %+v, %v", none, err)
		}
	})
}
