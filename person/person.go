// Package person says who somebody is: a name and an e-mail address, the same
// in every program.
//
// Nouns: Person.
//
// Invariants:
//  1. One mailbox is one person: two spellings that a provider delivers to the
//     same mailbox find the same person.
//  2. An e-mail address is stored as it was written first, beside its normal
//     form; only the normal form is ever compared.
//
// It owns the table people. It must not know how somebody signs in, or what
// they are in a program.
package person

import (
	"context"
	"strings"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Person is somebody who can be staff of some programs and an affiliate in
// others.
type Person struct {
	ID          id.Person
	Name        string
	Email       string
	EmailNormal string
	CreatedAt   time.Time
}

const maxName = 120

const columns = `person_id, name, email, email_normal, created_at`

func scan(r db.Row) (Person, error) {
	var per Person
	err := r.Scan(&per.ID, &per.Name, &per.Email, &per.EmailNormal, &per.CreatedAt)
	return per, err
}

// Ensure finds the person with that mailbox, or creates one; created tells
// which. A name is taken from the first call that gives one. The kind of error
// is Invalid for an address or name that cannot be.
func Ensure(ctx context.Context, tx *db.Tx, name, email string) (per Person, created bool, err error) {
	email, err = ParseEmail(email)
	if err != nil {
		return Person{}, false, err
	}
	name, err = parseName(name)
	if err != nil {
		return Person{}, false, err
	}
	n, err := tx.Exec(ctx, `insert into people (person_id, name, email, email_normal, created_at)
		values ($1, $2, $3, $4, $5) on conflict (email_normal) do nothing`,
		id.New[id.Person](tx.Now()), name, email, NormalEmail(email), tx.Now())
	if err != nil {
		return Person{}, false, err
	}
	if n == 0 && name != "" {
		err = tx.Queue(ctx, `update people set name = $2 where email_normal = $1 and name = ''`, NormalEmail(email), name)
		if err != nil {
			return Person{}, false, err
		}
	}
	per, err = db.One(ctx, tx, scan, `select `+columns+` from people where email_normal = $1`, NormalEmail(email))
	return per, n == 1, err
}

// Get is the person with an id. The kind of error is NotFound.
func Get(ctx context.Context, r db.Reader, per id.Person) (Person, error) {
	p, ok, err := db.Lookup(ctx, r, scan, `select `+columns+` from people where person_id = $1`, per)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "There is no person %s.", string(per))
	}
	return p, err
}

// LookupEmail finds the person whose mailbox an address names, in whichever
// spelling.
func LookupEmail(ctx context.Context, r db.Reader, email string) (Person, bool, error) {
	return db.Lookup(ctx, r, scan, `select `+columns+` from people where email_normal = $1`, NormalEmail(email))
}

// Rename gives a person another name. The kinds of errors are Invalid and
// NotFound.
func Rename(ctx context.Context, tx *db.Tx, per id.Person, name string) error {
	name, err := parseName(name)
	if err != nil {
		return err
	}
	if name == "" {
		return fault.New(fault.Invalid, "A person needs a name.").Field("name")
	}
	n, err := tx.Exec(ctx, `update people set name = $2 where person_id = $1`, per, name)
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "There is no person %s.", string(per))
	}
	return err
}

// parseName trims a name and joins what it holds of white space; "" is a name
// not known yet.
func parseName(s string) (string, error) {
	name := strings.Join(strings.Fields(s), " ")
	switch {
	case len([]rune(name)) > maxName:
		return "", fault.New(fault.Invalid, "The name is longer than %s characters.", maxName).Field("name")
	case !printable(name):
		return "", fault.New(fault.Invalid, "The name holds characters that cannot be shown.").Field("name")
	}
	return name, nil
}
