package coupon

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/affiliate"
	"tributary.example/customer"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/person"
	"tributary.example/program"
)

var ctx = context.Background()

// shop is a program with plans and an affiliate.
type shop struct {
	*dbtest.DB
	prog program.Program
	jane affiliate.Affiliate
}

func newShop(t *testing.T, d *dbtest.DB) *shop {
	t.Helper()
	s := &shop{DB: d}
	d.Write(t, func(tx *db.Tx) (err error) {
		s.prog, err = program.Create(ctx, tx, program.New{
			Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example",
			Settings: program.DefaultSettings("Shop", "https://shop.example"),
			Plans: []program.NewPlan{
				{Code: "starter", Currency: "EUR", PriceMinor: 1900, Period: program.Monthly},
				{Code: "pro", Currency: "EUR", PriceMinor: 4900, Period: program.Monthly},
			},
		})
		return err
	})
	s.jane = s.enrol(t, "Jane Doe", "jane@example.com")
	return s
}

func (s *shop) enrol(t *testing.T, name, email string) affiliate.Affiliate {
	t.Helper()
	var aff affiliate.Affiliate
	s.Write(t, func(tx *db.Tx) error {
		per, _, err := person.Ensure(ctx, tx, name, email)
		if err != nil {
			return err
		}
		if aff, err = affiliate.Apply(ctx, tx, s.prog, affiliate.Application{Person: per.ID, Name: name}); err != nil {
			return err
		}
		aff, err = affiliate.SetState(ctx, tx, s.prog.ID, aff.ID, affiliate.Active, "")
		return err
	})
	return aff
}

func (s *shop) create(t *testing.T, n New) Coupon {
	t.Helper()
	if n.Affiliate == "" {
		n.Affiliate = s.jane.ID
	}
	var cpn Coupon
	s.Write(t, func(tx *db.Tx) (err error) {
		cpn, err = Create(ctx, tx, s.prog.ID, n)
		return err
	})
	return cpn
}

func (s *shop) customer(t *testing.T, external, email string) customer.Customer {
	t.Helper()
	var cus customer.Customer
	s.Write(t, func(tx *db.Tx) (err error) {
		cus, err = customer.Ensure(ctx, tx, s.prog.ID, customer.Seen{ExternalID: external, Email: email})
		return err
	})
	return cus
}

func (s *shop) redeem(t *testing.T, r Redemption) Redeemed {
	t.Helper()
	var got Redeemed
	s.Write(t, func(tx *db.Tx) (err error) {
		got, err = Redeem(ctx, tx, s.prog.ID, r)
		return err
	})
	return got
}

func TestACodeIsGivenOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		made := s.create(t, New{Code: "Jane-10", Settings: Settings{
			Discount:   Discount{PercentPPM: 100_000, Plans: []string{"starter"}, Payments: 3},
			TotalLimit: 7, StartsAt: dbtest.Epoch, EndsAt: dbtest.Epoch.Add(time.Hour), NewCustomers: true, OnceEach: true,
		}})
		if made.Code != "JANE-10" || made.Canonical != "JANE10" {
			t.Errorf("shown %q, canonical %q", made.Code, made.Canonical)
		}
		got, err := Get(ctx, d, s.prog.ID, made.ID)
		made.Discount.Fixed = map[string]int64{}
		if diff := cmp.Diff(made, got); err != nil || diff != "" {
			t.Errorf("Get: %v\n%s", err, diff)
		}
		s.Write(t, func(tx *db.Tx) error {
			_, err := SetState(ctx, tx, s.prog.ID, made.ID, Retired)
			return err
		})
		omar := s.enrol(t, "Omar", "omar@example.com")
		refused := []struct {
			name string
			do   func(tx *db.Tx) error
			want fault.Kind
		}{
			{"a retired code for somebody else", func(tx *db.Tx) error {
				_, err := Create(ctx, tx, s.prog.ID, New{Affiliate: omar.ID, Code: "jane 10"})
				return err
			}, fault.Conflict},
			{"a retired code active again", func(tx *db.Tx) error {
				_, err := SetState(ctx, tx, s.prog.ID, made.ID, Active)
				return err
			}, fault.Conflict},
			{"a retired code with other settings", func(tx *db.Tx) error {
				_, err := Update(ctx, tx, s.prog.ID, made.ID, Settings{})
				return err
			}, fault.Conflict},
			{"nobody's code", func(tx *db.Tx) error {
				_, err := Create(ctx, tx, s.prog.ID, New{Affiliate: "aff_nobody", Code: "NOBODY"})
				return err
			}, fault.NotFound},
			{"an end before the start", func(tx *db.Tx) error {
				_, err := Create(ctx, tx, s.prog.ID, New{Affiliate: omar.ID, Code: "OMAR", Settings: Settings{StartsAt: d.Now(), EndsAt: d.Now()}})
				return err
			}, fault.Invalid},
			{"a plan that is not sold", func(tx *db.Tx) error {
				_, err := Create(ctx, tx, s.prog.ID, New{Affiliate: omar.ID, Code: "OMAR", Settings: Settings{Discount: Discount{Plans: []string{"gold"}}}})
				return err
			}, fault.Invalid},
			{"a state there is not", func(tx *db.Tx) error {
				_, err := SetState(ctx, tx, s.prog.ID, made.ID, "gone")
				return err
			}, fault.Invalid},
			{"another program's coupon", func(tx *db.Tx) error {
				_, err := SetState(ctx, tx, s.prog.Twin, made.ID, Paused)
				return err
			}, fault.NotFound},
		}
		for _, tt := range refused {
			if err := s.DB.DB.Write(ctx, dbtest.Actor, tt.do); !fault.Is(err, tt.want) {
				t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
			}
		}
	})
}

func TestSuggestedOnApproval(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		var codes []Code
		for range 6 {
			d.Clock.Advance(time.Second)
			s.Write(t, func(tx *db.Tx) error {
				cpn, err := CreateSuggested(ctx, tx, s.prog, s.jane.ID, "Jane Doe")
				codes = append(codes, cpn.Canonical)
				if err == nil && (cpn.Discount.PercentPPM != 100_000 || cpn.Discount.Payments != 1) {
					t.Errorf("discount %+v", cpn.Discount)
				}
				return err
			})
		}
		if diff := cmp.Diff([]Code{"JANE10", "JANEDOE10", "JANED10", "DOE10", "JANEA10", "JANEB10"}, codes); diff != "" {
			t.Error(diff)
		}
		d.Clock.Advance(time.Second)
		random := s.create(t, New{})
		if !random.Canonical.ChecksOut() {
			t.Errorf("random code %q", random.Canonical)
		}
		all, err := OfAffiliate(ctx, d, s.prog.ID, s.jane.ID)
		if err != nil || len(all) != 7 || all[0].Canonical != "JANE10" {
			t.Errorf("OfAffiliate: %d, %v", len(all), err)
		}
		page, err := List(ctx, d, s.prog.ID, random.ID, 2)
		if err != nil || len(page) != 2 || page[1].ID >= page[0].ID {
			t.Errorf("List: %+v, %v", page, err)
		}
	})
}

func TestStateAtAPastTime(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		cpn := s.create(t, New{Code: "JANE10"})
		for _, state := range []State{Paused, Active, Retired} {
			d.Clock.Advance(time.Hour)
			s.Write(t, func(tx *db.Tx) (err error) {
				cpn, err = SetState(ctx, tx, s.prog.ID, cpn.ID, state)
				return err
			})
		}
		for minutes, want := range map[int]State{-5: Active, 0: Active, 59: Active, 60: Paused, 119: Paused, 120: Active, 180: Retired, 999: Retired} {
			got, err := At(ctx, d, s.prog.ID, cpn, dbtest.Epoch.Add(time.Duration(minutes)*time.Minute))
			if got.State != want || err != nil {
				t.Errorf("after %d minutes: %q, %v, want %q", minutes, got.State, err, want)
			}
		}
	})
}

func TestRedeem(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		one := s.create(t, New{Code: "ONE", Settings: Settings{TotalLimit: 1}})
		other := s.create(t, New{Code: "OTHER"})
		u1, u2, u3 := s.customer(t, "u1", ""), s.customer(t, "u2", ""), s.customer(t, "u3", "")
		at := dbtest.Epoch
		steps := []struct {
			name string
			ask  Redemption
			want Redeemed
		}{
			{"first", Redemption{Coupon: one.ID, Customer: u1.ID, At: at, PlanCode: "starter"}, Redeemed{Granted: true, Reason: OK, Coupon: one.ID}},
			{"again", Redemption{Coupon: one.ID, Customer: u1.ID, At: at}, Redeemed{Granted: true, Already: true, Reason: OK, Coupon: one.ID}},
			{"another code of the same customer", Redemption{Coupon: other.ID, Customer: u1.ID, At: at}, Redeemed{Reason: UsedUp, Coupon: one.ID}},
			{"no place left", Redemption{Coupon: one.ID, Customer: u2.ID, At: at}, Redeemed{Reason: UsedUp}},
			{"another code instead", Redemption{Coupon: other.ID, Customer: u2.ID, At: at}, Redeemed{Granted: true, Reason: OK, Coupon: other.ID}},
			{"told by a provider", Redemption{Coupon: one.ID, Customer: u3.ID, At: at, Told: AtProvider},
				Redeemed{Granted: true, Reason: OK, Coupon: one.ID, OverLimit: true}},
		}
		for _, tt := range steps {
			if diff := cmp.Diff(tt.want, s.redeem(t, tt.ask)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.name, diff)
			}
		}
		for cpn, want := range map[id.Coupon]int64{one.ID: 2, other.ID: 1} {
			if got, err := Get(ctx, d, s.prog.ID, cpn); got.Used != want || err != nil {
				t.Errorf("%s used %d, %v, want %d", got.Code, got.Used, err, want)
			}
		}
		uses, err := Redemptions(ctx, d, s.prog.ID, one.ID, 10)
		if err != nil || len(uses) != 2 {
			t.Errorf("Redemptions: %+v, %v", uses, err)
		}
		err = s.DB.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			_, err := Redeem(ctx, tx, s.prog.ID, Redemption{Coupon: "cpn_none", Customer: s.customerIn(tx, "u4"), At: at})
			return err
		})
		if !fault.Is(err, fault.NotFound) {
			t.Errorf("a coupon there is not: %v", err)
		}
		redeemed := 0
		events, err := outbox.Events(ctx, d, s.prog.ID, "", 0)
		for _, e := range events {
			if e.Name == EventRedeemed {
				redeemed++
			}
		}
		if redeemed != 3 || err != nil {
			t.Errorf("%d events, %v, want 3", redeemed, err)
		}
	})
}

func (s *shop) customerIn(tx *db.Tx, external string) id.Customer {
	cus, _ := customer.Ensure(ctx, tx, s.prog.ID, customer.Seen{ExternalID: external})
	return cus.ID
}

// TestConcurrentRedemptionsKeepTheLimit is the trap "check, then redeem": 64
// at once, one place.
func TestConcurrentRedemptionsKeepTheLimit(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		one := s.create(t, New{Code: "ONE", Settings: Settings{TotalLimit: 1}})
		var granted, refused atomic.Int64
		var wg sync.WaitGroup
		for i := range 64 {
			wg.Go(func() {
				var got Redeemed
				err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
					cus, err := customer.Ensure(ctx, tx, s.prog.ID, customer.Seen{ExternalID: strings.Repeat("u", i+1)})
					if err != nil {
						return err
					}
					got, err = Redeem(ctx, tx, s.prog.ID, Redemption{Coupon: one.ID, Customer: cus.ID, At: tx.Now()})
					return err
				})
				switch {
				case err != nil:
					t.Error(err)
				case got.Granted:
					granted.Add(1)
				case got.Reason == UsedUp:
					refused.Add(1)
				}
			})
		}
		wg.Wait()
		if granted.Load() != 1 || refused.Load() != 63 {
			t.Errorf("limit=1 granted=%d refused=%d", granted.Load(), refused.Load())
		}
		if got, err := Get(ctx, d, s.prog.ID, one.ID); got.Used != 1 || err != nil {
			t.Errorf("used %d, %v", got.Used, err)
		}
	})
}

// TestOneCustomerRedeemsOnceHoweverOften also without the customer's lock,
// with two codes at once: one redemption, one place taken.
func TestOneCustomerRedeemsOnceHoweverOften(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		codes := []Coupon{s.create(t, New{Code: "ONE"}), s.create(t, New{Code: "TWO"})}
		cus := s.customer(t, "u1", "")
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
					_, err := Redeem(ctx, tx, s.prog.ID, Redemption{Coupon: codes[i%2].ID, Customer: cus.ID, At: tx.Now()})
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var used int64
		for _, c := range codes {
			got, err := Get(ctx, d, s.prog.ID, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			used += got.Used
		}
		if used != 1 {
			t.Errorf("%d places are taken, want 1", used)
		}
	})
}

func TestQuote(t *testing.T) {
	t.Parallel()
	root := testRoot(t)
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		s.create(t, New{Code: "JANE10", Settings: Settings{
			Discount: Discount{PercentPPM: 100_000, Plans: []string{"starter"}, Payments: 1}, NewCustomers: true,
		}})
		s.customer(t, "own", "Jane+x@example.com")
		paid := s.customer(t, "paid", "old@example.com")
		s.Write(t, func(tx *db.Tx) error {
			if err := customer.Paid(ctx, tx, s.prog.ID, paid.ID, tx.Now().Add(-time.Hour)); err != nil {
				return err
			}
			_, err := customer.AddBefore(ctx, tx, s.prog.ID, customer.MarksOf(root, s.prog.ID, "known@example.com", ""))
			return err
		})
		tests := []struct {
			name          string
			ask           QuoteAsk
			reason        Reason
			valid         bool
			discount, due int64
			payments      int
		}{
			{"starter", QuoteAsk{Code: "jane-10", PlanCode: "starter", Currency: "eur", AmountMinor: 1905}, OK, true, 191, 1714, 1},
			{"starter at its list price", QuoteAsk{Code: "JANE10", PlanCode: "Starter"}, OK, true, 190, 1710, 1},
			{"pro", QuoteAsk{Code: "JANE10", PlanCode: "pro", Currency: "EUR", AmountMinor: 4900}, PlanNotCovered, true, 0, 4900, 0},
			{"no plan yet", QuoteAsk{Code: "JANE10", Currency: "EUR", AmountMinor: 4900}, OK, true, 0, 4900, 0},
			{"unknown", QuoteAsk{Code: "OMAR10", Currency: "EUR", AmountMinor: 1900}, Unknown, false, 0, 1900, 0},
			{"no code at all", QuoteAsk{Code: "%%%", Currency: "EUR", AmountMinor: 1900}, Unknown, false, 0, 1900, 0},
			{"own code, to the merchant", QuoteAsk{Asker: ByMerchant, CustomerExternalID: "own", Code: "JANE10", PlanCode: "starter"},
				OwnCode, false, 0, 1900, 0},
			{"own code by e-mail, to the merchant", QuoteAsk{Asker: ByMerchant, Email: "JANE@example.com", Code: "JANE10", PlanCode: "starter"},
				OwnCode, false, 0, 1900, 0},
			{"own code, to anybody", QuoteAsk{Asker: ByAnybody, CustomerExternalID: "own", Code: "JANE10", PlanCode: "starter"}, OK, true, 190, 1710, 1},
			{"has paid, to the merchant", QuoteAsk{Asker: ByMerchant, CustomerExternalID: "paid", Code: "JANE10", PlanCode: "starter"},
				ExistingCustomer, false, 0, 1900, 0},
			{"from before, to the merchant", QuoteAsk{Asker: ByMerchant, Email: "known+1@example.com", Code: "JANE10", PlanCode: "starter"},
				ExistingCustomer, false, 0, 1900, 0},
			{"from before, to anybody", QuoteAsk{Asker: ByAnybody, Email: "known@example.com", Code: "JANE10", PlanCode: "starter"}, OK, true, 190, 1710, 1},
		}
		for _, tt := range tests {
			got, err := Quote(ctx, d, root, s.prog.ID, tt.ask)
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
				continue
			}
			if got.Reason != tt.reason || got.Valid != tt.valid || got.DiscountMinor != tt.discount || got.DueMinor != tt.due || got.Payments != tt.payments {
				t.Errorf("%s: %+v", tt.name, got)
			}
			if (got.Token != "") != tt.valid {
				t.Errorf("%s: token %q", tt.name, got.Token)
			}
			if q, err := VerifyQuote(root, s.prog.ID, got.Token); tt.valid && (err != nil || q.DiscountMinor != tt.discount || !q.EndsAt.Equal(d.Now().Add(QuoteLife))) {
				t.Errorf("%s: token holds %+v, %v", tt.name, q, err)
			}
		}
		for name, ask := range map[string]QuoteAsk{
			"plan":     {Code: "JANE10", PlanCode: "gold", Currency: "EUR", AmountMinor: 1},
			"currency": {Code: "JANE10", PlanCode: "pro", Currency: "EURO", AmountMinor: 1},
			"amount":   {Code: "JANE10", PlanCode: "pro", Currency: "EUR", AmountMinor: -1},
		} {
			_, err := Quote(ctx, d, root, s.prog.ID, ask)
			if e, ok := fault.As(err); !ok || e.Kind != fault.Invalid || e.About != name {
				t.Errorf("wrong %s: %v", name, err)
			}
		}
	})
}

// TestQuoteNeverNamesTheOwner looks at everything that an answer says.
func TestQuoteNeverNamesTheOwner(t *testing.T) {
	t.Parallel()
	root := testRoot(t)
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := newShop(t, d)
		s.create(t, New{Code: "SECRET10", Settings: Settings{Discount: Discount{PercentPPM: 100_000}}})
		offer, err := Quote(ctx, d, root, s.prog.ID, QuoteAsk{Asker: ByMerchant, Code: "SECRET10", Currency: "EUR", AmountMinor: 1900})
		if err != nil {
			t.Fatal(err)
		}
		q, err := VerifyQuote(root, s.prog.ID, offer.Token)
		said := cmp.Diff(nil, []any{offer, q})
		for _, word := range []string{string(s.jane.ID), "Jane", "jane@example.com", string(s.jane.Person)} {
			if err != nil || strings.Contains(said, word) {
				t.Errorf("the answer holds %s: %s", word, said)
			}
		}
	})
}
