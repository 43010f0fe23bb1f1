package click_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tributary.example/click"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
)

var (
	now  = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	prog = id.New[id.Program](now)
	lnk  = id.New[id.Link](now)
)

func ring(t testing.TB) *click.Ring {
	t.Helper()
	return click.NewRing([]click.Key{{ID: 3, Serial: 1, Secret: []byte("first"), CreatedAt: now}})
}

func mint(t testing.TB, r *click.Ring, lnk id.Link, at time.Time) string {
	t.Helper()
	text, _, err := r.Mint(prog, lnk, at)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func parse(t testing.TB, text string) click.Token {
	t.Helper()
	tok, err := click.ParseToken(text)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestTokenSaysLinkAndTime(t *testing.T) {
	t.Parallel()
	r := ring(t)
	text, clk, err := r.Mint(prog, lnk, now.Add(1234567*time.Microsecond))
	if err != nil {
		t.Fatal(err)
	}
	if len(text) != click.TokenLength {
		t.Errorf("token has %d characters, want %d", len(text), click.TokenLength)
	}
	tok := parse(t, text)
	if tok.Click != clk || tok.Link != lnk || !tok.At.Equal(now.Add(1234*time.Millisecond)) || tok.KeyID != 3 {
		t.Errorf("got %+v", tok)
	}
	if got := r.Verify(tok, prog, now); got != click.Proven {
		t.Errorf("got %s", got)
	}
	if got := r.Verify(tok, id.New[id.Program](now), now); got != click.Forged {
		t.Errorf("for another program: got %s, want forged", got)
	}
	stranger := click.NewRing([]click.Key{{ID: 3, Serial: 1, Secret: []byte("other"), CreatedAt: now}})
	if got := stranger.Verify(tok, prog, now); got != click.Forged {
		t.Errorf("under another key: got %s, want forged", got)
	}
}

// TestTokenEachByte changes each character: it is refused or forged.
func TestTokenEachByte(t *testing.T) {
	t.Parallel()
	r := ring(t)
	text := mint(t, r, lnk, now)
	for i := range text {
		for _, c := range "Aa0_-.%" {
			changed := text[:i] + string(c) + text[i+1:]
			if changed == text {
				continue
			}
			tok, err := click.ParseToken(changed)
			if err == nil && r.Verify(tok, prog, now) != click.Forged {
				t.Errorf("%q in place of character %d is believed", c, i)
			}
		}
	}
	// The last character has four bits that say nothing: one text only is the token's.
	for c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		changed := text[:65] + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[c:c+1]
		if tok, err := click.ParseToken(changed); changed != text && err == nil && r.Verify(tok, prog, now) != click.Forged {
			t.Errorf("%s is believed beside %s", changed, text)
		}
	}
	for _, bad := range []string{"", text[1:], text + "A", strings.Repeat("A", 66), text[:65] + "\n"} {
		if _, err := click.ParseToken(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v, want invalid", bad, err)
		}
	}
}

func TestKeysGrowOld(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	old := click.Key{ID: 0, Serial: 1, Secret: []byte("old"), CreatedAt: now}
	next := click.Key{ID: 1, Serial: 2, Secret: []byte("new"), CreatedAt: now.Add(100 * day)}
	tok := parse(t, mint(t, click.NewRing([]click.Key{old}), lnk, now.Add(99*day)))

	alone := click.NewRing([]click.Key{old})
	if got := alone.Verify(tok, prog, now.Add(3000*day)); got != click.Proven {
		t.Errorf("a key that still signs: got %s", got)
	}
	both := click.NewRing([]click.Key{next, old})
	if got := both.Verify(tok, prog, now.Add((100+455)*day)); got != click.Proven {
		t.Errorf("window and grace after its successor: got %s", got)
	}
	if got := both.Verify(tok, prog, now.Add((100+455)*day+time.Second)); got != click.KeyExpired {
		t.Errorf("a second later: got %s", got)
	}
	if got := parse(t, mint(t, both, lnk, now.Add(101*day))).KeyID; got != 1 {
		t.Errorf("the newest key signs: got %d", got)
	}
	old.DenyBefore = now.Add(99*day + time.Hour)
	denied := click.NewRing([]click.Key{old, next})
	if got := denied.Verify(tok, prog, now.Add(102*day)); got != click.KeyExpired {
		t.Errorf("denied: got %s", got)
	}
}

func TestEligible(t *testing.T) {
	t.Parallel()
	window := 60 * 24 * time.Hour
	for _, tc := range []struct {
		event time.Duration
		want  bool
	}{
		{-5*time.Minute - 1, false}, {-5 * time.Minute, true}, {0, true}, {window - 1, true}, {window, false},
	} {
		if got := click.Eligible(now, now.Add(tc.event), window); got != tc.want {
			t.Errorf("event at %s: got %v, want %v", tc.event, got, tc.want)
		}
	}
}

func TestRingIsStoredSealedAndRotates(t *testing.T) {
	t.Parallel()
	root, _ := secret.NewRoot([]byte(strings.Repeat("k", 32)))
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		var first *click.Ring
		for range 2 {
			d.Write(t, func(tx *db.Tx) (err error) {
				first, err = click.EnsureRing(t.Context(), tx, root)
				return err
			})
		}
		var second *click.Ring
		d.Write(t, func(tx *db.Tx) (err error) {
			second, err = click.RotateRing(t.Context(), tx, root)
			return err
		})
		tok := parse(t, mint(t, first, lnk, now))
		if first.Equal(second) || tok.KeyID != 0 || parse(t, mint(t, second, lnk, now)).KeyID != 1 {
			t.Error("rotation made no new key")
		}
		loaded, err := click.LoadRing(t.Context(), d, root)
		if err != nil || !loaded.Equal(second) || loaded.Verify(tok, prog, now) != click.Proven {
			t.Errorf("loaded ring differs (%v)", err)
		}
		box, err := loaded.Seal(root)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := click.OpenRing(root, box)
		if err != nil || !opened.Equal(loaded) {
			t.Errorf("opened ring differs (%v)", err)
		}
		// All sixteen numbers in use: the next rotation must wait.
		err = d.DB.Write(t.Context(), dbtest.Actor, func(tx *db.Tx) error {
			for range 15 {
				if _, err := click.RotateRing(t.Context(), tx, root); err != nil {
					return err
				}
			}
			return errors.New("a seventeenth key has a number")
		})
		if !fault.Is(err, fault.Conflict) {
			t.Errorf("got %v, want a conflict", err)
		}
	})
}

func FuzzToken(f *testing.F) {
	f.Add(mint(f, ring(f), lnk, now))
	f.Fuzz(func(t *testing.T, text string) {
		tok, err := click.ParseToken(text)
		if err != nil {
			return
		}
		if again, err := click.ParseToken(text); err != nil || again != tok {
			t.Errorf("read twice: %+v, %+v", tok, again)
		}
	})
}
