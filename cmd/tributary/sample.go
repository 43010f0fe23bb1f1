package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/commission"
	"tributary.example/coupon"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/link"
	"tributary.example/payment"
	"tributary.example/payout"
	"tributary.example/person"
	"tributary.example/program"
)

const (
	sampleJane = "Jane Doe"
	sampleDays = 90
	// sampleHours is how long a sample day lasts; payouts were made at
	// samplePayout.
	sampleHours  = 9 * time.Hour
	samplePayout = 22
	// taxPPM is the tax in the sample's prices: 20 % on top of the net price.
	taxPPM = 200_000
)

// promoter is one of the sample's affiliates: who they are and how well they
// do, as visits and sign-ups per hundred days.
type promoter struct {
	name, email, site, pitch string
	joined                   int // days ago; 0 has only applied
	visits, signUps          int
	typed                    int // of a hundred sign-ups, how many type the code
}

var promoters = []promoter{
	{sampleJane, demoJane, "https://janewrites.example", "A newsletter for people with more plants than windows.", 89, 2400, 46, 35},
	{"Omar Haddad", "omar@example.com", "https://balcony.example", "Videos about balconies.", 85, 1900, 31, 15},
	{"Lena Fischer", "lena@example.com", "", "I run workshops for offices.", 70, 260, 22, 80},
	{"Tomás Rivera", "tomas@example.com", "https://verdeclaro.example", "", 55, 800, 12, 25},
	{"Aiko Sato", "aiko@example.com", "https://mosslog.example", "A log about mosses.", 30, 500, 14, 40},
	{"Green Desk", "hello@greendesk.example", "https://greendesk.example", "We furnish offices.", 0, 0, 0, 0},
	{"Paul Berger", "paul@example.com", "https://paulsplants.example", "I have 11,000 readers who ask for watering plans.", 0, 0, 0, 0},
}

// sample makes the demo's program and its past, through the same use cases
// that serve the API. It always makes the same one.
type sample struct {
	in       *installation
	clock    *sampleClock
	shop     string
	linkHost string

	prog      program.Program
	rng       *rand.Rand
	active    []*enrolled
	customers []*client
	sequence  uint64
}

// enrolled is a promoter who has been approved.
type enrolled struct {
	promoter
	id   id.Affiliate
	link link.Link
	code string
}

// client is a customer who pays every month until they leave.
type client struct {
	external, plan string
	begins         time.Time // the first payment; some never make one
	paid           int
	discounted     bool
	left           bool
}

func (s *sample) make(ctx context.Context, history bool) error {
	s.rng = rand.New(rand.NewPCG(20261, 17))
	if history {
		s.clock.back = sampleDays*24*time.Hour + sampleHours
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	for day := sampleDays; history && day >= 0; day-- {
		s.clock.back = time.Duration(day)*24*time.Hour + sampleHours
		if err := s.day(ctx, day); err != nil {
			return fmt.Errorf("day -%d: %w", day, err)
		}
	}
	s.clock.back = 0
	return s.end(ctx, history)
}

func (s *sample) write(ctx context.Context, fn func(tx *db.Tx) error) error {
	return s.in.books.Write(ctx, db.Command("demo"), fn)
}

// pass lets a little of the day pass.
func (s *sample) pass() {
	const most = 25
	s.clock.back = max(0, s.clock.back-time.Duration(s.rng.IntN(most))*time.Minute)
}

// begin makes program and owner.
func (s *sample) begin(ctx context.Context) error {
	settings := program.DefaultSettings("Fernwood", s.shop)
	settings.HoldDays, settings.MinimumMinor, settings.SuggestPlans = 0, 100, []string{"starter"}
	hash, err := access.HashPassword(ctx, s.in.password(demoOwner))
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *db.Tx) error {
		s.prog, err = program.Create(ctx, tx, program.New{
			Slug: demoSlug, Currency: "EUR", LinkHost: s.linkHost, TestHost: "test-" + s.linkHost, Settings: settings,
			Plans: []program.NewPlan{
				{Code: "starter", Name: "Starter", PriceMinor: 1900, Period: program.Monthly},
				{Code: "pro", Name: "Pro", PriceMinor: 4900, Period: program.Monthly},
			},
			Rules: []program.Rule{
				{Trigger: program.TriggerPayment, Plans: []string{"pro"}, Rate: program.Rate{PPM: 250_000}, Duration: program.Duration{Kind: program.Lifetime}},
				{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 200_000}, Duration: program.Duration{Kind: program.Lifetime}},
			},
		})
		if err != nil {
			return err
		}
		owner, _, err := person.Ensure(ctx, tx, "Mara Fern", demoOwner)
		if err != nil {
			return err
		}
		for _, side := range []id.Program{s.prog.ID, s.prog.Twin} {
			if err := access.PutStaff(ctx, tx, side, owner.ID, access.Owner); err != nil {
				return err
			}
		}
		return access.PutPassword(ctx, tx, owner.ID, hash, "")
	})
}

// day lets one day pass: who joins, who clicks, who signs up, who pays, who
// leaves, and what becomes payable.
func (s *sample) day(ctx context.Context, day int) error {
	for _, p := range promoters {
		if day > 0 && p.joined == day {
			if err := s.enrol(ctx, p); err != nil {
				return err
			}
		}
	}
	if err := s.visits(ctx); err != nil {
		return err
	}
	for _, a := range s.active {
		s.pass()
		// Word spreads: half as many at the beginning as at the end.
		if s.rng.IntN(100) < a.signUps*(2*sampleDays-day)/(2*sampleDays) {
			if err := s.signUp(ctx, a); err != nil {
				return err
			}
		}
	}
	for _, c := range s.customers {
		if err := s.month(ctx, c); err != nil {
			return err
		}
	}
	err := s.write(ctx, func(tx *db.Tx) error {
		_, err := commission.Release(ctx, tx, s.prog, 1000)
		return err
	})
	if err != nil || day != samplePayout {
		return err
	}
	return s.payOut(ctx)
}

// payOut makes the one payout run of the sample's past, to its end.
func (s *sample) payOut(ctx context.Context) error {
	return s.write(ctx, func(tx *db.Tx) error {
		draft, err := payout.Draft(ctx, tx, s.prog, tx.Now())
		if err != nil {
			return err
		}
		run, err := payout.Open(ctx, tx, s.prog, tx.Now())
		if err != nil {
			return err
		}
		if _, _, err = payout.Approve(ctx, tx, s.prog, run.ID, draft.Sums()); err != nil {
			return err
		}
		sent, err := payout.Send(ctx, tx, s.prog.ID, run.ID, rails()[0].Name())
		if err != nil {
			return err
		}
		for i, p := range sent {
			if _, err := payout.Settle(ctx, tx, s.prog.ID, p.ID, fmt.Sprintf("PP-2026-%04d", 100+i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *sample) enrol(ctx context.Context, p promoter) error {
	a := &enrolled{promoter: p}
	err := s.write(ctx, func(tx *db.Tx) error {
		env := flow.Env{Root: s.in.root}
		applied, err := flow.Apply(ctx, tx, env, s.prog, flow.Application{Name: p.name, Email: p.email, Website: p.site, Pitch: p.pitch})
		if err != nil || p.joined == 0 {
			return err
		}
		approved, err := flow.Approve(ctx, tx, env, s.prog, applied.ID, "")
		if err != nil {
			return err
		}
		links, err := link.OfAffiliate(ctx, tx, s.prog.ID, approved.ID)
		if err != nil {
			return err
		}
		coupons, err := coupon.OfAffiliate(ctx, tx, s.prog.ID, approved.ID)
		if err != nil {
			return err
		}
		a.id, a.link, a.code = approved.ID, links[0], coupons[0].Code
		_, err = affiliate.PutDetails(ctx, tx, s.in.root, s.prog.ID, approved.ID, affiliate.Details{
			Rail: affiliate.RailPayPal, Holder: p.name, Account: p.email,
		})
		return err
	})
	if err == nil && p.joined > 0 {
		s.active = append(s.active, a)
	}
	return err
}

// visits stores a day's clicks, as the journal's consumer would.
func (s *sample) visits(ctx context.Context) error {
	now := s.in.books.Now()
	frame := click.Frame{ID: id.New[id.Frame](now)}
	for _, a := range s.active {
		for range a.visits/100/2 + s.rng.IntN(max(1, a.visits/100)) {
			frame.Clicks = append(frame.Clicks, s.visit(a, now.Add(time.Duration(s.rng.IntN(600))*time.Minute-10*time.Hour)))
		}
		frame.Drops = append(frame.Drops, click.Drop{
			Program: s.prog.ID, Link: a.link.ID, Affiliate: a.id, Reason: click.Bot, Minute: now.Unix() / 60, Hits: int64(1 + s.rng.IntN(5)),
		})
	}
	s.sequence++
	_, err := click.NewSQL(s.in.clicks).Save(ctx, click.Batch{
		Place: click.Place{Consumer: "sample", Stream: "SAMPLE", Created: time.UnixMilli(0)},
		From:  s.sequence - 1, To: s.sequence, Frames: []click.Frame{frame},
	})
	return err
}

func (s *sample) visit(a *enrolled, at time.Time) click.Click {
	pick := func(of ...string) string { return of[s.rng.IntN(len(of))] }
	return click.Click{
		ID: id.New[id.Click](at), At: at.Truncate(time.Millisecond), Program: s.prog.ID, Link: a.link.ID, Affiliate: a.id,
		Day: click.LocalDay(at, s.prog.Location()), Visitor: fmt.Sprintf("sample-%d", s.rng.IntN(4000)),
		Device: pick("phone", "phone", "desktop", "tablet"), Browser: pick("Chrome", "Safari", "Safari", "Firefox"),
		OS: pick("iOS", "Android", "macOS", "Windows"), Language: pick("en", "de", "fr", "es"),
		Referrer: pick("", "news.example/post", "video.example/watch", "forum.example/t"), Landing: "/",
	}
}

// signUp registers a customer: some came by the link, some typed the code,
// some did both.
func (s *sample) signUp(ctx context.Context, a *enrolled) error {
	now := s.in.books.Now()
	c := &client{external: fmt.Sprintf("c-%03d", len(s.customers)+1), plan: "starter", begins: now.AddDate(0, 0, s.rng.IntN(6))}
	if s.rng.IntN(3) == 0 {
		c.plan = "pro"
	}
	c.left = s.rng.IntN(5) == 0 // after the trial, without a payment
	in := flow.Step{
		Customer: customer.Seen{ExternalID: c.external, Email: fmt.Sprintf("customer%03d@example.org", len(s.customers)+1), PlanCode: c.plan},
		Kind:     customer.SignedUp, At: now,
	}
	typed := s.rng.IntN(100) < a.typed
	if typed {
		in.Code = a.code
	}
	s.customers = append(s.customers, c)
	return s.write(ctx, func(tx *db.Tx) error {
		if !typed || s.rng.IntN(3) == 0 {
			ring, err := click.EnsureRing(ctx, tx, s.in.root)
			if err != nil {
				return err
			}
			token, _, err := ring.Mint(s.prog.ID, a.link.ID, now.Add(-time.Duration(1+s.rng.IntN(40))*time.Hour))
			if err != nil {
				return err
			}
			in.Tokens = []string{token}
		}
		out, err := flow.SignUp(ctx, tx, flow.Env{Root: s.in.root}, s.prog, in)
		c.discounted = out.Discounted()
		return err
	})
}

// month lets a customer pay on the monthly day, now and then get money back,
// and at last leave.
func (s *sample) month(ctx context.Context, c *client) error {
	now := s.in.books.Now()
	if c.left || now.Before(c.begins.AddDate(0, c.paid, 0)) {
		return nil
	}
	if c.paid > 0 && s.rng.IntN(9) == 0 {
		c.left = true
		return s.write(ctx, func(tx *db.Tx) error {
			cus, err := customer.ByExternalID(ctx, tx, s.prog.ID, c.external)
			if err != nil {
				return err
			}
			_, err = flow.SetCustomerState(ctx, tx, s.prog, cus.ID, customer.Change{At: now, State: customer.StateInactive, Source: customer.SourceAPI})
			return err
		})
	}
	s.pass()
	now = s.in.books.Now()
	c.paid++
	net := map[string]int64{"starter": 1900, "pro": 4900}[c.plan]
	if c.discounted && c.paid == 1 {
		net -= net / 10
	}
	tax := net * taxPPM / 1_000_000
	name := fmt.Sprintf("inv-%s-%d", c.external, c.paid)
	return s.write(ctx, func(tx *db.Tx) error {
		_, err := flow.Book(ctx, tx, s.prog, customer.Seen{ExternalID: c.external}, payment.Fact{
			ExternalID: name, At: now, Currency: s.prog.Currency, AmountMinor: net + tax, TaxMinor: tax, PlanCode: c.plan, Source: payment.SourceAPI,
		})
		if err != nil || s.rng.IntN(14) != 0 {
			return err
		}
		_, err = flow.Refund(ctx, tx, s.prog, payment.RefundFact{
			PaymentExternalID: name, ExternalID: name + "-r", At: now, AmountMinor: (net + tax) / int64(1+s.rng.IntN(2)),
		})
		return err
	})
}

// end makes who waits for approval, the passwords and the shop's keys, last:
// the keys mark the sample as complete.
func (s *sample) end(ctx context.Context, history bool) error {
	for _, p := range promoters {
		if !history && p.name == sampleJane {
			p.joined = 1
		}
		if p.joined == 0 || !history && p.joined == 1 {
			if err := s.enrol(ctx, p); err != nil {
				return err
			}
		}
	}
	hash, err := access.HashPassword(ctx, s.in.password(demoJane))
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *db.Tx) error {
		jane, ok, err := person.LookupEmail(ctx, tx, demoJane)
		if err != nil || !ok {
			return fmt.Errorf("look up %s: %v, %w", demoJane, ok, err)
		}
		if err := access.PutPassword(ctx, tx, jane.ID, hash, ""); err != nil {
			return err
		}
		return makeKeys(ctx, tx, s.in, s.prog)
	})
}
