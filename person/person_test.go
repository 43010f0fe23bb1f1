package person

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/fault"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"jane@example.com", "jane@example.com"},
		{"  Jane.Doe@Example.COM ", "Jane.Doe@example.com"},
		{"jane+shop@mail.example.co.uk", "jane+shop@mail.example.co.uk"},
		{"o'neil@example.com", "o'neil@example.com"},
		{"jörg@example.com", "jörg@example.com"},
		{"jane@münchen.example", "jane@münchen.example"},
		{"jane@shop.localhost", "jane@shop.localhost"},
		{"", ""},
		{"jane", ""},
		{"jane@", ""},
		{"@example.com", ""},
		{"jane@example", ""},
		{"jane@@example.com", ""},
		{"Jane <jane@example.com>", ""},
		{"jane@example.com, omar@example.com", ""},
		{"jane doe@example.com", ""},
		{"jane@exa mple.com", ""},
		{"jane@-example.com", ""},
		{"jane@example..com", ""},
		{"jane@[127.0.0.1]", ""},
		{"jane\n@example.com", ""},
		{strings.Repeat("a", 65) + "@example.com", ""},
		{"jane@" + strings.Repeat("a.", 130) + "com", ""},
	}
	for _, tt := range tests {
		got, err := ParseEmail(tt.in)
		if got != tt.want || (tt.want == "") != fault.Is(err, fault.Invalid) {
			t.Errorf("ParseEmail(%q) = %q, %v, want %q", tt.in, got, err, tt.want)
		}
	}
}

func TestNormalEmail(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{"Jane@Example.com", "jane@example.com"},
		{"jane+shop@example.com", "jane@example.com"},
		{"j.ane@example.com", "j.ane@example.com"},
		{"J.A.N.E+x+y@GoogleMail.com", "jane@gmail.com"},
		{"jane.doe@pm.me", "janedoe@proton.me"},
		{"+tag@example.com", "+tag@example.com"},
		{"JANE@MÜNCHEN.example", "jane@xn--mnchen-3ya.example"},
		{"jane@xn--mnchen-3ya.example", "jane@xn--mnchen-3ya.example"},
		{"ｊａｎｅ@example.com", "jane@example.com"},
		{"", ""},
		{"no address", "no address"},
	}
	for _, tt := range tests {
		if got := NormalEmail(tt.in); got != tt.want {
			t.Errorf("NormalEmail(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestMaskEmail(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"jane@example.com": "j•••@example.com", "örn@example.com": "ö•••@example.com", "x": "•••"} {
		if got := MaskEmail(in); got != want {
			t.Errorf("MaskEmail(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestAnEndlessDomainCostsNothing keeps a stranger from buying our time with
// one form: converting this domain takes 17 seconds.
func TestAnEndlessDomainCostsNothing(t *testing.T) {
	t.Parallel()
	var label strings.Builder
	for c := '\u4e00'; c < '\u9e00'; c++ {
		label.WriteRune(c)
	}
	start := time.Now()
	NormalEmail("a@" + strings.Repeat(label.String(), 5))
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{"jane@example.com", "J.D+x@googlemail.com", "a@b@c", "ẞ@ẞ.example", "@", "+@gmail.com", ".@gmail.com", "İ@x.y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parsed, err := ParseEmail(s)
		if err != nil {
			return
		}
		if again, err := ParseEmail(parsed); err != nil || again != parsed {
			t.Fatalf("ParseEmail(%q) = %q, %v, want itself", parsed, again, err)
		}
		normal := NormalEmail(parsed)
		if again := NormalEmail(normal); again != normal {
			t.Fatalf("NormalEmail(%q) = %q, but normalising that gives %q", parsed, normal, again)
		}
		if NormalEmail(s) != normal {
			t.Fatalf("NormalEmail(%q) = %q, but of the parsed form %q", s, NormalEmail(s), normal)
		}
	})
}

func TestEnsureFindsTheSameMailbox(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		var first, second Person
		var firstNew, secondNew bool
		d.Write(t, func(tx *db.Tx) (err error) {
			first, firstNew, err = Ensure(ctx, tx, "", "Jane.Doe@gmail.com")
			return err
		})
		d.Write(t, func(tx *db.Tx) (err error) {
			second, secondNew, err = Ensure(ctx, tx, " Jane \t Doe ", "janedoe+shop@googlemail.com")
			return err
		})
		if !firstNew || secondNew {
			t.Errorf("created %v, %v, want true, false", firstNew, secondNew)
		}
		want := first
		want.Name = "Jane Doe"
		if diff := cmp.Diff(want, second); diff != "" {
			t.Errorf("the same mailbox (-want +got):\n%s", diff)
		}
		got, err := Get(ctx, d, first.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("Get: %v\n%s", err, diff)
		}
		if _, ok, err := LookupEmail(ctx, d, "JANEDOE@GMAIL.COM"); !ok || err != nil {
			t.Errorf("LookupEmail found %v, %v", ok, err)
		}
		if _, err := Get(ctx, d, "per_nobody"); !fault.Is(err, fault.NotFound) {
			t.Errorf("Get of nobody: %v", err)
		}
	})
}

func TestRename(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		var per Person
		d.Write(t, func(tx *db.Tx) (err error) {
			per, _, err = Ensure(ctx, tx, "Jane", "jane@example.com")
			if err != nil {
				return err
			}
			return Rename(ctx, tx, per.ID, "Jane Doe")
		})
		got, err := Get(ctx, d, per.ID)
		if err != nil || got.Name != "Jane Doe" {
			t.Errorf("name %q, %v", got.Name, err)
		}
		for name, want := range map[string]fault.Kind{"": fault.Invalid, "x\x00": fault.Invalid, strings.Repeat("x", 121): fault.Invalid} {
			err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error { return Rename(ctx, tx, per.ID, name) })
			if !fault.Is(err, want) {
				t.Errorf("Rename(%q): %v, want %s", name, err, want)
			}
		}
	})
}
