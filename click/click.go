// Package click judges a visit through a tracking link into a click or a
// reason to drop it, proves clicks by tokens, and keeps them.
//
// Nouns: Visit, Click, Drop, Reason, Token, Ring, Salt, Frame, Store.
//
// Invariants:
//  1. A token alone proves its link and its time; nothing else that comes from
//     a browser is believed.
//  2. Each hit is counted exactly once: as a click, or under one Reason.
//  3. A frame of clicks is stored once, however often it is delivered, in one
//     transaction with its counts and the consumer's position.
//  4. An address is kept truncated only, and a visitor is a hash under a salt
//     that is destroyed 72 hours after its day began.
//  5. A consumer never passes over a missing frame in silence: it is a gap.
//
// It owns the tables click_keys, click_salts, click_positions, click_frames,
// click_gaps, clicks, click_quarters, click_drops, click_days and
// click_visitors. It must not know HTTP, referrals or money.
package click

import (
	"time"

	"tributary.example/internal/id"
)

// Reason says why a hit is no counted click.
type Reason string

// The reasons. The first six and suspended mint no token; repeat and
// blocked_net are only left out of the count, because two people behind one
// address may be two customers.
const (
	Counted       Reason = ""
	Head          Reason = "head"           // a HEAD request, as link checkers send
	Prefetch      Reason = "prefetch"       // the browser loads ahead, nobody has clicked yet
	NotNavigation Reason = "not_navigation" // an image, frame or script: cookie stuffing
	Preview       Reason = "preview"        // a messenger or network fetches a preview
	Bot           Reason = "bot"            // a robot by its own name
	BlockedNet    Reason = "blocked_net"    // a network on the operator's list
	Paused        Reason = "paused"         // the link is paused or retired
	Suspended     Reason = "suspended"      // the affiliate is not active
	Repeat        Reason = "repeat"         // the same visitor on the same link within 30 s
)

// Reasons are all reasons, in the order in which they are shown.
var Reasons = []Reason{Head, Prefetch, NotNavigation, Preview, Bot, BlockedNet, Paused, Suspended, Repeat}

// Mints reports whether a hit with this reason still gets a token and a
// cookie.
func (r Reason) Mints() bool { return r == Counted || r == Repeat || r == BlockedNet }

// Click is one human visit through a link, as it travels in the journal and
// as it is stored. Its JSON names are the journal's format.
type Click struct {
	ID        id.Click          `json:"id"`
	At        time.Time         `json:"at"` // milliseconds
	Program   id.Program        `json:"program"`
	Link      id.Link           `json:"link"`
	Affiliate id.Affiliate      `json:"affiliate"`
	Reason    Reason            `json:"reason,omitempty"` // Counted, Repeat or BlockedNet
	Day       int64             `json:"day"`              // days since 1970-01-01 in the program's zone
	Visitor   string            `json:"visitor"`          // hash under the day's salt
	Network   string            `json:"network"`          // /24 or /48
	Country   string            `json:"country,omitempty"`
	Device    string            `json:"device,omitempty"`
	Browser   string            `json:"browser,omitempty"`
	OS        string            `json:"os,omitempty"`
	Language  string            `json:"language,omitempty"`
	Referrer  string            `json:"referrer,omitempty"` // host and path
	Landing   string            `json:"landing,omitempty"`  // path on the merchant's site
	Agent     string            `json:"agent,omitempty"`
	Subs      map[string]string `json:"subs,omitempty"` // sub1 … sub5
	UTM       map[string]string `json:"utm,omitempty"`  // utm_source …
	QR        bool              `json:"qr,omitempty"`
	Lists     string            `json:"lists"` // version of the bot lists that judged it
}

// Drop counts hits of one reason, on one link in one minute.
type Drop struct {
	Program   id.Program   `json:"program"`
	Link      id.Link      `json:"link"`
	Affiliate id.Affiliate `json:"affiliate"`
	Reason    Reason       `json:"reason"`
	Minute    int64        `json:"minute"` // minutes since 1970-01-01 UTC
	Hits      int64        `json:"hits"`
}

// slack is how far the clocks of the edge and of a provider may differ.
const slack = 5 * time.Minute

// Eligible reports whether an event is inside the window of a click, which is
// the one in force at the click: click − 5 minutes ≤ event < click + window.
func Eligible(at, event time.Time, window time.Duration) bool {
	return !event.Before(at.Add(-slack)) && event.Before(at.Add(window))
}
