package click

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
)

// Salt makes one program's visitors of one local date comparable with each
// other, and with nobody else's.
type Salt struct {
	Program  id.Program `json:"program"`
	Day      int64      `json:"day"` // days since 1970-01-01 in the program's zone
	StartsAt time.Time  `json:"starts_at"`
	EndsAt   time.Time  `json:"ends_at"`
	Secret   []byte     `json:"secret"`

	keyed *keyed // of a salt that is Ready
}

// Covers reports whether a time is on the salt's day.
func (s Salt) Covers(at time.Time) bool { return !at.Before(s.StartsAt) && at.Before(s.EndsAt) }

// Key is the salt's key in its bucket.
func (s Salt) Key() string { return fmt.Sprintf("%s.%d", s.Program, s.Day) }

// SaltLife is how long after a day began its salt exists.
const SaltLife = 72 * time.Hour

// saltAhead is how far into the future there must be salts, so that an edge
// can go on while the rest is down.
const saltAhead = 24 * time.Hour

// LocalDay is the number of days from 1970-01-01 to a time's date in a zone.
func LocalDay(at time.Time, zone *time.Location) int64 {
	y, m, d := at.In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// DayStart is when a local day begins in a zone.
func DayStart(day int64, zone *time.Location) time.Time {
	return time.Date(1970, 1, 1+int(day), 0, 0, 0, 0, zone).UTC()
}

// nextDay is the span of the local day that follows last (zero: none). Days
// follow each other without gap or overlap while salts are made in time; a new
// zone holds from the next day that is not planned yet.
func nextDay(last Salt, now time.Time, zone *time.Location) (day int64, from, to time.Time) {
	day = LocalDay(now, zone)
	from = DayStart(day, zone)
	if !last.EndsAt.IsZero() {
		day = max(day, last.Day+1)
		if last.EndsAt.After(from) {
			from = last.EndsAt
		}
	}
	for to = DayStart(day+1, zone); !to.After(from); to = DayStart(day+1, zone) {
		day++
	}
	return day, from, to
}

const saltPurpose = "click salt"

// EnsureSalts makes the salts of a program's today and tomorrow where they are
// missing.
func EnsureSalts(ctx context.Context, tx *db.Tx, root secret.Root, prog id.Program, zone *time.Location) error {
	last, _, err := db.Lookup(ctx, tx, func(r db.Row) (Salt, error) {
		var s Salt
		return s, r.Scan(&s.Day, &s.EndsAt)
	}, `select day, ends_at from click_salts where program_id = $1 order by day desc limit 1`, prog)
	if err != nil {
		return fmt.Errorf("newest salt: %w", err)
	}
	for !last.EndsAt.After(tx.Now().Add(saltAhead)) {
		s := Salt{Program: prog, Secret: make([]byte, 32)}
		rand.Read(s.Secret)
		s.Day, s.StartsAt, s.EndsAt = nextDay(last, tx.Now(), zone)
		_, err := tx.Exec(ctx, `insert into click_salts (program_id, day, sealed, starts_at, ends_at)
			values ($1, $2, $3, $4, $5) on conflict (program_id, day) do nothing`,
			prog, s.Day, root.Seal(saltPurpose, s.Key(), s.Secret), s.StartsAt, s.EndsAt)
		if err != nil {
			return fmt.Errorf("make salt: %w", err)
		}
		last = s
	}
	return nil
}

// DestroySalts deletes the salts whose day began 72 hours ago or more, and
// returns them without their secrets, so that their copies can be purged.
func DestroySalts(ctx context.Context, tx *db.Tx) ([]Salt, error) {
	gone, err := db.All(ctx, tx, func(r db.Row) (Salt, error) {
		var s Salt
		return s, r.Scan(&s.Program, &s.Day)
	}, `delete from click_salts where starts_at <= $1 returning program_id, day`, tx.Now().Add(-SaltLife))
	if err != nil {
		return nil, fmt.Errorf("destroy salts: %w", err)
	}
	return gone, nil
}

// LoadSalts reads all salts that exist.
func LoadSalts(ctx context.Context, r db.Reader, root secret.Root) ([]Salt, error) {
	all, err := db.All(ctx, r, func(row db.Row) (Salt, error) {
		var s Salt
		var sealed string
		if err := row.Scan(&s.Program, &s.Day, &sealed, &s.StartsAt, &s.EndsAt); err != nil {
			return s, err
		}
		var err error
		s.Secret, err = root.Open(saltPurpose, s.Key(), sealed)
		return s, err
	}, `select program_id, day, sealed, starts_at, ends_at from click_salts order by program_id, day`)
	if err != nil {
		return nil, fmt.Errorf("load salts: %w", err)
	}
	return all, nil
}

// saltBoxPurpose seals a salt for its way to the edges.
const saltBoxPurpose = "click salt box"

// Seal writes the salt for the bucket, readable under the root key only.
func (s Salt) Seal(root secret.Root) ([]byte, error) {
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return []byte(root.Seal(saltBoxPurpose, s.Key(), plain)), nil
}

// OpenSalt reads what Seal wrote under a key of the bucket.
func OpenSalt(root secret.Root, key string, sealed []byte) (Salt, error) {
	plain, err := root.Open(saltBoxPurpose, key, string(sealed))
	if err != nil {
		return Salt{}, err
	}
	var s Salt
	if err := json.Unmarshal(plain, &s); err != nil {
		return Salt{}, fmt.Errorf("read salt %s: %w", key, err)
	}
	return s, nil
}

// Equal reports whether two salts are the same.
func (s Salt) Equal(o Salt) bool {
	return s.Program == o.Program && s.Day == o.Day && s.StartsAt.Equal(o.StartsAt) && s.EndsAt.Equal(o.EndsAt) &&
		bytes.Equal(s.Secret, o.Secret)
}

// Ready is the salt prepared for many visitors.
func (s Salt) Ready() Salt {
	s.keyed = newKeyed(s.Secret)
	return s
}

// Visitor is the hash of an address and a user agent under the salt: 22
// characters.
func (s Salt) Visitor(addr netip.Addr, agent string) string {
	if s.keyed == nil {
		s = s.Ready()
	}
	raw := addr.As16()
	sum := s.keyed.sum(raw[:], agent)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// The prefixes that are kept of an address.
const (
	keptBits4 = 24
	keptBits6 = 48
)

// Network is the truncated address: /24, or /48 for IPv6; "" when there is
// none.
func Network(addr netip.Addr) string {
	addr = addr.Unmap()
	bits := keptBits4
	if addr.Is6() {
		bits = keptBits6
	}
	p, err := addr.WithZone("").Prefix(bits)
	if err != nil || !p.IsValid() {
		return ""
	}
	return p.String()
}
