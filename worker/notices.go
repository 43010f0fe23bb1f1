package worker

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/coupon"
	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/link"
	"tributary.example/notice"
	"tributary.example/program"
)

const (
	noticesConsumer = "notices"
	// skippedMost is how many events that nobody is told of may pass before
	// the position is stored all the same.
	skippedMost = 500
	retryAfter  = time.Second
)

// Notices turns events into e-mails that wait to be sent.
type Notices struct {
	DB   *db.DB
	Bus  *bus.Bus
	Root secret.Root
	URL  string // public address of the dashboards
	Log  *slog.Logger
}

// Run follows the events until ctx ends. After a failure it begins again where
// it stood.
func (n Notices) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := n.follow(ctx); err != nil && ctx.Err() == nil {
			n.Log.Error("notices stopped, beginning again", "err", err)
			select {
			case <-time.After(retryAfter):
			case <-ctx.Done():
			}
		}
	}
	return nil
}

func (n Notices) follow(ctx context.Context) error {
	info, err := n.Bus.Info(ctx, bus.Events)
	if err != nil {
		return err
	}
	place := bus.Place{Consumer: noticesConsumer, Stream: bus.Events, Created: info.Created}
	stored, err := bus.Position(ctx, n.DB, place)
	if err != nil {
		return err
	}
	return n.Bus.Consume(ctx, bus.Events, stored+1, func(m bus.Delivered, _ bool) error {
		e, err := bus.ReadEvent(m)
		if err != nil {
			n.Log.Error("event cannot be read, passed over", "sequence", m.Sequence, "err", err)
			return nil
		}
		tell := tellers[e.Type]
		if tell == nil && m.Sequence < stored+skippedMost {
			return nil
		}
		err = n.DB.Write(ctx, db.Timer(noticesConsumer), func(tx *db.Tx) error {
			if tell != nil {
				if err := tell(n, ctx, tx, e); err != nil {
					return fmt.Errorf("tell of %s: %w", e.Type, err)
				}
			}
			return bus.Move(ctx, tx, place, stored, m.Sequence)
		})
		if err == nil {
			stored = m.Sequence
		}
		return err
	})
}

// tellers is which event tells whom.
var tellers = map[string]func(n Notices, ctx context.Context, tx *db.Tx, e bus.Event) error{
	affiliate.EventApplied:   Notices.applied,
	affiliate.EventInvited:   Notices.invited,
	affiliate.EventRejected:  Notices.rejected,
	affiliate.EventActivated: Notices.activated,
}

func affiliateOf(e bus.Event) (affiliate.Affiliate, error) {
	var payload affiliate.Changed
	err := json.Unmarshal(e.Payload, &payload)
	return payload.Affiliate, err
}

func (n Notices) queue(ctx context.Context, tx *db.Tx, e bus.Event, per id.Person, facts notice.Facts) error {
	return notice.Queue(ctx, tx, n.Root, notice.Notice{Program: e.Program, Person: per, Cause: string(e.ID), Facts: facts})
}

func (n Notices) applied(ctx context.Context, tx *db.Tx, e bus.Event) error {
	aff, err := affiliateOf(e)
	if err != nil {
		return err
	}
	return n.queue(ctx, tx, e, aff.Person, notice.Applied{})
}

func (n Notices) rejected(ctx context.Context, tx *db.Tx, e bus.Event) error {
	aff, err := affiliateOf(e)
	if err != nil {
		return err
	}
	return n.queue(ctx, tx, e, aff.Person, notice.Rejected{Reason: aff.Reason})
}

func (n Notices) invited(ctx context.Context, tx *db.Tx, e bus.Event) error {
	aff, err := affiliateOf(e)
	if err != nil {
		return err
	}
	prog, err := program.Get(ctx, tx, e.Program)
	if err != nil {
		return err
	}
	in, err := n.wayIn(ctx, tx, aff.Person, "/a/"+prog.Slug)
	if err != nil {
		return err
	}
	return n.queue(ctx, tx, e, aff.Person, notice.Invited{By: prog.Name, URL: in})
}

// activated tells of link and code, the first time only: a reinstatement is
// no welcome.
func (n Notices) activated(ctx context.Context, tx *db.Tx, e bus.Event) error {
	aff, err := affiliateOf(e)
	if err != nil {
		return err
	}
	history, err := affiliate.States(ctx, tx, e.Program, aff.ID)
	if err != nil || times(history, affiliate.Active) > 1 {
		return err
	}
	prog, err := program.Get(ctx, tx, e.Program)
	if err != nil {
		return err
	}
	var facts notice.Approved
	if facts.Dashboard, err = n.wayIn(ctx, tx, aff.Person, "/a/"+prog.Slug); err != nil {
		return err
	}
	links, err := link.OfAffiliate(ctx, tx, e.Program, aff.ID)
	if err != nil {
		return err
	}
	if len(links) > 0 {
		facts.Link = links[0].URL()
	}
	coupons, err := coupon.OfAffiliate(ctx, tx, e.Program, aff.ID)
	if err != nil {
		return err
	}
	if len(coupons) > 0 {
		facts.Code, facts.Discount = coupons[0].Code, coupons[0].Discount.Sentence()
	}
	return n.queue(ctx, tx, e, aff.Person, facts)
}

// wayIn is the address of a path: through a one-time link that sets a
// password for who has none.
func (n Notices) wayIn(ctx context.Context, tx *db.Tx, per id.Person, path string) (string, error) {
	has, err := access.HasPassword(ctx, tx, per)
	if err != nil || has {
		return n.URL + path, err
	}
	token, err := access.MakeEntry(ctx, tx, access.Entry{Purpose: access.Invite, Person: per, Target: path})
	return n.URL + "/enter?token=" + token, err
}

func times(history []affiliate.Change, state affiliate.State) int {
	n := 0
	for _, c := range history {
		if c.State == state {
			n++
		}
	}
	return n
}
