package commission

import (
	"strings"

	"tributary.example/ledger"
)

// The accounts of one affiliate. None of them is ever negative.
var (
	Held     = ledger.Account{Name: "held", Normal: ledger.CreditSide, Guarded: true}      // earned, waiting
	Payable  = ledger.Account{Name: "payable", Normal: ledger.CreditSide, Guarded: true}   // due to the affiliate
	InPayout = ledger.Account{Name: "in_payout", Normal: ledger.CreditSide, Guarded: true} // in an approved payout
	Clawback = ledger.Account{Name: "clawback", Normal: ledger.DebitSide, Guarded: true}   // owed by the affiliate
)

// The accounts of the program. Their legs name the affiliate they concern.
var (
	Expense  = ledger.Account{Name: "expense:commission", Normal: ledger.DebitSide}
	Bonus    = ledger.Account{Name: "expense:bonus", Normal: ledger.DebitSide}
	WriteOff = ledger.Account{Name: "expense:writeoff", Normal: ledger.DebitSide}
	Opening  = ledger.Account{Name: "opening", Normal: ledger.DebitSide}
)

const (
	clearingPrefix = "clearing:"
	cashPrefix     = "cash:"
)

// Clearing is what was handed to a rail and is not settled yet, per affiliate.
func Clearing(rail string) ledger.Account {
	return ledger.Account{Name: clearingPrefix + rail, Normal: ledger.CreditSide, Guarded: true}
}

// Cash is what a rail has paid, per affiliate: money that left the merchant.
func Cash(rail string) ledger.Account {
	return ledger.Account{Name: cashPrefix + rail, Normal: ledger.CreditSide, Guarded: true}
}

// AccountNamed is the account of a stored name; ok is false for a name that is
// none of ours.
func AccountNamed(name string) (a ledger.Account, ok bool) {
	for _, a := range []ledger.Account{Held, Payable, InPayout, Clawback, Expense, Bonus, WriteOff, Opening} {
		if a.Name == name {
			return a, true
		}
	}
	if rail, ok := strings.CutPrefix(name, clearingPrefix); ok {
		return Clearing(rail), true
	}
	if rail, ok := strings.CutPrefix(name, cashPrefix); ok {
		return Cash(rail), true
	}
	return ledger.Account{}, false
}

func railOf(name string) string {
	_, rail, _ := strings.Cut(name, ":")
	return rail
}
