package affiliate

import (
	"context"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
)

// The events of this room, one per state.
const (
	EventInvited   = "affiliate.invited"
	EventApplied   = "affiliate.applied"
	EventRejected  = "affiliate.rejected"
	EventActivated = "affiliate.activated"
	EventSuspended = "affiliate.suspended"
	EventBanned    = "affiliate.banned"
	EventClosed    = "affiliate.closed"
)

func eventOf(s State) string {
	if s == Active {
		return EventActivated
	}
	return "affiliate." + string(s)
}

// Changed is the payload of each of this room's events, version 1: the
// affiliate as it is after the change.
type Changed struct {
	Affiliate Affiliate `json:"affiliate"`
}

// KeyPrefix leads the keys of affiliates in the edge's directory.
const KeyPrefix = "affiliate."

// Record is an affiliate in the edge's directory: whether its clicks count. A
// record whose version is not above the one that the edge holds is ignored.
type Record struct {
	ID      id.Affiliate `json:"id"`
	Program id.Program   `json:"program"`
	Group   id.Group     `json:"group"`
	State   State        `json:"state"`
	Version int64        `json:"version"`
}

// Publish hands an affiliate's record to the edge, as it is.
func Publish(ctx context.Context, tx *db.Tx, prog id.Program, aff Affiliate) error {
	return outbox.Direct(ctx, tx, RecordOf(prog, aff))
}

// RecordOf is an affiliate's record in the edge's directory.
func RecordOf(prog id.Program, aff Affiliate) outbox.Record {
	record := Record{ID: aff.ID, Program: prog, Group: aff.Group, State: aff.State, Version: aff.Version}
	return outbox.Record{Program: prog, Key: KeyPrefix + string(aff.ID), Version: record.Version, Value: record}
}
