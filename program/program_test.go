package program_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/program"
)

func shop() program.New {
	return program.New{
		Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example",
		Settings: program.DefaultSettings("Shop", "https://www.shop.example"),
		Plans: []program.NewPlan{
			{Code: "pro", Name: "Pro", PriceMinor: 4900, Period: program.Monthly},
			{Code: "starter", Name: "Starter", PriceMinor: 1900, Period: program.Monthly},
		},
	}
}

func create(t *testing.T, d *dbtest.DB, n program.New) program.Program {
	t.Helper()
	var p program.Program
	d.Write(t, func(tx *db.Tx) (err error) {
		p, err = program.Create(context.Background(), tx, n)
		return err
	})
	return p
}

func TestCreateMakesBothSidesWithEverything(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		live := create(t, d, shop())
		test, err := program.Get(ctx, d, live.Twin)
		if err != nil {
			t.Fatal(err)
		}
		if test.Side != program.Test || test.Slug != "shop-test" || test.LinkHost != "test.go.shop.example" || test.Twin != live.ID {
			t.Errorf("test side %+v", test)
		}
		if live.MinimumMinor != 5000 {
			t.Errorf("minimum %d, want 50 major units", live.MinimumMinor)
		}
		for _, p := range []program.Program{live, test} {
			plans, err := program.Plans(ctx, d, p.ID)
			if err != nil || len(plans) != 2 || plans[0].Code != "starter" {
				t.Errorf("plans %+v, %v", plans, err)
			}
			if _, err := program.TermsFor(ctx, d, p.ID, []program.Scope{{Kind: program.ScopeGroup, ID: "x"}, p.Scope()}, d.Now()); err != nil {
				t.Errorf("terms: %v", err)
			}
			if g, err := program.DefaultGroup(ctx, d, p.ID); err != nil || !g.Default {
				t.Errorf("group %+v, %v", g, err)
			}
			sites, err := program.Sites(ctx, d, p.ID)
			if diff := cmp.Diff([]string{"www.shop.example"}, sites); diff != "" || err != nil {
				t.Error(diff, err)
			}
		}
		back, err := program.ByHost(ctx, d, "go.shop.example")
		if diff := cmp.Diff(live, clearVersion(back)); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

// clearVersion forgets how often the edge's record was written.
func clearVersion(p program.Program) program.Program {
	p.RecordVersion = 1
	return p
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		create(t, d, shop())
		tests := map[string]struct {
			change func(*program.New)
			kind   fault.Kind
			field  string
		}{
			"slug taken":        {func(n *program.New) { n.LinkHost = "go.other.example" }, fault.Conflict, "slug"},
			"host taken":        {func(n *program.New) { n.Slug = "other" }, fault.Conflict, "link_host"},
			"bad currency":      {func(n *program.New) { n.Currency = "EURO" }, fault.Invalid, "currency"},
			"site without tls":  {func(n *program.New) { n.Settings.SiteURL = "http://shop.example" }, fault.Invalid, "site_url"},
			"stripped name":     {func(n *program.New) { n.Settings.ViaName = "irclid" }, fault.Invalid, "via_name"},
			"window too long":   {func(n *program.New) { n.Settings.WindowDays = 366 }, fault.Invalid, "window_days"},
			"no such time zone": {func(n *program.New) { n.Settings.Zone = "Europe/Atlantis" }, fault.Invalid, "zone"},
			"test suffix":       {func(n *program.New) { n.Slug = "shop-test" }, fault.Invalid, "slug"},
		}
		for name, tt := range tests {
			n := shop()
			tt.change(&n)
			err := d.DB.Write(context.Background(), dbtest.Actor, func(tx *db.Tx) error {
				_, err := program.Create(context.Background(), tx, n)
				return err
			})
			f, ok := fault.As(err)
			if !ok || f.Kind != tt.kind || f.About != tt.field {
				t.Errorf("%s: %v", name, err)
			}
		}
		all, err := program.List(context.Background(), d)
		if err != nil || len(all) != 2 {
			t.Errorf("%d programs after refusals, want the first one's two sides; %v", len(all), err)
		}
	})
}

func TestTermsAreVersionsAndMostSpecificWins(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		p := create(t, d, shop())
		start := d.Clock.Now()
		group := program.Scope{Kind: program.ScopeGroup, ID: "grp"}
		put := func(scope program.Scope, ppm int64, at time.Time) (got program.Terms) {
			d.Write(t, func(tx *db.Tx) (err error) {
				got, err = program.PutTerms(ctx, tx, p.ID, program.Terms{Scope: scope, StartsAt: at, Rules: []program.Rule{
					{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: ppm}, Duration: program.Duration{Kind: program.Lifetime}},
				}})
				return err
			})
			return got
		}
		d.Clock.Advance(time.Hour)
		if v := put(p.Scope(), 300_000, time.Time{}).Version; v != 2 {
			t.Errorf("version %d, want 2", v)
		}
		put(group, 400_000, start.Add(48*time.Hour))
		tests := []struct {
			at   time.Time
			want int64
		}{
			{start, 200_000},
			{start.Add(2 * time.Hour), 300_000},
			{start.Add(49 * time.Hour), 400_000},
		}
		for _, tt := range tests {
			got, err := program.TermsFor(ctx, d, p.ID, []program.Scope{group, p.Scope()}, tt.at)
			if err != nil || got.Rules[0].Rate.PPM != tt.want {
				t.Errorf("at %v: %+v, %v, want %d", tt.at, got, err, tt.want)
			}
		}
		err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			_, err := program.PutTerms(ctx, tx, p.ID, program.Terms{Scope: p.Scope(), StartsAt: start, Rules: []program.Rule{{Trigger: program.TriggerPayment}}})
			return err
		})
		if !fault.Is(err, fault.Invalid) {
			t.Errorf("terms that start in the past: %v", err)
		}
	})
}

func TestPolicyVersions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		p := create(t, d, shop())
		d.Clock.Advance(time.Hour)
		d.Write(t, func(tx *db.Tx) error {
			_, err := program.SetPolicy(ctx, tx, p.ID, program.Policy{Credit: program.LinkFirst, Touch: program.FirstTouch})
			return err
		})
		old, err := program.PolicyAt(ctx, d, p.ID, dbtest.Epoch.Add(-time.Hour))
		if err != nil || old.Credit != program.CouponFirst {
			t.Errorf("before the first: %+v, %v", old, err)
		}
		now, err := program.PolicyAt(ctx, d, p.ID, d.Clock.Now())
		if err != nil || now.Credit != program.LinkFirst || now.Version != 2 {
			t.Errorf("now: %+v, %v", now, err)
		}
	})
}

func TestRuleCheck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		rule program.Rule
		ok   bool
	}{
		"percent":             {program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 1}}, true},
		"fixed":               {program.Rule{Trigger: program.TriggerSignup, Rate: program.Rate{Fixed: map[string]int64{"EUR": 100}}}, true},
		"both":                {program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 1, Fixed: map[string]int64{"EUR": 1}}}, false},
		"above all":           {program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 1_000_001}}, false},
		"negative":            {program.Rule{Trigger: program.TriggerPayment, Rate: program.Rate{Fixed: map[string]int64{"EUR": -1}}}, false},
		"percent of sign-up":  {program.Rule{Trigger: program.TriggerSignup, Rate: program.Rate{PPM: 1}}, false},
		"no trigger":          {program.Rule{Rate: program.Rate{PPM: 1}}, false},
		"no months":           {program.Rule{Trigger: program.TriggerPayment, Duration: program.Duration{Kind: program.Months}}, false},
		"unknown duration":    {program.Rule{Trigger: program.TriggerPayment, Duration: program.Duration{Kind: "days", N: 3}}, false},
		"first rate is wrong": {program.Rule{Trigger: program.TriggerPayment, First: &program.Rate{PPM: -1}}, false},
	}
	for name, tt := range tests {
		if err := tt.rule.Check(); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParseHost(f *testing.F) {
	f.Add("go.shop.example:8081")
	f.Fuzz(func(t *testing.T, s string) {
		host, err := program.ParseHost(s)
		if err != nil {
			return
		}
		if again, err := program.ParseHost(host); err != nil || again != host {
			t.Errorf("%q → %q → %q, %v", s, host, again, err)
		}
	})
}

func TestParsePercent(t *testing.T) {
	t.Parallel()
	good := map[string]int64{"20": 200_000, "12.5": 125_000, "12,5 %": 125_000, "0": 0, "100": 1_000_000, "0.0001": 1, " 7% ": 70_000}
	for in, want := range good {
		if got, err := program.ParsePercent(in); got != want || err != nil {
			t.Errorf("%q: %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "-1", "+1", "100.0001", "101", "1.00001", "a", ".5", "1.2.3", "1e2", "1.-2"} {
		if got, err := program.ParsePercent(in); err == nil {
			t.Errorf("%q: %d, want an error", in, got)
		}
	}
}

func FuzzParsePercent(f *testing.F) {
	f.Add("12.5 %")
	f.Fuzz(func(t *testing.T, s string) {
		if ppm, err := program.ParsePercent(s); err == nil && (ppm < 0 || ppm > 1_000_000) {
			t.Errorf("%q: %d", s, ppm)
		}
	})
}
