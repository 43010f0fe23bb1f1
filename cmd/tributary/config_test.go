package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tributary.example/internal/fault"
	"tributary.example/internal/mail"
)

func sound(t *testing.T) serveConfig {
	return serveConfig{
		config: config{Data: t.TempDir()}, Listen: "127.0.0.1:8080", EdgeListen: "127.0.0.1:8081",
		MailFrom: "Shop <shop@example.com>",
	}
}

func TestCheckTellsAllMistakesTogether(t *testing.T) {
	t.Parallel()
	if err := sound(t).check(); err != nil {
		t.Fatalf("sound settings: %v", err)
	}
	c := sound(t)
	c.Listen, c.URL, c.SMTP, c.TrustedProxies = "8080", "shop", "mail.example.com", []string{"nowhere"}
	f, ok := fault.As(c.check())
	if !ok || f.Kind != fault.Invalid {
		t.Fatalf("check() = %v", c.check())
	}
	if got := 1 + len(f.Also); got != 4 {
		t.Errorf("%d mistakes told, want 4: %v %v", got, f, f.Also)
	}
	for _, e := range append([]*fault.Error{f}, f.Also...) {
		if e.Advice.IsZero() {
			t.Errorf("no hint for %v", e)
		}
	}
}

func TestSMTPSender(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want mail.SMTP
		ok   bool
	}{
		"smtp://ann:p%40ss@mail.example.com:2525": {mail.SMTP{Host: "mail.example.com", Port: 2525, Security: mail.StartTLS, User: "ann", Password: "p@ss"}, true},
		"smtps://mail.example.com":                {mail.SMTP{Host: "mail.example.com", Security: mail.TLS}, true},
		"smtp://127.0.0.1:1025":                   {mail.SMTP{Host: "127.0.0.1", Port: 1025, Security: mail.NoTLS}, true},
		"http://mail.example.com":                 {mail.SMTP{}, false},
		"mail.example.com:25":                     {mail.SMTP{}, false},
	}
	for address, tt := range tests {
		got, err := smtpSender(address, "")
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if s, ok := got.(mail.SMTP); tt.ok && (!ok || s.Host != tt.want.Host || s.Port != tt.want.Port ||
			s.Security != tt.want.Security || s.User != tt.want.User || s.Password != tt.want.Password) {
			t.Errorf("%s: %+v, want %+v", address, got, tt.want)
		}
	}
	if _, err := smtpSender("smtp://ann:secret@", ""); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is repeated: %v", err)
	}
}

func TestSecretsFromFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(strings.Repeat("ab", 32)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fromFile, err := config{RootKeyFile: path}.root()
	if err != nil {
		t.Fatal(err)
	}
	given, err := config{RootKey: strings.Repeat("ab", 32)}.root()
	if err != nil || given != fromFile {
		t.Errorf("the file's key is another: %v", err)
	}
	for _, c := range []config{{RootKeyFile: path + ".missing"}, {RootKey: "abc"}} {
		if _, err := c.root(); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestClockFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "clock")
	if _, err := (config{TestClock: path}).clock(); !fault.Is(err, fault.Invalid) {
		t.Errorf("a clock without a file: %v", err)
	}
	for _, text := range []string{"2030-01-14T09:00:00Z", "2030-02-14T09:00:00Z"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		now, err := config{TestClock: path}.clock()
		if err != nil || now().Format(time.RFC3339) != text {
			t.Errorf("the clock says %v, want %s; %v", now(), text, err)
		}
	}
}

func TestTogetherEndsAllWhenOneFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	ended := false
	err := together(context.Background(),
		func(ctx context.Context) error { <-ctx.Done(); ended = true; return nil },
		func(context.Context) error { return broken },
	)
	if err != broken || !ended {
		t.Errorf("together = %v, the other ended: %v", err, ended)
	}
}

func TestAskedToEndWhileBeginningIsNoFailure(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(context.Background())
	err := together(ctx,
		func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		func(context.Context) error { stop(); return nil },
	)
	if err != nil {
		t.Errorf("together = %v", err)
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	tests := map[error]int{
		nil: 0, errBroken: 3, errors.New("disk"): 1,
		fault.New(fault.Invalid, "Wrong."): 2, fault.New(fault.Unavailable, "Busy."): 1,
	}
	for err, want := range tests {
		if got := tell(err); got != want {
			t.Errorf("%v ends with %d, want %d", err, got, want)
		}
	}
}

func TestTheTerminalSaysWhereMailGoes(t *testing.T) {
	t.Parallel()
	c := sound(t)
	if got, want := c.mailsTo(), "kept as files in "+filepath.Join(c.Data, "mail"); !strings.HasPrefix(got, want) {
		t.Errorf("without a mail server: %q, want it to begin with %q", got, want)
	}
	c.SMTPFile = "smtp.secret"
	if got := c.mailsTo(); strings.Contains(got, "files") {
		t.Errorf("with a mail server: %q", got)
	}
}
