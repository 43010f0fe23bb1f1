package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/person"
)

// The cost of a new hash, as RFC 9106 and the OWASP password storage cheat
// sheet have it for servers with little memory.
const (
	argonMemory  = 19 << 10 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
	argonSalt    = 16

	shortestPassword = 10  // characters
	longestPassword  = 256 // bytes
	hashesAtOnce     = 4   // times argonMemory is what sign-ins can cost
)

// Hash is a password's hash in the PHC string format.
type Hash string

// hashing caps how many hashes are computed at once.
var hashing = make(chan struct{}, hashesAtOnce)

// HashPassword computes the hash of a new password. It is slow on purpose: call
// it outside of a transaction. The kind of error is Invalid.
func HashPassword(ctx context.Context, plain string) (Hash, error) {
	switch {
	case utf8.RuneCountInString(plain) < shortestPassword:
		return "", fault.New(fault.Invalid, "The password is shorter than %s characters.", shortestPassword).
			Field("password").Hint("A few unrelated words make a good one.")
	case len(plain) > longestPassword:
		return "", fault.New(fault.Invalid, "The password is longer than %s bytes.", longestPassword).Field("password")
	}
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	cost := cost{argonMemory, argonTime, argonThreads}
	sum, err := cost.sum(ctx, plain, salt, argonKey)
	if err != nil {
		return "", err
	}
	return Hash(fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, cost.memory, cost.time, cost.threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))), nil
}

type cost struct {
	memory, time uint32
	threads      uint8
}

func (c cost) sum(ctx context.Context, plain string, salt []byte, size int) ([]byte, error) {
	select {
	case hashing <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(plain), salt, c.time, c.memory, c.threads, uint32(size)), nil
}

// matches reports whether the hash is of that password.
func (h Hash) matches(ctx context.Context, plain string) (bool, error) {
	fields := strings.Split(string(h), "$")
	if len(fields) != 6 || fields[1] != "argon2id" {
		return false, fmt.Errorf("stored password has an unknown form")
	}
	var version int
	var c cost
	_, err := fmt.Sscanf(fields[2]+" "+fields[3], "v=%d m=%d,t=%d,p=%d", &version, &c.memory, &c.time, &c.threads)
	if err != nil || version != argon2.Version {
		return false, fmt.Errorf("stored password has an unknown version: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(fields[4])
	if err != nil {
		return false, fmt.Errorf("stored password's salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil {
		return false, fmt.Errorf("stored password's sum: %w", err)
	}
	got, err := c.sum(ctx, plain, salt, len(want))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

// nobody is compared with when there is no such person or no password, so that
// both take as long as a wrong password. Nobody's password gives it.
const nobody Hash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// PutPassword stores a person's new password and ends the person's other
// sessions; keep names the one to leave, or "".
func PutPassword(ctx context.Context, tx *db.Tx, per id.Person, h Hash, keep id.Session) error {
	_, err := tx.Exec(ctx, `insert into passwords (person_id, hash, changed_at) values ($1, $2, $3)
		on conflict (person_id) do update set hash = excluded.hash, changed_at = excluded.changed_at`, per, h, tx.Now())
	if err != nil {
		return err
	}
	if err := EndOtherSessions(ctx, tx, per, keep); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{Action: "password.changed", Subject: string(per)})
}

// HasPassword reports whether a person can sign in with one.
func HasPassword(ctx context.Context, r db.Reader, per id.Person) (bool, error) {
	n, err := db.One(ctx, r, db.Scalar[int64], `select count(*) from passwords where person_id = $1`, per)
	return n > 0, err
}

// ByPassword is the person with that e-mail address and password. It hashes,
// so it takes the pool and no transaction. The kind of error is
// Unauthenticated, and does not say which of the two is wrong.
func ByPassword(ctx context.Context, d *db.DB, email, plain string) (person.Person, error) {
	per, known, err := person.LookupEmail(ctx, d, email)
	if err != nil {
		return person.Person{}, err
	}
	h, has, err := db.Lookup(ctx, d, db.Scalar[Hash], `select hash from passwords where person_id = $1`, per.ID)
	if err != nil {
		return person.Person{}, err
	}
	if !has || len(plain) > longestPassword {
		h = nobody
	}
	ok, err := h.matches(ctx, plain[:min(len(plain), longestPassword)])
	if err != nil {
		return person.Person{}, fmt.Errorf("sign in: %w", err)
	}
	if !ok || !known || !has || len(plain) > longestPassword {
		return person.Person{}, fault.New(fault.Unauthenticated, "E-mail or password is wrong.").
			Hint("You can also have a sign-in link sent to you.")
	}
	return per, nil
}
