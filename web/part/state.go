package part

import "strings"

// Tint is the colour family of a state: always beside its word.
type Tint string

// The tints: nothing special, well, somebody waits, wrong, on its way.
const (
	Plain Tint = ""
	Good  Tint = "good"
	Wait  Tint = "wait"
	Bad   Tint = "bad"
	Flow  Tint = "flow"
)

// states is the one table of state words of every kind of thing.
var states = map[string]Tint{
	// affiliates
	"invited": Wait, "applied": Wait, "rejected": Plain, "active": Good, "suspended": Bad, "banned": Bad, "closed": Plain,
	// customers
	"signed_up": Plain, "trial": Plain, "onboarded": Flow, "past_due": Wait, "paused": Plain, "inactive": Plain, "erased": Plain,
	// referrals
	"standing": Good, "refused": Plain, "void": Bad, "ended": Plain, "lapsed": Plain, "lost": Plain, "won": Good,
	// commissions
	"held": Wait, "in_review": Wait, "payable": Flow, "in_payout": Flow, "paid": Good, "reversed": Bad,
	// payout runs and payouts
	"draft": Plain, "approved": Flow, "sent": Flow, "settled": Good, "done": Good, "failed": Bad, "unknown": Wait, "returned": Bad, "cancelled": Plain,
	// links and coupons, keys, plans, terms
	"retired": Plain, "revoked": Plain, "expired": Plain, "archived": Plain, "in_force": Good, "announced": Wait,
	// evidence
	"valid": Good, "invalid": Bad, "foreign": Plain,
}

// StateWord returns the word for a state, for example "in review" for
// "in_review"; people see the same word everywhere.
func StateWord(state string) string { return strings.ReplaceAll(state, "_", " ") }

// StateTint returns the tint of a state, Plain for one it does not know.
func StateTint(state string) Tint { return states[state] }
