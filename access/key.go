package access

import (
	"context"
	"slices"
	"strings"
	"time"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/program"
)

// KeyKind tells keys that must stay secret from those that stand in pages.
type KeyKind string

// The kinds of keys.
const (
	Secret      KeyKind = "secret"
	Publishable KeyKind = "publishable"
)

// Scope is one thing a key may do: a resource, a colon, and read or write.
type Scope string

// The scopes. Write includes read.
const (
	Quote            Scope = "quote:read"
	RecordClicks     Scope = "clicks:write"
	ReadClicks       Scope = "clicks:read"
	ReadPrograms     Scope = "programs:read"
	WritePrograms    Scope = "programs:write"
	ReadAffiliates   Scope = "affiliates:read"
	WriteAffiliates  Scope = "affiliates:write"
	ReadLinks        Scope = "links:read"
	WriteLinks       Scope = "links:write"
	ReadCoupons      Scope = "coupons:read"
	WriteCoupons     Scope = "coupons:write"
	ReadCustomers    Scope = "customers:read"
	WriteCustomers   Scope = "customers:write"
	ReadReferrals    Scope = "referrals:read"
	WriteReferrals   Scope = "referrals:write"
	ReadPayments     Scope = "payments:read"
	WritePayments    Scope = "payments:write"
	ReadCommissions  Scope = "commissions:read"
	WriteCommissions Scope = "commissions:write"
	ReadPayouts      Scope = "payouts:read"
	WritePayouts     Scope = "payouts:write"
	ReadReports      Scope = "reports:read"
	ReadEvents       Scope = "events:read"
	ReadAudit        Scope = "audit:read"
)

// scopesOf is what a key of each kind may do at most.
var scopesOf = map[KeyKind][]Scope{
	Publishable: {Quote, RecordClicks},
	Secret: {
		Quote, RecordClicks, ReadClicks, ReadPrograms, WritePrograms, ReadAffiliates, WriteAffiliates,
		ReadLinks, WriteLinks, ReadCoupons, WriteCoupons, ReadCustomers, WriteCustomers, ReadReferrals,
		WriteReferrals, ReadPayments, WritePayments, ReadCommissions, WriteCommissions, ReadPayouts,
		WritePayouts, ReadReports, ReadEvents, ReadAudit,
	},
}

// ScopesOf lists what a key of a kind may be given.
func ScopesOf(kind KeyKind) []Scope { return slices.Clone(scopesOf[kind]) }

// Key is an API key of one program.
type Key struct {
	ID        id.Key
	Program   id.Program
	Kind      KeyKind
	Label     string
	Shown     string  // its first and last characters
	Scopes    []Scope // none: all of its kind
	CreatedAt time.Time
	UsedAt    time.Time // to five minutes; zero: never
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time
}

// Actor is the key as who acts from an address.
func (k Key) Actor(address string) db.Actor {
	return db.Actor{Kind: db.ActorKey, ID: string(k.ID), Address: address}
}

// Can reports whether the key may do something.
func (k Key) Can(s Scope) bool {
	if !slices.Contains(scopesOf[k.Kind], s) {
		return false
	}
	if len(k.Scopes) == 0 || slices.Contains(k.Scopes, s) {
		return true
	}
	resource, reads := strings.CutSuffix(string(s), ":read")
	return reads && slices.Contains(k.Scopes, Scope(resource+":write"))
}

// NewKey is what a key is made from.
type NewKey struct {
	Kind      KeyKind
	Label     string
	Scopes    []Scope   // none: all of its kind
	ExpiresAt time.Time // zero: never
}

const (
	keyColumns   = `key_id, program_id, kind, label, shown, scopes, created_at, used_at, expires_at, revoked_at`
	maxLiveKeys  = 50
	longestLabel = 80
	programPart  = 26
	tokenPart    = 43
)

var keyPrefixes = map[KeyKind]string{Secret: "trb_sk_", Publishable: "trb_pk_"}

func scanKey(r db.Row) (Key, error) {
	var k Key
	err := r.Scan(&k.ID, &k.Program, &k.Kind, &k.Label, &k.Shown, db.JSON(&k.Scopes), &k.CreatedAt, &k.UsedAt, &k.ExpiresAt, &k.RevokedAt)
	return k, err
}

// CreateKey makes a key and returns its text, which is not stored. The kinds of
// errors are Invalid and Conflict when the program has too many live ones.
func CreateKey(ctx context.Context, tx *db.Tx, prog program.Program, n NewKey) (Key, string, error) {
	if err := n.check(tx.Now()); err != nil {
		return Key{}, "", err
	}
	live, err := db.One(ctx, tx, db.Scalar[int64], `select count(*) from api_keys
		where program_id = $1 and revoked_at is null`, prog.ID)
	if err != nil {
		return Key{}, "", err
	}
	if live >= maxLiveKeys {
		return Key{}, "", fault.New(fault.Conflict, "The program has %s keys already.", live).Hint("Revoke those that are not used.")
	}
	_, place, _ := strings.Cut(string(prog.ID), "_")
	text := keyPrefixes[n.Kind] + string(prog.Side) + "_" + place + secret.Token()
	k := Key{
		ID: id.New[id.Key](tx.Now()), Program: prog.ID, Kind: n.Kind, Label: strings.TrimSpace(n.Label),
		Shown: keyPrefixes[n.Kind] + string(prog.Side) + "_…" + text[len(text)-4:], Scopes: n.Scopes,
		CreatedAt: tx.Now(), ExpiresAt: n.ExpiresAt,
	}
	if k.Scopes == nil {
		k.Scopes = []Scope{}
	}
	_, err = tx.Exec(ctx, `insert into api_keys (`+keyColumns+`, key_hash)
		values ($1, $2, $3, $4, $5, $6, $7, null, $8, null, $9)`,
		k.ID, k.Program, k.Kind, k.Label, k.Shown, db.JSON(k.Scopes), k.CreatedAt, k.ExpiresAt, secret.Hash(text))
	if err != nil {
		return Key{}, "", err
	}
	return k, text, audit.Write(ctx, tx, audit.Entry{Program: prog.ID, Action: "key.created", Subject: string(k.ID),
		After: map[string]any{"kind": k.Kind, "scopes": k.Scopes, "expires_at": k.ExpiresAt}})
}

func (n NewKey) check(now time.Time) error {
	may, ok := scopesOf[n.Kind]
	if !ok {
		return fault.New(fault.Invalid, "%s is not a kind of key.", string(n.Kind)).Field("kind").
			Hint("The kinds are secret and publishable.")
	}
	for _, s := range n.Scopes {
		if !slices.Contains(may, s) {
			return fault.New(fault.Invalid, "A %s key cannot have the scope %s.", string(n.Kind), string(s)).Field("scopes")
		}
	}
	if len(n.Label) > longestLabel {
		return fault.New(fault.Invalid, "The label is longer than %s bytes.", longestLabel).Field("label")
	}
	if !n.ExpiresAt.IsZero() && !n.ExpiresAt.After(now) {
		return fault.New(fault.Invalid, "The key would have expired already.").Field("expires_at")
	}
	return nil
}

// Authenticate is the key that a text is. It notes its use at most every five
// minutes. The kind of error is Unauthenticated.
func Authenticate(ctx context.Context, d *db.DB, text string) (Key, error) {
	prog, ok := programOf(text)
	if !ok {
		return Key{}, badKey("This is not an API key.")
	}
	k, ok, err := db.Lookup(ctx, d, scanKey, `select `+keyColumns+` from api_keys
		where program_id = $1 and key_hash = $2`, prog, secret.Hash(text))
	switch {
	case err != nil:
		return Key{}, err
	case !ok:
		return Key{}, badKey("There is no such API key.")
	case !k.RevokedAt.IsZero():
		return Key{}, badKey("This API key was revoked.")
	case !k.ExpiresAt.IsZero() && !d.Now().Before(k.ExpiresAt):
		return Key{}, badKey("This API key has expired.")
	case d.Now().Sub(k.UsedAt) < touchEvery:
		return k, nil
	}
	err = d.Write(ctx, k.Actor(""), func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `update api_keys set used_at = $3 where program_id = $1 and key_id = $2`, k.Program, k.ID, tx.Now())
		return err
	})
	return k, err
}

// programOf reads the program from a key's text.
func programOf(text string) (id.Program, bool) {
	for _, prefix := range keyPrefixes {
		rest, ok := strings.CutPrefix(text, prefix)
		side, rest, cut := strings.Cut(rest, "_")
		known := side == string(program.Live) || side == string(program.Test)
		if ok && cut && known && len(rest) == programPart+tokenPart {
			prog, err := id.Parse[id.Program](id.Prefix[id.Program]() + "_" + rest[:programPart])
			return prog, err == nil
		}
	}
	return "", false
}

func badKey(key string) error {
	return fault.New(fault.Unauthenticated, key).Hint("Send a key of this program as: Authorization: Bearer trb_sk_…")
}

// Keys lists a program's keys, the newest first, revoked ones too.
func Keys(ctx context.Context, r db.Reader, prog id.Program) ([]Key, error) {
	return db.All(ctx, r, scanKey, `select `+keyColumns+` from api_keys where program_id = $1
		order by key_id desc`, prog)
}

// RevokeKey ends a key at once. The kind of error is NotFound; revoking it
// again changes nothing.
func RevokeKey(ctx context.Context, tx *db.Tx, prog id.Program, key id.Key) error {
	k, ok, err := db.Lookup(ctx, tx, scanKey, `update api_keys set revoked_at = coalesce(revoked_at, $3)
		where program_id = $1 and key_id = $2 returning `+keyColumns, prog, key, tx.Now())
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.NotFound, "There is no such key.")
	}
	return audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "key.revoked", Subject: string(k.ID)})
}
