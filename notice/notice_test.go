package notice_test

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/internal/mail"
	"tributary.example/internal/secret"
	"tributary.example/internal/text"
	"tributary.example/notice"
	"tributary.example/person"
	"tributary.example/program"
)

var (
	ctx    = context.Background()
	update = flag.Bool("update", false, "write the golden files anew")
)

func root(t *testing.T) secret.Root {
	t.Helper()
	r, err := secret.ParseRoot(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// post is a sender that keeps what it gets, or fails with what it is given.
type post struct {
	mu   sync.Mutex
	got  []mail.Message
	fail []error // one per try; then none
}

func (p *post) Send(_ context.Context, m mail.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.fail) > 0 {
		err := p.fail[0]
		p.fail = p.fail[1:]
		return err
	}
	p.got = append(p.got, m)
	return nil
}

func jane(t *testing.T, d *dbtest.DB) (prog program.Program, per person.Person) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) (err error) {
		prog, err = program.Create(ctx, tx, program.New{
			Slug: "acme", Currency: "EUR", LinkHost: "go.acme.example",
			Settings: program.DefaultSettings("Acme & Sons", "https://acme.example"),
		})
		if err != nil {
			return err
		}
		per, _, err = person.Ensure(ctx, tx, "Jane <Doe>", "jane@example.com")
		return err
	})
	return prog, per
}

func queue(t *testing.T, d *dbtest.DB, n notice.Notice) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) error { return notice.Queue(ctx, tx, root(t), n) })
}

func TestOncePerCause(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, per := jane(t, d)
		applied := notice.Notice{Program: prog.ID, Person: per.ID, Cause: "aff_1", Facts: notice.Applied{}}
		queue(t, d, applied)
		queue(t, d, applied)
		signIn := notice.Notice{Person: per.ID, Cause: "req_1", Facts: notice.SignIn{URL: "https://acme.example/enter/secret-token"}}
		queue(t, d, signIn)
		facts, err := db.All(ctx, d, db.Scalar[string], `select facts from notices`)
		if err != nil || len(facts) != 2 || strings.Contains(strings.Join(facts, ""), "secret-token") {
			t.Errorf("waiting: %q, %v; want two, sealed", facts, err)
		}
		p := &post{}
		for pass, want := range []int{2, 0} {
			n, err := notice.SendDue(ctx, d.DB, p, root(t))
			if n != want || err != nil {
				t.Errorf("pass %d: sent %d, %v, want %d", pass, n, err, want)
			}
		}
		froms := map[string]string{}
		for _, m := range p.got {
			froms[m.FromName] = m.To
			if _, err := id.Parse[id.Notice](m.ID); err != nil {
				t.Error(err)
			}
		}
		if diff := cmp.Diff(map[string]string{"Acme & Sons": "jane@example.com", "Tributary": "jane@example.com"}, froms); diff != "" {
			t.Error(diff)
		}
		left, err := db.All(ctx, d, db.Scalar[string], `select facts from notices where facts <> ''`)
		if err != nil || len(left) != 0 {
			t.Errorf("what was said stays after the sending: %v, %v", left, err)
		}
		queue(t, d, applied)
		if n, err := notice.SendDue(ctx, d.DB, p, root(t)); n != 0 || err != nil {
			t.Errorf("told twice: %d, %v", n, err)
		}
	})
}

func TestRolledBackIsNotTold(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, per := jane(t, d)
		err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			if err := notice.Queue(ctx, tx, root(t), notice.Notice{Program: prog.ID, Person: per.ID, Facts: notice.Applied{}}); err != nil {
				return err
			}
			return errors.New("the application failed")
		})
		if err == nil {
			t.Fatal("no error")
		}
		if n, err := notice.SendDue(ctx, d.DB, &post{}, root(t)); n != 0 || err != nil {
			t.Errorf("told of what did not happen: %d, %v", n, err)
		}
	})
}

func TestTriesAgain(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, per := jane(t, d)
		queue(t, d, notice.Notice{Program: prog.ID, Person: per.ID, Facts: notice.Applied{}})
		p := &post{fail: []error{errors.New("busy"), errors.New("busy")}}
		pass := func(after time.Duration, want int) {
			t.Helper()
			d.Clock.Advance(after)
			if n, _ := notice.SendDue(ctx, d.DB, p, root(t)); n != want {
				t.Errorf("after %s more: sent %d, want %d", after, n, want)
			}
		}
		pass(0, 0)
		pass(59*time.Second, 0)
		if len(p.fail) != 1 {
			t.Error("tried again before the pause was over")
		}
		pass(time.Second, 0) // the second try fails
		pass(4*time.Minute, 0)
		pass(time.Minute, 1)
		if len(p.fail) != 0 {
			t.Errorf("%d failures were not met", len(p.fail))
		}
	})
}

func TestGivesUp(t *testing.T) {
	t.Parallel()
	refused := errors.Join(mail.ErrPermanent, errors.New("no such mailbox"))
	busy := errors.New("busy")
	tests := []struct {
		name  string
		fail  []error
		facts notice.Facts
		wait  time.Duration // before each pass
		tries int
	}{
		{"refused for good", []error{refused, nil}, notice.Applied{}, 0, 1},
		{"too many tries", []error{busy, busy, busy, busy, busy, busy, busy, busy, nil}, notice.Approved{}, 12 * time.Hour, 8},
		{"stale", []error{busy, nil}, notice.SignIn{URL: "https://x.example"}, 10 * time.Minute, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
				_, per := jane(t, d)
				queue(t, d, notice.Notice{Person: per.ID, Facts: tt.facts})
				p := &post{fail: append([]error(nil), tt.fail...)}
				for range 12 {
					d.Clock.Advance(tt.wait)
					_, _ = notice.SendDue(ctx, d.DB, p, root(t))
				}
				left, err := db.All(ctx, d, db.Scalar[string], `select cast(tries as text) || facts from notices
					where failed_at is not null and sent_at is null`)
				if err != nil || len(left) != 1 {
					t.Fatalf("not given up: %v, %v", left, err)
				}
				if got := len(tt.fail) - len(p.fail); got != tt.tries || len(p.got) != 0 {
					t.Errorf("%d tries and %d sent, want %d and none", got, len(p.got), tt.tries)
				}
			})
		})
	}
}

// Several workers at once send each notice once.
func TestWorkersShare(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		prog, per := jane(t, d)
		const all = 50
		d.Write(t, func(tx *db.Tx) error {
			for i := range all {
				n := notice.Notice{Program: prog.ID, Person: per.ID, Cause: string(rune('A' + i)), Facts: notice.Applied{}}
				if err := notice.Queue(ctx, tx, root(t), n); err != nil {
					return err
				}
			}
			return nil
		})
		p := &post{}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range all {
					if n, err := notice.SendDue(ctx, d.DB, p, root(t)); err != nil || n == 0 {
						return
					}
				}
			})
		}
		wg.Wait()
		if _, err := notice.SendDue(ctx, d.DB, p, root(t)); err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, m := range p.got {
			seen[m.ID]++
		}
		if len(p.got) != all || len(seen) != all {
			t.Errorf("%d sent, %d different, want %d", len(p.got), len(seen), all)
		}
	})
}

// What people read is a golden file per kind.
func TestLetters(t *testing.T) {
	t.Parallel()
	d := dbtest.OpenSQLite(t)
	prog, per := jane(t, d)
	for name, facts := range map[string]notice.Facts{
		"applied": notice.Applied{},
		"approved": notice.Approved{
			Link: "https://go.acme.example/jane", Code: "JANE10",
			Discount:  text.S("%s off the plan %s", text.Percent(100_000), "Starter"),
			Dashboard: "https://acme.example/dashboard",
		},
		"approved-without-code": notice.Approved{Link: "https://go.acme.example/jane", Dashboard: "https://acme.example/dashboard"},
		"rejected":              notice.Rejected{Reason: "Your site is about <something> else."},
		"invited":               notice.Invited{By: "Max", Role: text.S("Your role: finance."), URL: "https://acme.example/enter/token"},
		"invited-by-program":    notice.Invited{By: prog.Name, URL: "https://acme.example/enter/token"},
		"sign-in":               notice.SignIn{URL: "https://acme.example/enter/token?a=1&b=2"},
	} {
		p := &post{}
		queue(t, d, notice.Notice{Program: prog.ID, Person: per.ID, Cause: name, Facts: facts})
		if n, err := notice.SendDue(ctx, d.DB, p, root(t)); n != 1 || err != nil {
			t.Fatalf("%s: sent %d, %v", name, n, err)
		}
		m := p.got[0]
		golden(t, name+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
		golden(t, name+".html", m.HTML)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (run with -update when it should change):\n%s", path, diff)
	}
}
