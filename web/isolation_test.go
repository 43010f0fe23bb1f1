package web_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/payout"
	"tributary.example/program"
	"tributary.example/web"
)

// things are what a program has, one of each, by their names in routes.
type things map[string]string

// furnish makes one of everything for a person in the house's program: a paid
// commission in a run that was sent.
func (h *house) furnish(name, mail string) (promoter, things) {
	h.t.Helper()
	ctx := context.Background()
	p := h.promoter(name, mail)
	h.signUp("c-"+mail, "lena@customer.example", typed(p.code, h.Now()))
	h.pay("c-"+mail, "p-"+mail, 500_00)
	h.details(p)
	h.release()
	h.payOut()
	runs, err := payout.Runs(ctx, h, h.prog.ID, "", 1)
	if err != nil || len(runs) != 1 {
		h.t.Fatalf("%d runs, error %v", len(runs), err)
	}
	plans, err := program.Plans(ctx, h, h.prog.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	var key access.Key
	h.Write(h.t, func(tx *db.Tx) error {
		key, _, err = access.CreateKey(ctx, tx, h.prog, access.NewKey{Kind: access.Secret, Label: "server"})
		return err
	})
	return p, things{
		"affiliate": string(p.aff.ID), "link": string(p.link.ID), "coupon": string(p.code.ID), "referral": string(h.onlyRef(p)),
		"commission": string(h.onlyCom(p)), "payout": string(h.onlyPot(p)), "run": string(runs[0].ID), "plan": string(plans[0].ID), "key": string(key.ID),
	}
}

var inRoute = regexp.MustCompile(`\{([a-z]+)\}`)

// fill is a route's path in a program, with the things that it names.
func fill(t *testing.T, route string, slug string, of things) string {
	return inRoute.ReplaceAllStringFunc(route, func(part string) string {
		name := strings.Trim(part, "{}")
		if name == "program" {
			return slug
		}
		if of[name] == "" {
			t.Fatalf("%s: furnish makes no %s", route, name)
		}
		return of[name]
	})
}

// named are the things in a route, without the program.
func named(route string) (all []string) {
	for _, m := range inRoute.FindAllStringSubmatch(route, -1) {
		if m[1] != "program" {
			all = append(all, m[1])
		}
	}
	return all
}

// filled is every field that some form needs, so that nothing but the ids is
// wrong.
var filled = url.Values{
	"reason": {"x"}, "reference": {"x"}, "slug": {"a-new-slug"}, "code": {"ANEWCODE"}, "discount": {"10"}, "payments": {"1"},
	"name": {"x"}, "kind": {"secret"}, "rate": {"10"}, "duration": {"lifetime"},
}

// TestEveryIDIsBoundToItsProgram takes every route there is, as somebody with
// every right in two programs, and puts one id after the other of the one
// program into the other's path.
func TestEveryIDIsBoundToItsProgram(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		h := houseOver(t, d)
		shop := h.prog
		p, own := h.furnish("Jane Doe", "jane@example.org")
		h.prog = h.program("second")
		_, foreign := h.furnish("Jane Doe", "jane@example.org")
		h.Write(t, func(tx *db.Tx) error {
			for _, prog := range []program.Program{shop, h.prog} {
				if err := access.PutStaff(context.Background(), tx, prog.ID, p.aff.Person, access.Owner); err != nil {
					return err
				}
			}
			return nil
		})
		h.comeIn(p.guest)
		swapped := 0
		for _, route := range web.Patterns(h.env) {
			method, path, _ := strings.Cut(route, " ")
			for _, name := range named(path) {
				if name == "colour" {
					continue
				}
				mixed := things{}
				for k, v := range own {
					mixed[k] = v
				}
				mixed[name] = foreign[name]
				before := h.traces()
				p.do(method, fill(t, path, shop.Slug, mixed), filled).is(http.StatusNotFound)
				p.do(method, fill(t, path, h.prog.Slug, own), filled).is(http.StatusNotFound)
				if after := h.traces(); after != before {
					t.Errorf("%s with a foreign %s left %d traces", route, name, after-before)
				}
				swapped++
			}
		}
		if swapped < 40 {
			t.Errorf("only %d ids were swapped", swapped)
		}
		// The paths are right: with their own ids all of them are found.
		for _, route := range web.Patterns(h.env) {
			method, path, _ := strings.Cut(route, " ")
			if strings.HasPrefix(path, "/p/") || strings.HasPrefix(path, "/a/") {
				if a := p.do(method, fill(t, path, shop.Slug, own), filled); a.Status == http.StatusNotFound {
					t.Errorf("%s: got 404 with the own ids", route)
				}
			}
		}
	})
}

// traces counts what every write leaves.
func (h *house) traces() int {
	h.t.Helper()
	n, err := db.One(context.Background(), h.DB.DB, db.Scalar[int], `select (select count(*) from audit_entries) + (select count(*) from outbox_messages) + (select count(*) from ledger_postings)`)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// TestEveryIDIsBoundToItsAffiliate asks for another affiliate's things in the
// same program, on every route of affiliates and on those of the staff that
// name an affiliate and a thing of theirs.
func TestEveryIDIsBoundToItsAffiliate(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	jane, own := h.furnish("Jane Doe", "jane@example.org")
	omar := h.promoter("Omar", "omar@example.org")
	omars := things{"affiliate": string(omar.aff.ID), "link": string(omar.link.ID), "coupon": string(omar.code.ID)}
	owner := h.colleague(access.Owner)
	asked := 0
	for _, route := range web.Patterns(h.env) {
		method, path, _ := strings.Cut(route, " ")
		before := h.traces()
		switch names := named(path); {
		case strings.HasPrefix(path, "/a/") && len(names) > 0:
			omar.do(method, fill(t, path, h.prog.Slug, own), filled).is(http.StatusNotFound).lacks("Jane")
			asked++
		case strings.HasPrefix(path, "/p/") && len(names) == 2 && names[0] == "affiliate":
			owner.do(method, fill(t, path, h.prog.Slug, things{names[0]: omars[names[0]], names[1]: own[names[1]]}), filled).is(http.StatusNotFound)
			owner.do(method, fill(t, path, h.prog.Slug, things{names[0]: own[names[0]], names[1]: omars[names[1]]}), filled).is(http.StatusNotFound)
			asked++
		}
		if after := h.traces(); after != before {
			t.Errorf("%s left %d traces", route, after-before)
		}
	}
	if asked < 12 {
		t.Errorf("only %d routes were asked", asked)
	}
	jane.get("/a/shop/links").is(http.StatusOK)
}

// TestEveryRouteHasADoor asks for every page and form of programs as nobody,
// as a stranger and as an affiliate.
func TestEveryRouteHasADoor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, own := h.furnish("Jane Doe", "jane@example.org")
	stranger := h.signedIn(h.person("Stranger", "s@example.org").ID)
	omar := h.promoter("Omar", "omar@example.org")
	owner := h.colleague(access.Owner)
	for _, route := range web.Patterns(h.env) {
		method, path, _ := strings.Cut(route, " ")
		staffs, affiliates := strings.HasPrefix(path, "/p/"), strings.HasPrefix(path, "/a/")
		if !staffs && !affiliates {
			continue
		}
		path = fill(t, path, h.prog.Slug, own)
		before := h.traces()
		if a := h.guest().do(method, path, filled); method == http.MethodGet {
			a.leads("/sign-in?next=" + url.QueryEscape(path))
		} else {
			a.is(http.StatusUnauthorized)
		}
		stranger.do(method, path, filled).is(http.StatusNotFound)
		if staffs {
			omar.do(method, path, filled).is(http.StatusNotFound)
		} else {
			owner.do(method, path, filled).is(http.StatusNotFound)
		}
		if after := h.traces(); after != before {
			t.Errorf("%s left %d traces", route, after-before)
		}
	}
}
