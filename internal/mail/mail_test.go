package mail_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	ours "tributary.example/internal/mail"
)

var (
	at      = func() time.Time { return time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC) }
	message = ours.Message{
		To: "jane@example.com", ToName: "Jane Dõe", Subject: "Your link\r\nBcc: all@example.com",
		Text: "Hello Jane,\n.\nyour link is ready.", HTML: "<p>Hello Jane</p>", ID: "ntc_01",
	}
)

// post is a real mail server that keeps what it gets.
type post struct {
	mu             sync.Mutex
	from, to, user string
	data           string
	refuse         *smtp.SMTPError // on RCPT
	refuseData     *smtp.SMTPError
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) {
	return session{p}, nil
}

type session struct{ p *post }

func (session) Reset()        {}
func (session) Logout() error { return nil }

func (s session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "right" {
			return errors.New("wrong password")
		}
		s.p.user = user
		return nil
	}), nil
}

func (s session) Mail(from string, _ *smtp.MailOptions) error { s.p.from = from; return nil }

func (s session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.p.refuse != nil {
		return s.p.refuse
	}
	s.p.to += to
	return nil
}

func (s session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.p.data = string(b)
	if s.p.refuseData != nil {
		return s.p.refuseData
	}
	return err
}

func listen(t *testing.T, p *post) ours.SMTP {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(p)
	server.AllowInsecureAuth = true
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return ours.SMTP{
		Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Security: ours.NoTLS,
		From: "Acme partners <hello@acme.example>", Timeout: 5 * time.Second, Clock: at,
	}
}

func TestSMTPDeliversOneMessageToOneRecipient(t *testing.T) {
	t.Parallel()
	p := &post{}
	if err := listen(t, p).Send(context.Background(), message); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"hello@acme.example", "jane@example.com"}, []string{p.from, p.to}); diff != "" {
		t.Error(diff)
	}
	checkMessage(t, p.data)
}

func checkMessage(t *testing.T, data string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{
		"subject": subject, "bcc": m.Header.Get("Bcc"), "id": m.Header.Get("Message-Id"),
		"to": to[0].Name + " " + to[0].Address, "auto": m.Header.Get("Auto-Submitted"), "date": m.Header.Get("Date"),
	}
	want := map[string]string{
		"subject": "Your link Bcc: all@example.com", "bcc": "", "id": "<ntc_01@acme.example>",
		"to": "Jane Dõe jane@example.com", "auto": "auto-generated", "date": "Mon, 02 Mar 2026 10:00:00 +0000",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{"your link is ready.", "<p>Hello Jane</p>", "multipart/alternative"} {
		if !strings.Contains(data, part) {
			t.Errorf("the message lacks %q:\n%s", part, data)
		}
	}
}

func TestSMTPRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		post      *post
		permanent bool
	}{
		{"no such mailbox", &post{refuse: &smtp.SMTPError{Code: 550, Message: "no such mailbox"}}, true},
		{"greylisted", &post{refuse: &smtp.SMTPError{Code: 451, Message: "later"}}, false},
		{"content refused", &post{refuseData: &smtp.SMTPError{Code: 554, Message: "spam"}}, true},
		{"content deferred", &post{refuseData: &smtp.SMTPError{Code: 452, Message: "full"}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := listen(t, tt.post).Send(context.Background(), message)
			if err == nil {
				t.Fatal("no error")
			}
			if got := ours.Permanent(err); got != tt.permanent {
				t.Errorf("permanent: got %v, want %v: %v", got, tt.permanent, err)
			}
		})
	}
}

func TestSMTPSignIn(t *testing.T) {
	t.Parallel()
	// go-mail refuses to send a password in clear, so a server without TLS
	// never sees it.
	p := &post{}
	s := listen(t, p)
	s.User, s.Password = "acme", "right"
	err := s.Send(context.Background(), message)
	if err == nil || p.user != "" {
		t.Errorf("the password went over a plain connection: user %q, error %v", p.user, err)
	}
	if ours.Permanent(err) {
		t.Error("trouble with the sign-in must be tried again after the operator mends it")
	}
}

func TestStartTLSIsNotOptional(t *testing.T) {
	t.Parallel()
	p := &post{}
	s := listen(t, p)
	s.Security = ours.StartTLS
	if err := s.Send(context.Background(), message); err == nil || p.data != "" {
		t.Errorf("sent without TLS: %v", err)
	}
}

func TestUnreachableServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	err = ours.SMTP{Host: "127.0.0.1", Port: port, Security: ours.NoTLS, From: "a@b.example"}.Send(context.Background(), message)
	if err == nil || ours.Permanent(err) {
		t.Errorf("got %v, want an error that may pass", err)
	}
}

func TestFolder(t *testing.T) {
	t.Parallel()
	f := ours.Folder{Dir: filepath.Join(t.TempDir(), "mail"), From: "Acme partners <hello@acme.example>", Clock: at}
	odd := message
	odd.ID = "../../ntc"
	for _, m := range []ours.Message{message, odd} {
		if err := f.Send(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{"20260302T100000.000000Z-------ntc.eml", "20260302T100000.000000Z-ntc_01.eml"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Fatal(diff)
	}
	data, err := os.ReadFile(filepath.Join(f.Dir, names[1]))
	if err != nil {
		t.Fatal(err)
	}
	checkMessage(t, string(data))
}

func TestBadRecipientIsPermanent(t *testing.T) {
	t.Parallel()
	for _, to := range []string{"", "no address", "a@b\r\nRCPT TO:<c@d>"} {
		m := message
		m.To = to
		if err := (ours.Folder{Dir: t.TempDir(), From: "a@b.example"}).Send(context.Background(), m); !ours.Permanent(err) {
			t.Errorf("%q: got %v, want a permanent error", to, err)
		}
	}
}
