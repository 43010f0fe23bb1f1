package access_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/access"
	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/person"
	"tributary.example/program"
)

var ctx = context.Background()

func newPerson(t *testing.T, d *dbtest.DB, name string) person.Person {
	t.Helper()
	var per person.Person
	d.Write(t, func(tx *db.Tx) (err error) {
		per, _, err = person.Ensure(ctx, tx, name, strings.ToLower(name)+"@example.com")
		return err
	})
	return per
}

func newProgram(t *testing.T, d *dbtest.DB, slug string) program.Program {
	t.Helper()
	var p program.Program
	d.Write(t, func(tx *db.Tx) (err error) {
		p, err = program.Create(ctx, tx, program.New{
			Slug: slug, Currency: "EUR", LinkHost: "go." + slug + ".example",
			Settings: program.DefaultSettings(slug, "https://"+slug+".example"),
		})
		return err
	})
	return p
}

// try runs a transaction and returns its error.
func try(d *dbtest.DB, fn func(tx *db.Tx) error) error { return d.DB.Write(ctx, dbtest.Actor, fn) }

func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if got := fault.KindOf(err); got != want {
		t.Errorf("%s: got kind %q (%v), want %q", what, got, err, want)
	}
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		jane, max := newPerson(t, d, "Jane"), newPerson(t, d, "Max")
		h, err := access.HashPassword(ctx, "correct horse battery")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(h), "$argon2id$v=19$m=19456,t=2,p=1$") || strings.Contains(string(h), "horse") {
			t.Errorf("hash: %s", h)
		}
		if other, _ := access.HashPassword(ctx, "correct horse battery"); other == h {
			t.Error("two hashes share a salt")
		}
		d.Write(t, func(tx *db.Tx) error { return access.PutPassword(ctx, tx, jane.ID, h, "") })

		got, err := access.ByPassword(ctx, d.DB, "Jane+work@Example.com", "correct horse battery")
		if err != nil || got.ID != jane.ID {
			t.Errorf("got %v and %v, want Jane", got.ID, err)
		}
		var said []string
		for _, try := range [][2]string{
			{"jane@example.com", "correct horse batterx"},
			{"nobody@example.com", "correct horse battery"},
			{max.Email, "correct horse battery"}, // has no password
			{"jane@example.com", strings.Repeat("x", 1000)},
			{"jane@example.com", ""},
		} {
			_, err := access.ByPassword(ctx, d.DB, try[0], try[1])
			wantKind(t, try[0], err, fault.Unauthenticated)
			said = append(said, err.Error())
		}
		for _, s := range said[1:] {
			if s != said[0] {
				t.Errorf("two different answers tell who has an account: %q and %q", said[0], s)
			}
		}
		for _, plain := range []string{"short", "ninechars", strings.Repeat("x", 257)} {
			_, err := access.HashPassword(ctx, plain)
			wantKind(t, plain, err, fault.Invalid)
		}
		for per, want := range map[id.Person]bool{jane.ID: true, max.ID: false} {
			if has, err := access.HasPassword(ctx, d, per); err != nil || has != want {
				t.Errorf("has password: got %v and %v, want %v", has, err, want)
			}
		}
	})
}

func TestNewPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		jane, max := newPerson(t, d, "Jane"), newPerson(t, d, "Max")
		mine, myToken := start(t, d, jane.ID)
		_, stolen := start(t, d, jane.ID)
		_, other := start(t, d, max.ID)
		d.Write(t, func(tx *db.Tx) error { return access.PutPassword(ctx, tx, jane.ID, "$argon2id$", mine.ID) })
		_, err := access.SessionOf(ctx, d.DB, stolen)
		wantKind(t, "the other session", err, fault.Unauthenticated)
		for _, token := range []string{myToken, other} {
			if _, err := access.SessionOf(ctx, d.DB, token); err != nil {
				t.Errorf("ended too: %v", err)
			}
		}
	})
}

func start(t *testing.T, d *dbtest.DB, per id.Person) (s access.Session, token string) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) (err error) {
		s, token, err = access.StartSession(ctx, tx, per, access.Device{Address: "203.0.113.9", Agent: "x" + strings.Repeat("ä", 300)})
		return err
	})
	return s, token
}

func TestSessionLimits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		jane := newPerson(t, d, "Jane")
		first, token := start(t, d, jane.ID)
		got, err := access.SessionOf(ctx, d.DB, token)
		if err != nil || got.Person != jane.ID {
			t.Fatalf("got %v and %v", got, err)
		}
		seen := func() time.Time {
			t.Helper()
			all, err := access.Sessions(ctx, d, jane.ID)
			if err != nil || len(all) != 1 {
				t.Fatalf("sessions: %v and %v", all, err)
			}
			return all[0].SeenAt
		}
		use := func(after time.Duration) error {
			d.Clock.Advance(after)
			_, err := access.SessionOf(ctx, d.DB, token)
			return err
		}
		if err := use(4 * time.Minute); err != nil || !seen().Equal(first.CreatedAt) {
			t.Errorf("touched within five minutes: %v, %v", seen(), err)
		}
		if err := use(time.Minute); err != nil || !seen().Equal(d.Now()) {
			t.Errorf("not touched after five minutes: %v, %v", seen(), err)
		}
		for d.Now().Add(13 * 24 * time.Hour).Before(first.EndsAt) {
			if err := use(13 * 24 * time.Hour); err != nil {
				t.Fatalf("ended while in use, after %s: %v", d.Now().Sub(first.CreatedAt), err)
			}
		}
		d.Clock.Set(first.EndsAt)
		wantKind(t, "at its absolute end", use(0), fault.Unauthenticated)

		_, token = start(t, d, jane.ID)
		wantKind(t, "after two idle weeks", use(access.SessionIdle), fault.Unauthenticated)
		if all, err := access.Sessions(ctx, d, jane.ID); err != nil || len(all) != 0 {
			t.Errorf("sessions that are over are listed: %v, %v", all, err)
		}
		d.Clock.Advance(100 * 24 * time.Hour)
		d.Write(t, func(tx *db.Tx) error {
			n, err := access.Sweep(ctx, tx, 100)
			if n != 2 {
				t.Errorf("swept %d, want 2", n)
			}
			return err
		})
	})
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		jane, max := newPerson(t, d, "Jane"), newPerson(t, d, "Max")
		s, token := start(t, d, jane.ID)
		wantKind(t, "somebody else's session", try(d, func(tx *db.Tx) error { return access.EndSession(ctx, tx, max.ID, s.ID) }), fault.NotFound)
		if _, err := access.SessionOf(ctx, d.DB, token); err != nil {
			t.Errorf("somebody else ended it: %v", err)
		}
		d.Write(t, func(tx *db.Tx) error { return access.EndSession(ctx, tx, jane.ID, s.ID) })
		_, err := access.SessionOf(ctx, d.DB, token)
		wantKind(t, "ended", err, fault.Unauthenticated)
		for _, bad := range []string{"", "x", string(s.ID)} {
			_, err := access.SessionOf(ctx, d.DB, bad)
			wantKind(t, bad, err, fault.Unauthenticated)
		}
		stored, err := db.All(ctx, d, db.Scalar[string], `select session_hash from sessions`)
		if err != nil || len(stored) != 1 || stored[0] == token {
			t.Errorf("the token itself is stored: %v, %v", stored, err)
		}
	})
}

func TestEntryLinks(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		jane := newPerson(t, d, "Jane")
		make := func(e access.Entry) (token string) {
			t.Helper()
			d.Write(t, func(tx *db.Tx) (err error) { token, err = access.MakeEntry(ctx, tx, e); return err })
			return token
		}
		use := func(token string) (e access.Entry, err error) {
			err = try(d, func(tx *db.Tx) (err error) { e, err = access.UseEntry(ctx, tx, token); return err })
			return e, err
		}
		for purpose, span := range map[access.Purpose]time.Duration{
			access.SignIn: 15 * time.Minute, access.Invite: 14 * 24 * time.Hour, access.SetUp: 24 * time.Hour,
		} {
			e := access.Entry{Purpose: purpose, Person: jane.ID, Target: "/a?b=c"}
			token, late := make(e), make(e)
			if purpose == access.SetUp {
				_, err := use(token)
				wantKind(t, "an older set-up link", err, fault.Unauthenticated)
				token = late
			}
			want := e
			want.EndsAt = d.Now().Add(span)
			if got, err := access.LookEntry(ctx, d, token); err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("look: %v %s", err, cmp.Diff(want, got))
			}
			if got, err := use(token); err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("use: %v %s", err, cmp.Diff(want, got))
			}
			_, err := use(token)
			wantKind(t, "second use", err, fault.Unauthenticated)
			_, err = access.LookEntry(ctx, d, token)
			wantKind(t, "look after use", err, fault.Unauthenticated)
			late = make(e)
			d.Clock.Advance(span)
			_, err = use(late)
			wantKind(t, "at its end", err, fault.Unauthenticated)
		}
		for _, target := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "x", "/a\r\nb"} {
			wantKind(t, target, try(d, func(tx *db.Tx) error {
				_, err := access.MakeEntry(ctx, tx, access.Entry{Purpose: access.SignIn, Target: target})
				return err
			}), fault.Invalid)
		}
	})
}

func TestEntryLinkLetsOneIn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		var token string
		d.Write(t, func(tx *db.Tx) (err error) {
			token, err = access.MakeEntry(ctx, tx, access.Entry{Purpose: access.SignIn})
			return err
		})
		var in atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if try(d, func(tx *db.Tx) error { _, err := access.UseEntry(ctx, tx, token); return err }) == nil {
					in.Add(1)
				}
			})
		}
		wg.Wait()
		if in.Load() != 1 {
			t.Errorf("%d came in with one link", in.Load())
		}
	})
}

func TestStaff(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		jane, max := newPerson(t, d, "Jane"), newPerson(t, d, "Max")
		shop, other := newProgram(t, d, "shop"), newProgram(t, d, "other")
		put := func(prog id.Program, per id.Person, role access.Role) error {
			return try(d, func(tx *db.Tx) error { return access.PutStaff(ctx, tx, prog, per, role) })
		}
		for _, err := range []error{
			put(shop.ID, jane.ID, access.Owner), put(shop.ID, max.ID, access.Viewer), put(other.ID, max.ID, access.Owner),
			put(shop.ID, max.ID, access.Viewer),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		wantKind(t, "unknown role", put(shop.ID, max.ID, "root"), fault.Invalid)
		wantKind(t, "the last owner steps down", put(shop.ID, jane.ID, access.Admin), fault.Conflict)
		remove := func(per id.Person) error {
			return try(d, func(tx *db.Tx) error { return access.RemoveStaff(ctx, tx, shop.ID, per) })
		}
		wantKind(t, "the last owner leaves", remove(jane.ID), fault.Conflict)
		wantKind(t, "nobody leaves", remove("per_x"), fault.NotFound)
		if err := put(shop.ID, max.ID, access.Owner); err != nil {
			t.Fatal(err)
		}
		if err := remove(jane.ID); err != nil {
			t.Errorf("one of two owners leaves: %v", err)
		}
		staff, err := access.StaffOf(ctx, d, shop.ID)
		want := []access.Staff{{Program: shop.ID, Person: max.ID, Role: access.Owner, CreatedAt: d.Now()}}
		if err != nil || cmp.Diff(want, staff) != "" {
			t.Errorf("staff: %v %s", err, cmp.Diff(want, staff))
		}
		if mine, err := access.ProgramsOf(ctx, d, max.ID); err != nil || len(mine) != 2 {
			t.Errorf("programs: %v, %v", mine, err)
		}
		trail, err := audit.ForSubject(ctx, d, shop.ID, string(max.ID))
		var got []string
		for _, e := range trail {
			got = append(got, e.Action+" "+e.Before+" "+e.After)
		}
		// The role that was given twice is written once. Entries of one test time have no order.
		if err != nil || len(got) != 2 || !strings.Contains(strings.Join(got, ";"), `staff.changed "viewer" "owner"`) {
			t.Errorf("audit: %q, %v", got, err)
		}
	})
}

// Two owners who remove each other at once do not both succeed.
func TestOwnersRaceKeepsOne(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		shop := newProgram(t, d, "shop")
		for round := range 10 {
			pair := []person.Person{newPerson(t, d, fmt.Sprintf("A%d", round)), newPerson(t, d, fmt.Sprintf("B%d", round))}
			d.Write(t, func(tx *db.Tx) error {
				if _, err := tx.Exec(ctx, `delete from staff`); err != nil {
					return err
				}
				for _, p := range pair {
					if err := access.PutStaff(ctx, tx, shop.ID, p.ID, access.Owner); err != nil {
						return err
					}
				}
				return nil
			})
			var wg sync.WaitGroup
			for _, p := range pair {
				wg.Go(func() { _ = try(d, func(tx *db.Tx) error { return access.RemoveStaff(ctx, tx, shop.ID, p.ID) }) })
			}
			wg.Wait()
			if left, err := access.StaffOf(ctx, d, shop.ID); err != nil || len(left) != 1 {
				t.Fatalf("round %d: %d owners left, %v", round, len(left), err)
			}
		}
	})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, p := range []access.Permission{access.See, access.ManageAffiliates, access.ChangeTerms, access.ApprovePayouts, access.ManageTeam, access.EndProgram, "unheard of"} {
		line := string(p) + ":"
		for _, r := range append(access.Roles(), "", "root") {
			if access.Can(r, p) {
				line += " " + string(r)
			}
		}
		lines = append(lines, line)
	}
	want := []string{
		"see: owner admin finance support viewer",
		"manage_affiliates: owner admin support",
		"change_terms: owner admin",
		"approve_payouts: owner finance",
		"manage_team: owner admin",
		"end_program: owner",
		"unheard of:",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func newKey(t *testing.T, d *dbtest.DB, prog program.Program, n access.NewKey) (k access.Key, text string) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) (err error) { k, text, err = access.CreateKey(ctx, tx, prog, n); return err })
	return k, text
}

func TestKeys(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		live := newProgram(t, d, "shop")
		test, err := program.Get(ctx, d, live.Twin)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			prog   program.Program
			kind   access.KeyKind
			prefix string
		}{
			{live, access.Secret, "trb_sk_live_"}, {test, access.Secret, "trb_sk_test_"},
			{live, access.Publishable, "trb_pk_live_"}, {test, access.Publishable, "trb_pk_test_"},
		} {
			k, text := newKey(t, d, tt.prog, access.NewKey{Kind: tt.kind, Label: " shop backend "})
			if want := tt.prefix + strings.TrimPrefix(string(tt.prog.ID), "prg_"); !strings.HasPrefix(text, want) || len(text) != len(tt.prefix)+26+43 {
				t.Errorf("key %s, want it to begin with %s", text, want)
			}
			got, err := access.Authenticate(ctx, d.DB, text)
			k.UsedAt = time.Time{}
			if err != nil || cmp.Diff(k, got) != "" {
				t.Errorf("authenticate: %v %s", err, cmp.Diff(k, got))
			}
		}
		k, text := newKey(t, d, live, access.NewKey{Kind: access.Secret})
		forged := strings.Replace(text, "_live_", "_test_", 1)
		stolen := strings.Replace(text, strings.TrimPrefix(string(live.ID), "prg_"), strings.TrimPrefix(string(test.ID), "prg_"), 1)
		for _, bad := range []string{"", "trb_", text[:len(text)-1], text + "x", forged, stolen, strings.Replace(text, "_sk_", "_pk_", 1), string(k.ID), k.Shown} {
			_, err := access.Authenticate(ctx, d.DB, bad)
			wantKind(t, bad, err, fault.Unauthenticated)
		}
		if stored, err := db.All(ctx, d, db.Scalar[string], `select key_hash || ' ' || shown from api_keys where key_id = $1`, k.ID); err != nil || strings.Contains(stored[0], text[len(text)-20:]) {
			t.Errorf("the key's text is stored: %v, %v", stored, err)
		}
		wantKind(t, "another program's key", try(d, func(tx *db.Tx) error { return access.RevokeKey(ctx, tx, test.ID, k.ID) }), fault.NotFound)
		if _, err := access.Authenticate(ctx, d.DB, text); err != nil {
			t.Errorf("another program revoked it: %v", err)
		}
		d.Write(t, func(tx *db.Tx) error { return access.RevokeKey(ctx, tx, live.ID, k.ID) })
		_, err = access.Authenticate(ctx, d.DB, text)
		wantKind(t, "revoked", err, fault.Unauthenticated)

		_, brief := newKey(t, d, live, access.NewKey{Kind: access.Secret, ExpiresAt: d.Now().Add(time.Hour)})
		if _, err := access.Authenticate(ctx, d.DB, brief); err != nil {
			t.Errorf("before its end: %v", err)
		}
		d.Clock.Advance(time.Hour)
		_, err = access.Authenticate(ctx, d.DB, brief)
		wantKind(t, "expired", err, fault.Unauthenticated)
	})
}

func TestKeyUseIsNotedSeldom(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := newProgram(t, d, "shop")
		_, text := newKey(t, d, prog, access.NewKey{Kind: access.Secret})
		var noted []time.Duration
		for range 7 {
			if _, err := access.Authenticate(ctx, d.DB, text); err != nil {
				t.Fatal(err)
			}
			keys, err := access.Keys(ctx, d, prog.ID)
			if err != nil || len(keys) != 1 {
				t.Fatalf("keys: %v, %v", keys, err)
			}
			noted = append(noted, keys[0].UsedAt.Sub(dbtest.Epoch))
			d.Clock.Advance(2 * time.Minute)
		}
		m := time.Minute
		if diff := cmp.Diff([]time.Duration{0, 0, 0, 6 * m, 6 * m, 6 * m, 12 * m}, noted); diff != "" {
			t.Error(diff)
		}
	})
}

func TestKeyLimits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog := newProgram(t, d, "shop")
		for name, n := range map[string]access.NewKey{
			"no kind":             {},
			"publishable writing": {Kind: access.Publishable, Scopes: []access.Scope{access.WritePayments}},
			"unknown scope":       {Kind: access.Secret, Scopes: []access.Scope{"everything:write"}},
			"over already":        {Kind: access.Secret, ExpiresAt: d.Now()},
			"long label":          {Kind: access.Secret, Label: strings.Repeat("x", 81)},
		} {
			wantKind(t, name, try(d, func(tx *db.Tx) error { _, _, err := access.CreateKey(ctx, tx, prog, n); return err }), fault.Invalid)
		}
	})
}

func TestScopes(t *testing.T) {
	t.Parallel()
	all := access.Key{Kind: access.Secret}
	some := access.Key{Kind: access.Secret, Scopes: []access.Scope{access.WriteLinks, access.ReadPayments}}
	shown := access.Key{Kind: access.Publishable}
	forged := access.Key{Kind: access.Publishable, Scopes: []access.Scope{access.WritePayments}}
	tests := []struct {
		name  string
		key   access.Key
		scope access.Scope
		want  bool
	}{
		{"all of its kind", all, access.WritePayouts, true},
		{"named", some, access.WriteLinks, true},
		{"write includes read", some, access.ReadLinks, true},
		{"read does not include write", some, access.WritePayments, false},
		{"not named", some, access.ReadPayouts, false},
		{"publishable quotes", shown, access.Quote, true},
		{"publishable records clicks", shown, access.RecordClicks, true},
		{"publishable reads nothing", shown, access.ReadClicks, false},
		{"publishable writes nothing", forged, access.WritePayments, false},
		{"no kind", access.Key{}, access.Quote, false},
	}
	for _, tt := range tests {
		if got := tt.key.Can(tt.scope); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
