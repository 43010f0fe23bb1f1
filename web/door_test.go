package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/person"
	"tributary.example/program"
)

const goodPassword = "four words and a river"

// owner makes a person with a password who owns the house's program.
func (h *house) owner(mail string) (per person.Person) {
	h.t.Helper()
	hash, err := access.HashPassword(context.Background(), goodPassword)
	if err != nil {
		h.t.Fatal(err)
	}
	h.Write(h.t, func(tx *db.Tx) error {
		ctx := context.Background()
		if per, _, err = person.Ensure(ctx, tx, "Mara Holm", mail); err != nil {
			return err
		}
		if err := access.PutPassword(ctx, tx, per.ID, hash, ""); err != nil {
			return err
		}
		return access.PutStaff(ctx, tx, h.prog.ID, per.ID, access.Owner)
	})
	return per
}

// entry makes a one-time link and returns its token.
func (h *house) entry(e access.Entry) (token string) {
	h.t.Helper()
	h.Write(h.t, func(tx *db.Tx) (err error) {
		token, err = access.MakeEntry(context.Background(), tx, e)
		return err
	})
	return token
}

func TestSignInLeadsToOnesWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.owner("mara@shop.example")
	g := h.guest()
	g.get("/").leads("/sign-in?next=%2F")
	g.get("/sign-in?next=/p/shop").is(http.StatusOK).has("Sign in", "/p/shop")
	g.post("/sign-in", "email", "Mara@Shop.example", "password", goodPassword, "next", "/").leads("/")
	g.get("/").leads("/p/shop")
	g.get("/sign-in").leads("/") // who is in needs no form
	g.post("/sign-out").leads("/sign-in")
	g.get("/").leads("/sign-in?next=%2F")
}

func TestSignInNeverLeadsAway(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.owner("mara@shop.example")
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "evil"} {
		h.guest().post("/sign-in", "email", "mara@shop.example", "password", goodPassword, "next", next).leads("/")
	}
}

func TestAWrongPasswordSaysWhatAnUnknownAddressIsTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.owner("mara@shop.example")
	known := h.guest().post("/sign-in", "email", "mara@shop.example", "password", "not this one at all").is(http.StatusUnauthorized)
	unknown := h.guest().post("/sign-in", "email", "nobody@shop.example", "password", "not this one at all").is(http.StatusUnauthorized)
	if a, b := known.words(), unknown.words(); a != b {
		t.Errorf("the answers differ:\n%s\n%s", a, b)
	}
	known.has("mara@shop.example").lacks("not this one at all") // the address is kept, the password never sent back
}

func TestSignInIsLimitedPerAddress(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	g := h.guest()
	var last answer
	for range 11 {
		last = g.post("/sign-in/link", "email", "nobody@shop.example")
	}
	last.is(http.StatusTooManyRequests).has("too often", "Try again in")
	g.post("/sign-in", "email", "nobody@shop.example", "password", "x").is(http.StatusTooManyRequests).has("too often")
	h.Clock.Advance(time.Minute)
	g.post("/sign-in/link", "email", "nobody@shop.example").is(http.StatusOK)
}

func TestASignInLinkTellsNobodyWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.owner("mara@shop.example")
	known := h.guest().post("/sign-in/link", "email", "mara@shop.example").is(http.StatusOK)
	unknown := h.guest().post("/sign-in/link", "email", "none@shop.example").is(http.StatusOK)
	if a, b := known.words(), strings.ReplaceAll(unknown.words(), "none@", "mara@"); a != b {
		t.Errorf("the answers differ:\n%s\n%s", a, b)
	}
	h.guest().post("/sign-in/link", "email", "no address").is(http.StatusUnprocessableEntity).has("no address")
}

func TestALinkLetsInOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	per := h.owner("mara@shop.example")
	token := h.entry(access.Entry{Purpose: access.SignIn, Person: per.ID, Target: "/p/shop"})
	g := h.guest()
	g.get("/enter?token=" + token).is(http.StatusOK).has("Sign in as mara@shop.example")
	g.get("/enter?token=" + token).is(http.StatusOK) // looking uses nothing up
	g.post("/enter", "token", token).leads("/p/shop")
	h.guest().post("/enter", "token", token).is(http.StatusNotFound).has("used already")
	h.guest().get("/enter?token=" + token).is(http.StatusNotFound)
	g.get("/").leads("/p/shop")

	late := h.entry(access.Entry{Purpose: access.SignIn, Person: per.ID})
	h.Clock.Advance(access.SignIn.Span() + time.Second)
	h.guest().post("/enter", "token", late).is(http.StatusNotFound)
}

func TestAnInvitationSetsThePassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	per := h.person("Jane Doe", "jane@example.org")
	token := h.entry(access.Entry{Purpose: access.Invite, Person: per.ID, Target: "/a/shop"})
	h.guest().get("/enter?token="+token).is(http.StatusOK).has("Welcome, Jane Doe", "Password")
	h.guest().post("/enter", "token", token, "password", "short").is(http.StatusUnprocessableEntity).has("Welcome, Jane Doe")
	h.guest().post("/enter", "token", token, "password", goodPassword).leads("/a/shop")
	h.guest().post("/sign-in", "email", "jane@example.org", "password", goodPassword).leads("/")
}

func setUpForm(token string, change ...string) []string {
	form := map[string]string{
		"token": token, "name": "Mara Holm", "email": "mara@river.example", "password": goodPassword, "program": "Riverbank", "slug": "riverbank",
		"site_url": "https://www.river.example", "link_host": "go.river.example", "currency": "EUR", "zone": "Europe/Vienna", "percent": "20", "mode": "full",
	}
	for i := 0; i < len(change); i += 2 {
		form[change[i]] = change[i+1]
	}
	var pairs []string
	for name, value := range form {
		pairs = append(pairs, name, value)
	}
	return pairs
}

func TestSetUpMakesOwnerAndProgramOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.entry(access.Entry{Purpose: access.SetUp})
	g := h.guest()
	g.get("/set-up?token="+token).is(http.StatusOK).has("Set up Tributary", token)
	g.post("/set-up", setUpForm(token)...).leads("/p/riverbank")
	g.get("/").leads("/p/riverbank")
	prog, err := program.BySlug(context.Background(), h.DB, "riverbank")
	if err != nil || prog.Zone != "Europe/Vienna" || prog.LinkHost != "go.river.example" {
		t.Errorf("program %+v, error %v", prog, err)
	}
	for _, side := range []id.Program{prog.ID, prog.Twin} {
		role, _, err := access.RoleOf(context.Background(), h.DB, side, mustPerson(h, "mara@river.example"))
		if err != nil || role != access.Owner {
			t.Errorf("role %q on %s, error %v", role, side, err)
		}
	}
	h.guest().post("/set-up", setUpForm(token, "slug", "second", "link_host", "go.second.example")...).is(http.StatusNotFound).has("used already")
	h.guest().get("/set-up?token=" + token).is(http.StatusNotFound)
}

func mustPerson(h *house, mail string) id.Person {
	h.t.Helper()
	per, ok, err := person.LookupEmail(context.Background(), h.DB, mail)
	if err != nil || !ok {
		h.t.Fatalf("no person %s: %v", mail, err)
	}
	return per.ID
}

func TestEachMistakeOfSetUpStandsBesideItsField(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.entry(access.Entry{Purpose: access.SetUp})
	for field, value := range map[string]string{
		"name": strings.Repeat("x", 300), "email": "mara at river", "password": "short", "slug": "No Slug!", "site_url": "river",
		"link_host": "https://go.river.example/x", "currency": "EURO", "zone": "Vienna", "percent": "120", "mode": "sometimes",
	} {
		t.Run(field, func(t *testing.T) {
			a := h.guest().post("/set-up", setUpForm(token, field, value)...).is(http.StatusUnprocessableEntity)
			if !strings.Contains(a.Body, `id="`+field+`-error"`) {
				t.Errorf("no mistake beside %s:\n%s", field, a.words())
			}
			if field != "password" && !strings.Contains(a.Body, "mara@river.example") && field != "email" {
				t.Error("what was typed is gone")
			}
		})
	}
	// All mistakes come back at once, and none that nobody made.
	several := h.guest().post("/set-up", setUpForm(token, "password", "short", "program", "", "currency", "EURO", "zone", "Vienna", "site_url", "shop")...)
	several.is(http.StatusUnprocessableEntity).has("shorter than 10 characters", "A program has a name", "EURO is not a currency", "Vienna is not a time zone", "shop is not the address of a site", `id="program-error"`)
	several.lacks("minimum", `id="name-error"`)
	taken := h.guest().post("/set-up", setUpForm(token, "slug", "shop")...).is(http.StatusUnprocessableEntity)
	if !strings.Contains(taken.Body, `id="slug-error"`) {
		t.Errorf("a taken short name is not told beside it:\n%s", taken.words())
	}
	if _, ok, err := person.LookupEmail(context.Background(), h.DB, "mara@river.example"); err != nil || ok {
		t.Errorf("a refused form left a person behind (error %v)", err)
	}
	h.guest().post("/set-up", setUpForm(token)...).leads("/p/riverbank") // the link is not used up by mistakes
}

func TestApplyingTwiceIsToldTheSame(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.guest().get("/join/shop").is(http.StatusOK).has("Earn 20 %", "for life", "Apply to The shop")
	form := []string{"name", "Jane Doe", "email", "jane@example.org", "website", "jane.example", "pitch", "My blog"}
	first := h.guest().post("/join/shop", form...).is(http.StatusOK).has("Your application is in", "jane@example.org")
	second := h.guest().post("/join/shop", form...).is(http.StatusOK)
	if a, b := first.words(), second.words(); a != b {
		t.Errorf("the answers differ:\n%s\n%s", a, b)
	}
	aff, ok, err := affiliate.OfPerson(context.Background(), h.DB, h.prog.ID, mustPerson(h, "jane@example.org"))
	if err != nil || !ok || aff.State != affiliate.Applied {
		t.Errorf("affiliate %+v, %v, error %v", aff, ok, err)
	}
	h.signedIn(aff.Person).get("/a/shop").is(http.StatusOK).has("Your application is in", "applied")
}

func TestAnApplicationWithMistakesKeepsItsInput(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.guest().post("/join/shop", "name", "", "email", "jane@example.org", "pitch", "My blog").
		is(http.StatusUnprocessableEntity).has("jane@example.org", "My blog", `id="name-error"`)
	h.guest().post("/join/nothing", "name", "Jane").is(http.StatusNotFound)
}

func TestAClosedProgramTakesNoApplications(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *program.Settings) { s.Applications = program.ApplyClosed })
	h.guest().get("/join/shop").is(http.StatusOK).has("takes no applications")
	h.guest().post("/join/shop", "name", "Jane", "email", "jane@example.org").is(http.StatusUnprocessableEntity).has("takes no applications")
	if _, ok, err := person.LookupEmail(context.Background(), h.DB, "jane@example.org"); err != nil || ok {
		t.Errorf("a refused application left a person behind (error %v)", err)
	}
}

func TestAProgramMayApproveEverybody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *program.Settings) { s.Applications = program.ApplyApprove })
	h.guest().post("/join/shop", "name", "Jane Doe", "email", "jane@example.org").is(http.StatusOK).has("Welcome to The shop")
	h.signedIn(mustPerson(h, "jane@example.org")).get("/a/shop").is(http.StatusOK).has("http", "go.shop.example/jane-doe", "JANE")
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.owner("mara@shop.example")
	g := h.guest()
	g.post("/sign-in", "email", "mara@shop.example", "password", goodPassword).leads("/")
	a := g.crossSite("/sign-out")
	if a.Status != http.StatusForbidden {
		t.Errorf("a form of another site got %d", a.Status)
	}
	g.get("/").leads("/p/shop")
}
