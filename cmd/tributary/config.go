package main

import (
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tributary.example/internal/fault"
	"tributary.example/internal/mail"
	"tributary.example/internal/secret"
	"tributary.example/internal/serve"
)

// config is what every command that opens the installation needs. The tags
// are the reference: `tributary serve --help` prints them with the variables.
type config struct {
	Data         string `default:"./data" help:"Folder of everything that is kept."`
	Database     string `default:"" help:"postgres://… instead of SQLite in the data folder."`
	NATS         string `name:"nats" default:"" help:"nats://… of a JetStream server instead of the one in the process."`
	RootKey      string `default:"" help:"64 hexadecimal digits; the default is the file root.key in the data folder."`
	JournalMaxMB int64  `name:"journal-max-mb" default:"0" help:"Most that the click journal holds, in MB, before it removes stored clicks early; 0 keeps 35 days."`
	LogLevel     string `default:"" enum:",debug,info,warn,error" help:"debug, info, warn or error; info, and warn in the demo, whose terminal tells a story."`

	RootKeyFile string `default:"" hidden:""`
	// TestClock names a file with the time, for stories that move it.
	TestClock string `default:"" hidden:""`
	// TestAckWait makes each redirect wait that long for the journal, so that
	// every answer is an acknowledged one.
	TestAckWait time.Duration `default:"0" hidden:""`
	// TestNoSync lets the journal answer before its data is on disk: a proof
	// that we sync must fail with it.
	TestNoSync bool `hidden:""`
}

// serveConfig is what a running server needs besides.
type serveConfig struct {
	config
	Listen         string   `default:"127.0.0.1:8080" help:"Address of dashboards and API."`
	EdgeListen     string   `default:"127.0.0.1:8081" help:"Address of the edge: tracking links and t.js."`
	URL            string   `name:"url" default:"" help:"Public address of dashboards and API; the default is http:// and the listening address."`
	TrustedProxies []string `help:"Addresses or networks whose X-Forwarded-For is believed."`
	CountryFile    string   `default:"" help:"Database in MaxMind's format, such as GeoLite2-Country.mmdb; without it clicks have no country."`
	BlockedNets    []string `help:"Addresses or networks whose clicks are not counted."`
	SMTP           string   `name:"smtp" default:"" help:"smtp://user:password@host:587; without it, mail is written as files into the data folder."`
	SMTPFile       string   `name:"smtp-file" default:"" hidden:""`
	MailFrom       string   `default:"Tributary <tributary@localhost>" help:"Sender of mail."`
}

// databaseURL is the address of the books.
func (c config) databaseURL() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Data, "tributary.db")
}

// clicksURL is the address of the click store: a second file on SQLite, ""
// when it is in the books' database.
func (c config) clicksURL() string {
	if c.Database != "" {
		return ""
	}
	return filepath.Join(c.Data, "clicks.db")
}

func (c config) root() (secret.Root, error) {
	hexKey, err := orFile(c.RootKey, c.RootKeyFile)
	if err != nil {
		return secret.Root{}, err
	}
	if hexKey == "" {
		return secret.LoadRoot(filepath.Join(c.Data, "root.key"))
	}
	root, err := secret.ParseRoot(hexKey)
	if err != nil {
		return root, fault.New(fault.Invalid, "TRIBUTARY_ROOT_KEY is not a root key.").
			Hint("It has 64 hexadecimal digits, as in the file root.key.")
	}
	return root, nil
}

// orFile is a secret given as it is, or as the name of a file that holds it.
func orFile(value, path string) (string, error) {
	if value != "" || path == "" {
		return value, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fault.New(fault.Invalid, "The file %s cannot be read.", path).Because(err)
	}
	return strings.TrimSpace(string(b)), nil
}

func (c config) logger() *slog.Logger {
	var level slog.Level                        // info
	_ = level.UnmarshalText([]byte(c.LogLevel)) // kong has checked the word
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// check reports all mistakes of the settings together.
func (c serveConfig) check() error {
	var l fault.List
	for name, address := range map[string]string{"TRIBUTARY_LISTEN": c.Listen, "TRIBUTARY_EDGE_LISTEN": c.EdgeListen} {
		if _, _, err := net.SplitHostPort(address); err != nil {
			l.Add(fault.New(fault.Invalid, "%s is no address to listen on: %s.", name, address).Hint("Write host:port, such as 127.0.0.1:8080."))
		}
	}
	if u, err := url.Parse(c.publicURL()); err != nil || u.Host == "" || u.Path != "" {
		l.Add(fault.New(fault.Invalid, "TRIBUTARY_URL is not an address: %s.", c.URL).Hint("Write something like https://affiliates.your-shop.com."))
	}
	for _, nets := range [][]string{c.TrustedProxies, c.BlockedNets} {
		if _, err := serve.ParseProxies(nets); err != nil {
			if err := l.Check(err); err != nil {
				return err
			}
		}
	}
	if _, err := c.sender(); err != nil {
		if err := l.Check(err); err != nil {
			return err
		}
	}
	return l.Err()
}

// publicURL is where people reach the dashboards, without a slash at the end.
func (c serveConfig) publicURL() string {
	if c.URL != "" {
		return strings.TrimSuffix(c.URL, "/")
	}
	return "http://" + c.Listen
}

// edgePort is ":8081", or "" for the ports that browsers leave out.
func (c serveConfig) edgePort() string {
	_, port, _ := net.SplitHostPort(c.EdgeListen)
	if port == "80" || port == "443" {
		return ""
	}
	return ":" + port
}

// unsentMail is where mail stays while no mail server is set, "" when one is.
func (c serveConfig) unsentMail() string {
	if c.SMTP != "" || c.SMTPFile != "" {
		return ""
	}
	return filepath.Join(c.Data, "mail")
}

// mailsTo says where e-mails go: nobody gets one that stays in a folder.
func (c serveConfig) mailsTo() string {
	if folder := c.unsentMail(); folder != "" {
		return "kept as files in " + folder + "; set TRIBUTARY_SMTP to send it"
	}
	return "sent by the server in TRIBUTARY_SMTP"
}

// sender sends mail by SMTP, or writes it into the data folder.
func (c serveConfig) sender() (mail.Sender, error) {
	address, err := orFile(c.SMTP, c.SMTPFile)
	if err != nil {
		return nil, err
	}
	if address == "" {
		return mail.Folder{Dir: filepath.Join(c.Data, "mail"), From: mail.From(c.MailFrom)}, nil
	}
	return smtpSender(address, mail.From(c.MailFrom))
}

// smtpSender reads smtp://user:password@host:587 or smtps://…; a server on
// this machine may be spoken to without TLS.
func smtpSender(address string, from mail.From) (mail.Sender, error) {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		// The address holds a password: it is not repeated.
		return nil, fault.New(fault.Invalid, "TRIBUTARY_SMTP is not the address of a mail server.").
			Hint("Write smtp://user:password@host:587, or smtps:// for TLS from the beginning.")
	}
	s := mail.SMTP{Host: u.Hostname(), Security: mail.StartTLS, User: u.User.Username(), From: from}
	s.Password, _ = u.User.Password()
	s.Port, _ = strconv.Atoi(u.Port())
	if ip := net.ParseIP(s.Host); s.Host == "localhost" || ip != nil && ip.IsLoopback() {
		s.Security = mail.NoTLS
	}
	if u.Scheme == "smtps" {
		s.Security = mail.TLS
	}
	return s, nil
}
