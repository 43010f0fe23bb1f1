// Package id makes and reads the typed ids of everything that has one.
//
// Nouns: the id types, one per kind of thing.
//
// Invariants:
//  1. An id is a prefix, an underscore and 26 base32 characters of a UUIDv7
//     (the TypeID convention, https://github.com/jetify-com/typeid), so ids of
//     one kind sort by the time they were made.
//  2. Two kinds never share a prefix, and Parse refuses the wrong one.
//
// It owns no tables and gives no meaning to what an id names.
package id

import (
	"crypto/rand"
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"tributary.example/internal/fault"
)

// The typed ids. Their values are the text that is stored and shown.
type (
	Program    string // prg_
	Plan       string // pln_
	Group      string // grp_
	Terms      string // trm_
	Person     string // per_
	Affiliate  string // aff_
	Link       string // lnk_
	Coupon     string // cpn_
	Click      string // clk_
	Customer   string // cus_
	Referral   string // ref_
	Evidence   string // evd_
	Payment    string // pay_
	Refund     string // rfd_
	Commission string // com_
	Run        string // run_
	Payout     string // pot_
	Adjustment string // adj_
	Posting    string // pst_
	Event      string // evt_
	Key        string // key_
	Session    string // ses_
	Frame      string // frm_
	Entry      string // aud_
	Request    string // req_
	Notice     string // ntc_
)

// Typed is the set of all id types.
type Typed interface {
	Program | Plan | Group | Terms | Person | Affiliate | Link | Coupon | Click | Customer |
		Referral | Evidence | Payment | Refund | Commission | Run | Payout | Adjustment |
		Posting | Event | Key | Session | Frame | Entry | Request | Notice
}

// prefixes is keyed by the zero value of each type.
var prefixes = map[any]string{
	Program(""): "prg", Plan(""): "pln", Group(""): "grp", Terms(""): "trm", Person(""): "per",
	Affiliate(""): "aff", Link(""): "lnk", Coupon(""): "cpn", Click(""): "clk", Customer(""): "cus",
	Referral(""): "ref", Evidence(""): "evd", Payment(""): "pay", Refund(""): "rfd", Commission(""): "com",
	Run(""): "run", Payout(""): "pot", Adjustment(""): "adj", Posting(""): "pst", Event(""): "evt",
	Key(""): "key", Session(""): "ses", Frame(""): "frm", Entry(""): "aud", Request(""): "req",
	Notice(""): "ntc",
}

// Prefix is the prefix of an id type, without the underscore.
func Prefix[T Typed]() string {
	var zero T
	return prefixes[zero]
}

// New makes an id of the given time from the system's randomness.
func New[T Typed](at time.Time) T {
	return FromUUID[T](UUIDv7(at))
}

// UUIDv7 makes the 16 bytes of a version 7 UUID (RFC 9562, section 5.7): 48
// bits of Unix milliseconds, a counter of 26 bits that orders what this process
// makes in one millisecond (section 6.2, method 1), then 48 bits of randomness.
func UUIDv7(at time.Time) [16]byte {
	var u [16]byte
	rand.Read(u[:]) // never fails since Go 1.24
	ms := at.UnixMilli()
	n := sequence.next(ms, binary.BigEndian.Uint32(u[:4]))
	for i := range 6 {
		u[i] = byte(ms >> (8 * (5 - i)))
	}
	u[6] = byte(n>>22)&0x0f | 0x70
	u[7] = byte(n >> 14)
	u[8] = byte(n>>8)&0x3f | 0x80
	u[9] = byte(n)
	return u
}

// counter orders the ids of one millisecond. It remembers a few milliseconds,
// because clocks may stand still, and several of them be in use, in tests.
type counter struct {
	mu    sync.Mutex
	slots [64]slot
}

type slot struct {
	ms   int64
	last uint32
}

var sequence counter

// next is one more than the last of the same millisecond; a new one begins at
// random in the lower half of the 26 bits, so that there is room.
func (c *counter) next(ms int64, random uint32) uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.slots[uint64(ms)%uint64(len(c.slots))]
	if ms == s.ms {
		s.last++
	} else {
		s.ms, s.last = ms, random&(1<<25-1)
	}
	return s.last
}

// FromUUID writes 16 bytes as an id.
func FromUUID[T Typed](u [16]byte) T {
	text := encode(u)
	var room [len("aff_") + len(text)]byte
	return T(append(append(append(room[:0], Prefix[T]()...), '_'), text[:]...))
}

// UUID reads the 16 bytes of an id. The kind of error is Invalid.
func UUID[T Typed](v T) ([16]byte, error) {
	prefix := Prefix[T]()
	rest, ok := strings.CutPrefix(string(v), prefix+"_")
	if ok {
		if u, ok := decode(rest); ok {
			return u, nil
		}
	}
	return [16]byte{}, fault.New(fault.Invalid, "%s is not an id of the kind %s.", cut(string(v)), prefix+"_").
		Hint("An id is %s and 26 lower-case letters and digits.", prefix+"_")
}

// Parse checks the text of an id. The kind of error is Invalid.
func Parse[T Typed](s string) (T, error) {
	if _, err := UUID(T(s)); err != nil {
		return "", err
	}
	return T(s), nil
}

// TimeOf is the millisecond that an id was made in; zero when it is no id.
func TimeOf[T Typed](v T) time.Time {
	u, err := UUID(v)
	if err != nil {
		return time.Time{}
	}
	var ms int64
	for i := range 6 {
		ms = ms<<8 | int64(u[i])
	}
	return time.UnixMilli(ms).UTC()
}

func cut(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}
