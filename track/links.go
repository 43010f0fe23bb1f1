package track

import (
	"fmt"
	"hash/maphash"
	"math"

	"tributary.example/affiliate"
	"tributary.example/internal/id"
	"tributary.example/link"
)

// links are all links and their affiliates, laid out to take little room: rows
// with one pointer each, and four bytes per entry of an index.
type links struct {
	seed    maphash.Seed
	rows    []row
	free    []uint32 // numbers of rows whose link is gone
	byID    index
	byPath  index
	members []member
	byWho   index
}

// row is a link: 64 bytes, and its texts.
type row struct {
	id          [16]byte
	text        string // slug, destination and coupon, one behind the other
	version     int64
	affiliate   uint32 // number of a member
	program     uint32 // numbers of the directory
	host        uint32
	destination uint16 // where it begins in the text
	coupon      uint16
	works       bool
}

func (r *row) slug() string { return r.text[:r.destination] }

// member is an affiliate: 32 bytes.
type member struct {
	id      [16]byte
	version int64 // untold while only links named it
	group   uint32
	counts  bool
}

const untold = math.MinInt64

// number is the row of a link's id.
func (l *links) number(uuid [16]byte) (uint32, bool) {
	return l.byID.find(maphash.Bytes(l.seed, uuid[:]), func(n uint32) bool { return l.rows[n].id == uuid })
}

// at is the row of a slug on a host.
func (l *links) at(host uint32, slug string) (uint32, bool) {
	return l.byPath.find(l.pathHash(host, slug), func(n uint32) bool { return l.rows[n].host == host && l.rows[n].slug() == slug })
}

func (l *links) pathHash(host uint32, slug string) uint64 {
	return maphash.String(l.seed, slug) + uint64(host)*0x9e3779b97f4a7c15
}

func (l *links) hashOfID(n uint32) uint64 { return maphash.Bytes(l.seed, l.rows[n].id[:]) }

func (l *links) hashOfPath(n uint32) uint64 { return l.pathHash(l.rows[n].host, l.rows[n].slug()) }

func (l *links) hashOfWho(n uint32) uint64 { return maphash.Bytes(l.seed, l.members[n].id[:]) }

// put takes a link's record; host and program are numbers of the directory.
func (l *links) put(r *link.Record, host, program uint32) error {
	uuid, err := id.UUID(r.ID)
	if err != nil {
		return err
	}
	who, err := l.member(r.Affiliate)
	if err != nil {
		return err
	}
	made := row{
		id: uuid, text: string(r.Slug) + r.Destination + r.Coupon, version: r.Version, affiliate: who, program: program, host: host,
		destination: uint16(len(r.Slug)), coupon: uint16(len(r.Slug) + len(r.Destination)), works: r.State == link.Active,
	}
	if len(made.text) > math.MaxUint16 {
		return fmt.Errorf("link %s has %d bytes of text", r.ID, len(made.text))
	}
	n, ok := l.number(uuid)
	switch {
	case ok && l.rows[n].version >= r.Version:
		return nil
	case ok:
		l.byPath.remove(l.hashOfPath(n), n, l.hashOfPath)
		l.rows[n] = made
	default:
		n = l.add(made)
		l.byID.put(l.hashOfID(n), n, l.hashOfID)
	}
	if other, ok := l.at(host, string(r.Slug)); ok {
		l.byPath.remove(l.hashOfPath(other), other, l.hashOfPath)
	}
	l.byPath.put(l.hashOfPath(n), n, l.hashOfPath)
	return nil
}

func (l *links) add(r row) uint32 {
	if last := len(l.free) - 1; last >= 0 {
		n := l.free[last]
		l.free, l.rows[n] = l.free[:last], r
		return n
	}
	l.rows = append(l.rows, r)
	return uint32(len(l.rows) - 1)
}

// remove forgets a link.
func (l *links) remove(lnk id.Link) error {
	uuid, err := id.UUID(lnk)
	if err != nil {
		return err
	}
	n, ok := l.number(uuid)
	if !ok {
		return nil
	}
	l.byPath.remove(l.hashOfPath(n), n, l.hashOfPath)
	l.byID.remove(l.hashOfID(n), n, l.hashOfID)
	l.rows[n] = row{}
	l.free = append(l.free, n)
	return nil
}

// member is the number of an affiliate, who is written down when nobody told
// of it yet. A link is made on approval, and the record of that may come a
// moment after the link's: such an affiliate counts, and attribution looks at
// the affiliate's state once more.
func (l *links) member(aff id.Affiliate) (uint32, error) {
	uuid, err := id.UUID(aff)
	if err != nil {
		return 0, err
	}
	hash := maphash.Bytes(l.seed, uuid[:])
	if n, ok := l.byWho.find(hash, func(n uint32) bool { return l.members[n].id == uuid }); ok {
		return n, nil
	}
	n := uint32(len(l.members))
	l.members = append(l.members, member{id: uuid, version: untold, counts: true})
	l.byWho.put(hash, n, l.hashOfWho)
	return n, nil
}

// tell takes an affiliate's record; group is a number of the directory.
func (l *links) tell(r *affiliate.Record, group uint32) error {
	n, err := l.member(r.ID)
	if err != nil {
		return err
	}
	m := &l.members[n]
	if m.version >= r.Version {
		return nil
	}
	m.version, m.group = r.Version, group
	m.counts = r.State == affiliate.Active || r.State == affiliate.Applied || r.State == affiliate.Invited
	return nil
}
