// Package ledger is double entry: postings whose moves sum to zero, written
// once per reference and never touched again.
//
// Nouns: Account, Move, Posting, Leg, Balance, Seal.
//
// Invariants:
//  1. The moves of a posting sum to zero in each currency; anything else
//     panics before a row is written.
//  2. A reference is posted once, however often and by how many at a time.
//  3. A guarded account never goes below zero on its normal side: its balance
//     row is lock, figure and check in one, and equals the sum of its legs.
//  4. Postings, legs and seals are append-only, kept by the database.
//  5. Every posting older than a minute is in exactly one seal, and each seal
//     hashes the one before it and its own postings.
//
// It owns ledger_postings, ledger_legs, ledger_balances, ledger_seals,
// ledger_sealed and ledger_days. It must not know whose accounts these are or
// what they are called.
package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
)

// Side is the side on which an account grows.
type Side int64

// The sides. Legs store credit as positive and debit as negative figures.
const (
	CreditSide Side = 1
	DebitSide  Side = -1
)

// Account is a kind of account. Its figures are kept per owner, item and
// currency; only a guarded one has balance rows.
type Account struct {
	Name    string
	Normal  Side
	Guarded bool
}

// Move is one leg of a posting to be: who, for which item, how much. Credit is
// positive, debit negative: see Credit and Debit.
type Move struct {
	Account Account
	Owner   string // whose account it is, or whom it concerns
	Item    string // the thing it is about; an account is the sum over its items
	Amount  money.Amount
}

// Credit is a move on the credit side.
func Credit(a Account, owner, item string, amount money.Amount) Move {
	return Move{a, owner, item, amount}
}

// Debit is a move on the debit side.
func Debit(a Account, owner, item string, amount money.Amount) Move {
	return Move{a, owner, item, amount.Neg()}
}

// Posting is what shall be written at once. Time and actor are the
// transaction's.
type Posting struct {
	Reference string // makes it happen once
	Kind      string // what happened, in one word
	Reason    text.Sentence
	Moves     []Move
}

// Post writes a posting unless its reference was posted before, and reports
// whether it did. Moves of zero are left out. It panics when the moves do not
// sum to zero: a programmer's error, never half a write. A guarded account
// that would fall below zero fails the transaction.
func Post(ctx context.Context, tx *db.Tx, prog id.Program, p Posting) (posted bool, err error) {
	p.Moves = slices.DeleteFunc(slices.Clone(p.Moves), func(m Move) bool { return m.Amount.IsZero() })
	p.assert()
	pst := id.New[id.Posting](tx.Now())
	n, err := tx.Exec(ctx, `
		insert into ledger_postings (program_id, posting_id, reference, kind, at, actor_kind, actor_id, reason)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (program_id, reference) do nothing`,
		prog, pst, p.Reference, p.Kind, tx.Now(), tx.Actor().Kind, tx.Actor().ID, db.JSON(p.Reason))
	if err != nil {
		return false, fmt.Errorf("post %s: %w", p.Reference, err)
	}
	if n == 0 {
		return false, nil
	}
	for i, m := range p.Moves {
		err := tx.Queue(ctx, `
			insert into ledger_legs (program_id, posting_id, n, account, owner, item, currency, minor)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			prog, pst, i+1, m.Account.Name, m.Owner, m.Item, m.Amount.Currency, m.Amount.Minor)
		if err != nil {
			return false, fmt.Errorf("post %s: %w", p.Reference, err)
		}
	}
	if err := shift(ctx, tx, prog, p.Moves); err != nil {
		return false, fmt.Errorf("post %s: %w", p.Reference, err)
	}
	return true, nil
}

// assert panics on what only a mistake in the code can bring here.
func (p Posting) assert() {
	if p.Reference == "" || p.Kind == "" {
		panic(fmt.Sprintf("ledger: posting %q of kind %q lacks a name", p.Reference, p.Kind))
	}
	sums := map[money.Currency]money.Exact{}
	for _, m := range p.Moves {
		if m.Account.Name == "" || m.Item == "" || m.Amount.Currency == "" {
			panic(fmt.Sprintf("ledger: posting %s has a move without account, item or currency: %+v", p.Reference, m))
		}
		sums[m.Amount.Currency] = sums[m.Amount.Currency].Plus(money.ExactOf(m.Amount.Minor))
	}
	if len(sums) == 0 {
		panic(fmt.Sprintf("ledger: posting %s moves nothing", p.Reference))
	}
	for currency, sum := range sums {
		if sum.Sign() != 0 {
			panic(fmt.Sprintf("ledger: posting %s does not sum to zero in %s: %+v", p.Reference, currency, p.Moves))
		}
	}
}

type cell struct {
	owner, account string
	currency       money.Currency
}

func compareCells(a, b cell) int {
	return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(a.account, b.account), cmp.Compare(a.currency, b.currency))
}

// shift moves the balance rows, sorted, so that two postings never wait for
// each other in a circle. The figure is changed where it stands, never from
// one read before.
func shift(ctx context.Context, tx *db.Tx, prog id.Program, moves []Move) error {
	changes := map[cell]int64{}
	for _, m := range moves {
		if !m.Account.Guarded {
			continue
		}
		c := cell{m.Owner, m.Account.Name, m.Amount.Currency}
		sum, err := money.Add(changes[c], m.Amount.Minor*int64(m.Account.Normal))
		if err != nil {
			return err
		}
		changes[c] = sum
	}
	cells := make([]cell, 0, len(changes))
	for c := range changes {
		cells = append(cells, c)
	}
	slices.SortFunc(cells, compareCells)
	for _, c := range cells {
		if err := shiftOne(ctx, tx, prog, c, changes[c]); err != nil {
			return err
		}
	}
	return nil
}

func shiftOne(ctx context.Context, tx *db.Tx, prog id.Program, c cell, by int64) error {
	if by > 0 {
		return tx.Queue(ctx, `
			insert into ledger_balances (program_id, owner, account, currency, minor) values ($1, $2, $3, $4, $5)
			on conflict (program_id, owner, account, currency) do update set minor = ledger_balances.minor + excluded.minor`,
			prog, c.owner, c.account, c.currency, by)
	}
	// The check looks at a row before it finds the conflict, so a fall needs
	// the row to be there.
	err := tx.Queue(ctx, `
		insert into ledger_balances (program_id, owner, account, currency, minor) values ($1, $2, $3, $4, 0)
		on conflict (program_id, owner, account, currency) do nothing`, prog, c.owner, c.account, c.currency)
	if err != nil || by == 0 {
		return err
	}
	return tx.Queue(ctx, `
		update ledger_balances set minor = minor + $5
		where program_id = $1 and owner = $2 and account = $3 and currency = $4`,
		prog, c.owner, c.account, c.currency, by)
}

// Lock holds an owner's guarded accounts until the transaction ends and
// returns their balances on their normal side, in the order asked for.
func Lock(ctx context.Context, tx *db.Tx, prog id.Program, owner string, currency money.Currency, accounts ...Account) ([]int64, error) {
	sorted := slices.Clone(accounts)
	slices.SortFunc(sorted, func(a, b Account) int { return cmp.Compare(a.Name, b.Name) })
	found := map[string]int64{}
	for _, a := range sorted {
		minor, err := db.One(ctx, tx, db.Scalar[int64], `
			insert into ledger_balances (program_id, owner, account, currency, minor) values ($1, $2, $3, $4, 0)
			on conflict (program_id, owner, account, currency) do update set minor = ledger_balances.minor
			returning minor`, prog, owner, a.Name, currency)
		if err != nil {
			return nil, fmt.Errorf("lock %s of %s: %w", a.Name, owner, err)
		}
		found[a.Name] = minor
	}
	out := make([]int64, len(accounts))
	for i, a := range accounts {
		out[i] = found[a.Name]
	}
	return out, nil
}

// Leg is one written move with its posting.
type Leg struct {
	Posting   id.Posting
	N         int64
	Reference string
	Kind      string
	At        time.Time
	ActorKind db.ActorKind
	ActorID   string
	Reason    text.Sentence
	Account   string
	Owner     string
	Item      string
	Currency  money.Currency
	Minor     int64 // credit positive, debit negative
}

// Amount is the leg's figure with its currency, credit positive.
func (l Leg) Amount() money.Amount { return money.Of(l.Minor, l.Currency) }
