package notice

import (
	"encoding/json"
	"time"

	"tributary.example/internal/text"
)

// Kind is what a notice tells.
type Kind string

// The kinds of notices.
const (
	KindApplied  Kind = "applied"
	KindApproved Kind = "approved"
	KindRejected Kind = "rejected"
	KindInvited  Kind = "invited"
	KindSignIn   Kind = "sign_in"
)

// Facts are what one kind of notice needs to be written: one of the structs
// below.
type Facts interface {
	kind() Kind
	letter(from string) letter
}

// letter is an e-mail before it has words.
type letter struct {
	subject text.Sentence
	lines   []text.Sentence
	rows    []row // what is there to copy
	button  text.Sentence
	url     string
	after   []text.Sentence // below the button, smaller
}

type row struct{ name, value text.Sentence }

// kinds is how each kind is read back, and for how long its news is fresh.
var kinds = map[Kind]struct {
	read  func([]byte) (Facts, error)
	fresh time.Duration
}{
	KindApplied:  {read[Applied], 3 * day},
	KindApproved: {read[Approved], 7 * day},
	KindRejected: {read[Rejected], 7 * day},
	KindInvited:  {read[Invited], 14 * day},
	KindSignIn:   {read[SignIn], 15 * time.Minute},
}

const day = 24 * time.Hour

func read[T Facts](b []byte) (Facts, error) {
	var f T
	err := json.Unmarshal(b, &f)
	return f, err
}

// Applied tells an applicant that the application arrived.
type Applied struct{}

func (Applied) kind() Kind { return KindApplied }

func (Applied) letter(from string) letter {
	return letter{
		subject: text.S("Your application to %s", from),
		lines: []text.Sentence{
			text.S("Thank you for applying to the affiliate program of %s.", from),
			text.S("Somebody looks at each application. You get an e-mail as soon as it is decided."),
		},
	}
}

// Approved tells an affiliate of the link and the code that are ready.
type Approved struct {
	Link      string        // the address of the default link
	Code      string        // or ""
	Discount  text.Sentence // what the code gives the customer; zero without a code
	Dashboard string        // the address to go to
}

func (Approved) kind() Kind { return KindApproved }

func (f Approved) letter(from string) letter {
	l := letter{
		subject: text.S("Welcome to the affiliate program of %s", from),
		lines: []text.Sentence{
			text.S("You are approved, and everything is ready to share."),
		},
		rows:   []row{{text.S("Your link"), text.S("%s", f.Link)}},
		button: text.S("Open your dashboard"),
		url:    f.Dashboard,
	}
	if f.Code == "" {
		return l
	}
	l.rows = append(l.rows, row{text.S("Your code"), text.S("%s", f.Code)})
	if !f.Discount.IsZero() {
		l.rows = append(l.rows, row{text.S("What it gives"), f.Discount})
	}
	l.lines = append(l.lines, text.S("Share the link where many read it, and tell the code where you talk to somebody. Both count the same for you."))
	return l
}

// Rejected tells an applicant of the decision.
type Rejected struct {
	Reason string // in the merchant's words, or ""
}

func (Rejected) kind() Kind { return KindRejected }

func (f Rejected) letter(from string) letter {
	l := letter{
		subject: text.S("Your application to %s", from),
		lines: []text.Sentence{
			text.S("Thank you for your interest in the affiliate program of %s.", from),
			text.S("Your application was not accepted."),
		},
	}
	if f.Reason != "" {
		l.lines = append(l.lines, text.S("The reason: %s", f.Reason))
	}
	return l
}

// Invited asks somebody to come in for the first time.
type Invited struct {
	By   string // who invites, or ""
	Role text.Sentence
	URL  string // with the one-time link
}

func (Invited) kind() Kind { return KindInvited }

func (f Invited) letter(from string) letter {
	l := letter{
		subject: text.S("Your invitation to %s", from),
		lines:   []text.Sentence{text.S("You are invited to %s.", from)},
		button:  text.S("Accept the invitation"),
		url:     f.URL,
		after:   []text.Sentence{text.S("The link works once, within 14 days. If you did not expect it, ignore this e-mail.")},
	}
	switch f.By {
	case "":
	case from: // a program speaks for itself
		l.lines = []text.Sentence{text.S("%s invites you to its affiliate program, with a link and a code of your own.", from)}
	default:
		l.lines = []text.Sentence{text.S("%s invites you to %s.", f.By, from)}
	}
	if !f.Role.IsZero() {
		l.lines = append(l.lines, f.Role)
	}
	return l
}

// SignIn lets a person in without a password.
type SignIn struct {
	URL string // with the one-time link
}

func (SignIn) kind() Kind { return KindSignIn }

func (f SignIn) letter(from string) letter {
	return letter{
		subject: text.S("Sign in to %s", from),
		lines:   []text.Sentence{text.S("Here is the link you asked for.")},
		button:  text.S("Sign in"),
		url:     f.URL,
		after: []text.Sentence{
			text.S("It works once, within 15 minutes. If you did not ask for it, ignore this e-mail: nobody can sign in without it."),
		},
	}
}
