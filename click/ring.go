package click

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
)

// KeyID is a key's number in the token, 0 to 15. It is used again only after
// no token of its former key counts any more.
type KeyID uint8

const keyIDs = 16

// maxWindow is the longest window a program may have, and keyGrace what is
// added before a key id is used again.
const (
	maxWindow = 365 * 24 * time.Hour
	keyGrace  = 90 * 24 * time.Hour
)

// Key is a master key, from which each program's own key is derived.
type Key struct {
	ID         KeyID     `json:"id"`
	Serial     int64     `json:"serial"` // grows with each key
	Secret     []byte    `json:"secret"`
	CreatedAt  time.Time `json:"created_at"`
	DenyBefore time.Time `json:"deny_before"` // tokens older than this are refused; zero: none
}

// Ring is the master keys, oldest first: the newest signs, all that are young
// enough verify. It does not change and may be used by many goroutines.
type Ring struct {
	keys    []Key
	derived sync.Map // derivedFor → *keyed
}

type derivedFor struct {
	serial int64
	prog   id.Program
}

// NewRing makes a ring of keys in any order.
func NewRing(keys []Key) *Ring {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b Key) int { return int(a.Serial - b.Serial) })
	return &Ring{keys: keys}
}

func (r *Ring) newest() (*Key, error) {
	if r == nil || len(r.keys) == 0 {
		return nil, errors.New("the ring has no key")
	}
	return &r.keys[len(r.keys)-1], nil
}

func (r *Ring) programKey(key *Key, prog id.Program) *keyed {
	at := derivedFor{key.Serial, prog}
	if k, ok := r.derived.Load(at); ok {
		return k.(*keyed)
	}
	k, _ := r.derived.LoadOrStore(at, newKeyed(secret.Derive(key.Secret, "click token/"+string(prog))))
	return k.(*keyed)
}

// refuses reports whether the key at i no longer vouches for a token of a
// time. A key signs until the next one is made, so its last token counts for
// the longest window after that.
func (r *Ring) refuses(i int, at, now time.Time) bool {
	if at.Before(r.keys[i].DenyBefore) {
		return true
	}
	return i+1 < len(r.keys) && now.After(r.keys[i+1].CreatedAt.Add(maxWindow+keyGrace))
}

// freeID is a key id that no key has whose tokens may still count. Kinds:
// Conflict, when all are in use.
func (r *Ring) freeID(now time.Time) (KeyID, error) {
	used := map[KeyID]bool{}
	for i := range r.keys {
		if !r.refuses(i, r.keys[i].DenyBefore, now) {
			used[r.keys[i].ID] = true
		}
	}
	next := KeyID(0)
	if len(r.keys) > 0 {
		next = (r.keys[len(r.keys)-1].ID + 1) % keyIDs
	}
	for range keyIDs {
		if !used[next] {
			return next, nil
		}
		next = (next + 1) % keyIDs
	}
	return 0, fault.New(fault.Conflict, "All %s key numbers are in use.", keyIDs).
		Hint("A number is free again %s days after its key was replaced.", int64((maxWindow+keyGrace)/(24*time.Hour)))
}

const sealPurpose = "click key"

// LoadRing reads the key ring.
func LoadRing(ctx context.Context, r db.Reader, root secret.Root) (*Ring, error) {
	keys, err := db.All(ctx, r, func(row db.Row) (Key, error) {
		var k Key
		var sealed string
		if err := row.Scan(&k.ID, &k.Serial, &sealed, &k.CreatedAt, &k.DenyBefore); err != nil {
			return k, err
		}
		var err error
		k.Secret, err = root.Open(sealPurpose, fmt.Sprint(k.Serial), sealed)
		return k, err
	}, `select key_id, serial, sealed, created_at, deny_before from click_keys order by serial`)
	if err != nil {
		return nil, fmt.Errorf("load key ring: %w", err)
	}
	return NewRing(keys), nil
}

// EnsureRing reads the key ring and makes its first key when it has none.
func EnsureRing(ctx context.Context, tx *db.Tx, root secret.Root) (*Ring, error) {
	ring, err := LoadRing(ctx, tx, root)
	if err != nil || len(ring.keys) > 0 {
		return ring, err
	}
	return addKey(ctx, tx, root, ring)
}

// RotateRing adds a key, which signs from now on. Kinds: Conflict.
func RotateRing(ctx context.Context, tx *db.Tx, root secret.Root) (*Ring, error) {
	ring, err := LoadRing(ctx, tx, root)
	if err != nil {
		return nil, err
	}
	return addKey(ctx, tx, root, ring)
}

func addKey(ctx context.Context, tx *db.Tx, root secret.Root, ring *Ring) (*Ring, error) {
	number, err := ring.freeID(tx.Now())
	if err != nil {
		return nil, err
	}
	k := Key{ID: number, Serial: 1, Secret: make([]byte, 32), CreatedAt: tx.Now()}
	if last, err := ring.newest(); err == nil {
		k.Serial = last.Serial + 1
	}
	rand.Read(k.Secret)
	n, err := tx.Exec(ctx, `insert into click_keys (key_id, serial, sealed, created_at) values ($1, $2, $3, $4)
		on conflict (serial) do nothing`, k.ID, k.Serial, root.Seal(sealPurpose, fmt.Sprint(k.Serial), k.Secret), k.CreatedAt)
	if err != nil {
		return nil, fmt.Errorf("add click key: %w", err)
	}
	if n == 0 { // somebody else was first
		return LoadRing(ctx, tx, root)
	}
	return NewRing(append(slices.Clone(ring.keys), k)), nil
}

// ringPurpose seals the whole ring for its way to the edges.
const ringPurpose = "click ring"

// RingKey is the ring's key in its bucket.
const RingKey = "ring"

// Seal writes the ring for the bucket, readable under the root key only.
func (r *Ring) Seal(root secret.Root) ([]byte, error) {
	plain, err := json.Marshal(r.keys)
	if err != nil {
		return nil, err
	}
	return []byte(root.Seal(ringPurpose, RingKey, plain)), nil
}

// OpenRing reads a ring that Seal wrote.
func OpenRing(root secret.Root, sealed []byte) (*Ring, error) {
	plain, err := root.Open(ringPurpose, RingKey, string(sealed))
	if err != nil {
		return nil, err
	}
	var keys []Key
	if err := json.Unmarshal(plain, &keys); err != nil {
		return nil, fmt.Errorf("read key ring: %w", err)
	}
	return NewRing(keys), nil
}

// Equal reports whether two rings hold the same keys.
func (r *Ring) Equal(o *Ring) bool {
	return slices.EqualFunc(r.keys, o.keys, func(a, b Key) bool {
		return a.ID == b.ID && a.Serial == b.Serial && bytes.Equal(a.Secret, b.Secret) &&
			a.CreatedAt.Equal(b.CreatedAt) && a.DenyBefore.Equal(b.DenyBefore)
	})
}
