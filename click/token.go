package click

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"strings"
	"sync"
	"time"

	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Token is what a token's text says. It is believed only after Ring.Verify.
type Token struct {
	Click id.Click
	Link  id.Link
	At    time.Time // the click's time, milliseconds
	KeyID KeyID
	bytes [tokenSize]byte
}

// A token is a byte of version and key id (four bits each), the click's and
// the link's UUIDs, and 16 bytes of HMAC-SHA-256 over all of that.
const (
	tokenVersion = 1
	signedSize   = 1 + 16 + 16
	tokenSize    = signedSize + 16
	// TokenLength is the number of characters of a token.
	TokenLength = 66
)

// tokenText refuses trailing bits that say nothing, so that a token has one
// text only.
var tokenText = base64.RawURLEncoding.Strict()

// Mint makes the token of a click at a time, signed with the ring's newest
// key for the program.
func (r *Ring) Mint(prog id.Program, lnk id.Link, at time.Time) (string, id.Click, error) {
	link, err := id.UUID(lnk)
	if err != nil {
		return "", "", err
	}
	key, err := r.newest()
	if err != nil {
		return "", "", err
	}
	clk := id.UUIDv7(at)
	var b [tokenSize]byte
	b[0] = tokenVersion<<4 | byte(key.ID)
	copy(b[1:17], clk[:])
	copy(b[17:33], link[:])
	sum := r.sign(key, prog, b[:signedSize])
	copy(b[signedSize:], sum[:])
	return tokenText.EncodeToString(b[:]), id.FromUUID[id.Click](clk), nil
}

// ParseToken reads a token without believing it: the caller looks up the
// link's program and then asks Ring.Verify. Kinds: Invalid.
func ParseToken(text string) (Token, error) {
	var t Token
	refuse := func() (Token, error) {
		return Token{}, fault.New(fault.Invalid, "This is not a click token.").Field("token").
			Hint("Pass on the cookie or the form field as it is, without decoding it.")
	}
	if len(text) != TokenLength || strings.ContainsAny(text, "\r\n") {
		return refuse()
	}
	b, err := tokenText.DecodeString(text)
	if err != nil || len(b) != tokenSize || b[0]>>4 != tokenVersion {
		return refuse()
	}
	copy(t.bytes[:], b)
	t.KeyID = KeyID(b[0] & 0x0f)
	t.Click = id.FromUUID[id.Click]([16]byte(b[1:17]))
	t.Link = id.FromUUID[id.Link]([16]byte(b[17:33]))
	t.At = id.TimeOf(t.Click)
	return t, nil
}

// Proof is what became of a token's signature.
type Proof string

// The proofs.
const (
	Proven     Proof = "proven"
	Forged     Proof = "forged"      // no key of its number signed it for this program
	KeyExpired Proof = "key_expired" // its key is too old, or was withdrawn for tokens of its time
)

// Verify says whether the program of the token's link signed it. That a token
// is of another program than the one asking is not forgery: verify with the
// link's own program first, then compare the programs.
func (r *Ring) Verify(t Token, prog id.Program, now time.Time) Proof {
	proof := Forged
	for i := range r.keys {
		key := &r.keys[i]
		if key.ID != t.KeyID {
			continue
		}
		sum := r.sign(key, prog, t.bytes[:signedSize])
		if !hmac.Equal(sum[:], t.bytes[signedSize:]) {
			continue
		}
		if r.refuses(i, t.At, now) {
			proof = KeyExpired
			continue
		}
		return Proven
	}
	return proof
}

func (r *Ring) sign(key *Key, prog id.Program, message []byte) [16]byte {
	return r.programKey(key, prog).sum(message, "")
}

// keyed makes HMAC-SHA-256 sums under one key. It keeps the state behind the
// key's two blocks, which are half of the work. Many goroutines may use it.
type keyed struct{ pool sync.Pool }

func newKeyed(key []byte) *keyed {
	return &keyed{pool: sync.Pool{New: func() any {
		return &macState{Hash: hmac.New(sha256.New, key)}
	}}}
}

// macState is a hash with room for what goes in and comes out, so that
// neither is allocated.
type macState struct {
	hash.Hash
	in  []byte
	out [sha256.Size]byte
}

// sum is the truncated sum of a message and a text behind it.
func (k *keyed) sum(message []byte, text string) [16]byte {
	s := k.pool.Get().(*macState)
	defer k.pool.Put(s)
	s.in = append(append(s.in[:0], message...), text...)
	s.Reset()
	s.Write(s.in)
	return [16]byte(s.Hash.Sum(s.out[:0]))
}
