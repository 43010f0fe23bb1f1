package link

import (
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
)

// KeyPrefix leads the keys of links in the edge's directory. The directory's
// other records are program.Record, program.GroupRecord and affiliate.Record,
// each in the room that writes it.
const KeyPrefix = "link."

// Record is a link in the edge's directory: where it leads. A record whose
// version is not above the one that the edge holds is ignored.
type Record struct {
	ID          id.Link      `json:"id"`
	Program     id.Program   `json:"program"`
	Affiliate   id.Affiliate `json:"affiliate"`
	Host        string       `json:"host"`
	Slug        Slug         `json:"slug"`
	Destination string       `json:"destination"` // "" is the program's site
	State       State        `json:"state"`
	Coupon      string       `json:"coupon"` // code that t.js fills in, or ""
	Version     int64        `json:"version"`
}

// RecordOf is a link's record in the edge's directory.
func RecordOf(prog id.Program, l Link) outbox.Record {
	record := Record{
		ID: l.ID, Program: prog, Affiliate: l.Affiliate, Host: l.Host, Slug: l.Slug,
		Destination: l.Destination, State: l.State, Version: l.Version,
	}
	return outbox.Record{Program: prog, Key: KeyPrefix + string(l.ID), Version: l.Version, Value: record}
}
