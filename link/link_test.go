package link_test

import (
	"context"
	"testing"

	"tributary.example/affiliate"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/link"
	"tributary.example/person"
	"tributary.example/program"
)

func setUp(t *testing.T, d *dbtest.DB) (prog program.Program, aff affiliate.Affiliate) {
	t.Helper()
	ctx := context.Background()
	d.Write(t, func(tx *db.Tx) (err error) {
		prog, err = program.Create(ctx, tx, program.New{
			Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example",
			Settings: program.DefaultSettings("Shop", "https://www.shop.example"),
		})
		if err != nil {
			return err
		}
		per, _, err := person.Ensure(ctx, tx, "Jané Doe", "jane@example.com")
		if err != nil {
			return err
		}
		aff, err = affiliate.Apply(ctx, tx, prog, affiliate.Application{Person: per.ID, Name: "Jané Doe"})
		return err
	})
	return prog, aff
}

func create(d *dbtest.DB, prog program.Program, n link.New) (l link.Link, err error) {
	err = d.DB.Write(context.Background(), dbtest.Actor, func(tx *db.Tx) (err error) {
		l, err = link.Create(context.Background(), tx, prog, n)
		return err
	})
	return l, err
}

func TestCreateFindsAFreeSlug(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, aff := setUp(t, d)
		for _, want := range []link.Slug{"jane-doe", "jane-doe-2", "jane-doe-3"} {
			l, err := create(d, prog, link.New{Affiliate: aff.ID, Name: aff.Name})
			if err != nil || l.Slug != want {
				t.Errorf("%q, %v, want %q", l.Slug, err, want)
			}
		}
		if _, err := create(d, prog, link.New{Affiliate: aff.ID, Slug: "Jane-Doe"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("taken slug in another case: %v", err)
		}
	})
}

func TestARetiredSlugIsNeverFree(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		prog, aff := setUp(t, d)
		l, err := create(d, prog, link.New{Affiliate: aff.ID, Slug: "spring"})
		if err != nil {
			t.Fatal(err)
		}
		d.Write(t, func(tx *db.Tx) error {
			_, err := link.SetState(ctx, tx, prog.ID, l.ID, link.Retired)
			return err
		})
		if _, err := create(d, prog, link.New{Affiliate: aff.ID, Slug: "spring"}); !fault.Is(err, fault.Conflict) {
			t.Errorf("retired slug given again: %v", err)
		}
		err = d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			_, err := link.SetState(ctx, tx, prog.ID, l.ID, link.Active)
			return err
		})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("retired link resumed: %v", err)
		}
	})
}

func TestDestinations(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, _ := setUp(t, d)
		tests := map[string]struct {
			want string
			ok   bool
		}{
			"":                                 {"", true},
			"/pricing?a=b":                     {"https://www.shop.example/pricing?a=b", true},
			"https://www.shop.example/x":       {"https://www.shop.example/x", true},
			"https://evil.example/":            {"", false},
			"//evil.example/":                  {"", false},
			"http://www.shop.example/":         {"", false},
			"https://u:p@www.shop.example/":    {"", false},
			"javascript:alert(1)":              {"", false},
			"https://www.shop.example.evil.io": {"", false},
		}
		for in, tt := range tests {
			got, err := link.CheckDestination(context.Background(), d, prog, in)
			if got != tt.want || (err == nil) != tt.ok {
				t.Errorf("%q: %q, %v, want %q", in, got, err, tt.want)
			}
		}
	})
}

func TestURL(t *testing.T) {
	t.Parallel()
	tests := map[link.Link]string{
		{Host: "go.shop.example", Slug: "jane"}:        "https://go.shop.example/jane",
		{Host: "go.shop.localhost:8081", Slug: "jane"}: "http://go.shop.localhost:8081/jane",
		{Host: "127.0.0.1:8081", Slug: "jane"}:         "http://127.0.0.1:8081/jane",
	}
	for l, want := range tests {
		if got := l.URL(); got != want {
			t.Errorf("URL() = %q, want %q", got, want)
		}
	}
}

func TestSlugOf(t *testing.T) {
	t.Parallel()
	tests := map[string]link.Slug{"Jané Doe": "jane-doe", "  ": "link", "李": "link", "API": "link", "A.B. & Co": "a-b-co"}
	for in, want := range tests {
		if got := link.SlugOf(in); got != want {
			t.Errorf("SlugOf(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzParseSlug(f *testing.F) {
	f.Add("Jane_Doe-1")
	f.Fuzz(func(t *testing.T, s string) {
		slug, err := link.ParseSlug(s)
		if err != nil {
			return
		}
		if again, err := link.ParseSlug(string(slug)); err != nil || again != slug {
			t.Errorf("%q → %q → %q, %v", s, slug, again, err)
		}
	})
}
