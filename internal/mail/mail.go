// Package mail hands finished e-mails to a server, or to a folder where none
// is configured.
//
// Nouns: Message, Sender, SMTP, Folder.
//
// Invariants:
//  1. A message goes to one recipient.
//  2. A message's id is its Message-ID, so that a second hand-over of the same
//     message can be recognised.
//  3. Send's error says whether another try may help: see Permanent.
//
// It owns no tables and writes no words of its own.
package mail

import (
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Message is one e-mail to one recipient. HTML may be "".
type Message struct {
	To       string // the bare address
	ToName   string // or ""
	FromName string // shown instead of the sender's own name; or ""
	Subject  string
	Text     string
	HTML     string
	ID       string // left part of the Message-ID; the same for each try
}

// Sender hands messages on. The two that ship are SMTP and Folder.
type Sender interface {
	// Send returns when the message was taken over. See Permanent for errors
	// that no further try mends.
	Send(ctx context.Context, m Message) error
}

// From is who sends: "Name <address>" or an address.
type From string

// ErrPermanent is in the chain of errors that another try does not mend: the
// server refused the recipient or the message for good, or it is malformed.
var ErrPermanent = errors.New("the message was refused for good")

// Permanent reports whether another try is useless.
func Permanent(err error) bool { return errors.Is(err, ErrPermanent) }

func build(from From, m Message, at time.Time) (*gomail.Msg, error) {
	sender, err := mail.ParseAddress(string(from))
	if err != nil {
		return nil, fmt.Errorf("sender's address %q: %w", from, err)
	}
	if m.FromName != "" {
		sender.Name = oneLine(m.FromName)
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(sender)
	to, err := mail.ParseAddress((&mail.Address{Name: m.ToName, Address: m.To}).String())
	if err != nil {
		return nil, errors.Join(ErrPermanent, fmt.Errorf("recipient's address: %w", err))
	}
	msg.ToMailAddress(to)
	msg.Subject(oneLine(m.Subject))
	msg.SetDateWithValue(at)
	if m.ID != "" {
		_, host, _ := strings.Cut(sender.Address, "@")
		msg.SetMessageIDWithValue(m.ID + "@" + host)
	} else {
		msg.SetMessageID()
	}
	// Answers by robots are of no use to anybody (RFC 3834).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	return msg, nil
}

// oneLine keeps a subject from ending its header.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// Security is how a connection to the mail server is protected.
type Security string

// The kinds of security.
const (
	StartTLS Security = "starttls" // plain, then TLS or nothing
	TLS      Security = "tls"      // TLS from the beginning
	NoTLS    Security = "none"     // for a server on the same machine
)

// SMTP sends through a mail server, one connection per message.
type SMTP struct {
	Host     string
	Port     int // 0 is the security's usual port
	Security Security
	User     string // "" does not sign in
	Password string
	From     From
	Hello    string        // the name to say; "" is the machine's
	Timeout  time.Duration // 0 is 20 seconds
	Clock    func() time.Time
}

// Send hands the message to the server.
func (s SMTP) Send(ctx context.Context, m Message) error {
	msg, err := build(s.From, m, now(s.Clock))
	if err != nil {
		return err
	}
	client, err := gomail.NewClient(s.Host, s.options()...)
	if err != nil {
		return fmt.Errorf("mail server %s: %w", s.Host, err)
	}
	// A connection that breaks after the message was taken over is no failure:
	// another try would send it twice.
	if err := client.DialAndSendWithContext(ctx, msg); err != nil && !msg.IsDelivered() {
		return fmt.Errorf("send through %s: %w", s.Host, graded(err))
	}
	return nil
}

func (s SMTP) options() []gomail.Option {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = 20 * time.Second
	}
	options := []gomail.Option{gomail.WithTimeout(timeout), gomail.WithoutNoop()}
	switch s.Security {
	case TLS:
		options = append(options, gomail.WithSSLPort(false))
	case NoTLS:
		options = append(options, gomail.WithTLSPortPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPortPolicy(gomail.TLSMandatory))
	}
	if s.Port != 0 {
		options = append(options, gomail.WithPort(s.Port))
	}
	if s.Hello != "" {
		options = append(options, gomail.WithHELO(s.Hello))
	}
	if s.User != "" {
		// Auto-discovery never sends a password in clear over a connection
		// without TLS.
		options = append(options, gomail.WithUsername(s.User), gomail.WithPassword(s.Password),
			gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover))
	}
	return options
}

// graded marks what the server refused with a 5xx to the recipient or the
// message. Trouble with the connection or the sign-in may pass.
func graded(err error) error {
	var send *gomail.SendError
	if !errors.As(err, &send) || send.IsTemp() {
		return err
	}
	switch send.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		return errors.Join(ErrPermanent, err)
	}
	return err
}

// Folder writes each message as an .eml file, for an installation without a
// mail server and for trying out.
type Folder struct {
	Dir   string
	From  From
	Clock func() time.Time
}

// Send writes the file; its name begins with the time, so that the newest is
// last.
func (f Folder) Send(_ context.Context, m Message) error {
	at := now(f.Clock)
	msg, err := build(f.From, m, at)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return fmt.Errorf("folder of mails: %w", err)
	}
	file, err := os.CreateTemp(f.Dir, ".new-*")
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	_, err = msg.WriteTo(file)
	name := at.UTC().Format("20060102T150405.000000Z") + "-" + plain(m.ID) + ".eml"
	err = errors.Join(err, file.Close())
	if err == nil {
		err = os.Rename(file.Name(), filepath.Join(f.Dir, name))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write mail: %w", err), os.Remove(file.Name()))
	}
	return nil
}

// plain keeps what any file system takes as a name.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, s)
}

func now(clock func() time.Time) time.Time {
	if clock == nil {
		return time.Now()
	}
	return clock()
}
