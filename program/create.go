package program

import (
	"context"
	"fmt"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
)

// New is what a program is created from. What is left empty gets the default
// of DefaultSettings.
type New struct {
	Slug     string
	Currency string
	LinkHost string // host[:port] of the live side's links
	TestHost string // … of the test side's; "" is "test." and LinkHost
	Settings Settings
	Plans    []NewPlan
	Rules    []Rule
}

// DefaultSettings are the settings of a program whose merchant chose nothing
// but a name and a site.
func DefaultSettings(name, siteURL string) Settings {
	return Settings{
		Name: name, SiteURL: siteURL, Zone: "UTC", Mode: ModeFull, ViaName: "via",
		WindowDays: 60, HoldDays: 30, MinimumMinor: -1, Binding: Keep,
		Applications: ApplyReview, SuggestPPM: 100_000, SuggestPlans: []string{},
	}
}

// defaultMinimumMajor is a payout's minimum in major units of the currency.
const defaultMinimumMajor = 50

// Create makes a program: both sides with their hosts, verified site, default
// group, first policy, plans and terms. It returns the live side. Kinds:
// Invalid, Conflict (slug or host taken).
func Create(ctx context.Context, tx *db.Tx, n New) (Program, error) {
	if err := n.clean(); err != nil {
		return Program{}, err
	}
	live := n.side(tx, Live, n.Slug, n.LinkHost)
	test := n.side(tx, Test, n.Slug+"-test", n.TestHost)
	live.Twin, test.Twin = test.ID, live.ID
	for _, p := range []Program{live, test} {
		if err := insert(ctx, tx, p, n); err != nil {
			return Program{}, err
		}
	}
	return live, nil
}

// Check refuses what no program can be made from, all mistakes together; what
// others have taken, only Create knows. Kinds: Invalid.
func (n New) Check() error { return n.clean() }

func (n *New) clean() error {
	var faults fault.List
	s := &n.Settings
	slug, err := ParseSlug(n.Slug)
	if err := faults.Check(err); err != nil {
		return err
	}
	n.Slug = slug
	faults.Add(checkCurrency(n.Currency))
	if n.LinkHost, err = ParseHost(n.LinkHost); err != nil {
		if err := faults.Check(err); err != nil {
			return err
		}
	}
	if n.TestHost == "" {
		n.TestHost = "test." + n.LinkHost
	}
	if s.MinimumMinor < 0 {
		s.MinimumMinor = 0 // nobody chose one: that is no mistake beside a wrong currency
		if len(faults) == 0 {
			s.MinimumMinor = major(defaultMinimumMajor, n.Currency)
		}
	}
	if err := faults.Check(s.Check()); err != nil {
		return err
	}
	return faults.Err()
}

func (n *New) side(tx *db.Tx, side Side, slug, host string) Program {
	return Program{
		ID: id.New[id.Program](tx.Now()), Slug: slug, Side: side, LinkHost: host, Currency: n.Currency,
		Settings: n.Settings, PolicyVersion: 1, RecordVersion: 1, BooksStart: tx.Now(), CreatedAt: tx.Now(),
	}
}

func insert(ctx context.Context, tx *db.Tx, p Program, n New) error {
	made, err := tx.Exec(ctx, `
		insert into programs (program_id, twin_id, slug, side, link_host, currency, name, site_url, zone, mode, via_name,
			window_days, hold_days, minimum_minor, binding, lapse_after_days, applications, fallback_url,
			suggest_ppm, suggest_plans, accent, policy_version, record_version, books_start, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
		on conflict (slug) do nothing`,
		p.ID, p.Twin, p.Slug, p.Side, p.LinkHost, p.Currency, p.Name, p.SiteURL, p.Zone, p.Mode, p.ViaName,
		p.WindowDays, p.HoldDays, p.MinimumMinor, p.Binding, p.LapseAfterDays, p.Applications, p.FallbackURL,
		p.SuggestPPM, db.JSON(p.SuggestPlans), p.Accent, p.PolicyVersion, p.RecordVersion, p.BooksStart, p.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert program: %w", err)
	}
	if made == 0 {
		return fault.New(fault.Conflict, "There is a program %s already.", p.Slug).Field("slug").Hint("Choose another short name.")
	}
	if err := addHost(ctx, tx, p.ID, p.LinkHost); err != nil {
		return err
	}
	if err := furnish(ctx, tx, p, n); err != nil {
		return err
	}
	if err := audit.Write(ctx, tx, audit.Entry{Program: p.ID, Action: "program.created", Subject: string(p.ID), After: p}); err != nil {
		return err
	}
	return outbox.Emit(ctx, tx, outbox.Event{Program: p.ID, Type: EventCreated, Version: 1, Subject: string(p.ID), Payload: Created{Program: p}})
}

// furnish gives a new side everything that the main job needs.
func furnish(ctx context.Context, tx *db.Tx, p Program, n New) error {
	if err := putPolicy(ctx, tx, p.ID, DefaultPolicy(tx.Now())); err != nil {
		return err
	}
	if err := putWindow(ctx, tx, p.ID, p.WindowDays); err != nil {
		return err
	}
	if _, err := PutGroup(ctx, tx, p.ID, Group{Name: "Everyone", Default: true}); err != nil {
		return err
	}
	for _, plan := range n.Plans {
		if _, err := PutPlan(ctx, tx, p, plan); err != nil {
			return err
		}
	}
	rules := n.Rules
	if len(rules) == 0 {
		rules = []Rule{{Trigger: TriggerPayment, Rate: Rate{PPM: 200_000}, Duration: Duration{Kind: Lifetime}}}
	}
	if _, err := PutTerms(ctx, tx, p.ID, Terms{Scope: p.Scope(), Rules: rules}); err != nil {
		return err
	}
	host, err := siteHost(p.SiteURL)
	if err != nil {
		return err
	}
	return AddSite(ctx, tx, p.ID, host)
}

// Scope is the program's own scope of terms.
func (p Program) Scope() Scope { return Scope{Kind: ScopeProgram, ID: string(p.ID)} }

func addHost(ctx context.Context, tx *db.Tx, prog id.Program, host string) error {
	made, err := tx.Exec(ctx, `
		insert into hosts (host, program_id, created_at) values ($1, $2, $3) on conflict (host) do nothing`, host, prog, tx.Now())
	if err != nil {
		return fmt.Errorf("insert host: %w", err)
	}
	if made == 0 {
		return fault.New(fault.Conflict, "The host %s serves another program's links.", host).Field("link_host").
			Hint("Give each program a host of its own, such as go.your-shop.com.")
	}
	return nil
}
