package commission

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/internal/text"
	"tributary.example/ledger"
	"tributary.example/money"
)

// book is one affiliate's accounts in one currency while they are moved.
type book struct {
	prog     id.Program
	aff      id.Affiliate
	currency money.Currency
	payable  int64
	clawback int64
}

// openBook locks an affiliate's accounts.
func openBook(ctx context.Context, tx *db.Tx, prog id.Program, aff id.Affiliate, currency money.Currency) (*book, error) {
	minors, err := ledger.Lock(ctx, tx, prog, string(aff), currency, Clawback, Held, Payable)
	if err != nil {
		return nil, err
	}
	return &book{prog: prog, aff: aff, currency: currency, clawback: minors[0], payable: minors[2]}, nil
}

func (b *book) amount(minor int64) money.Amount { return money.Of(minor, b.currency) }

func (b *book) debit(a ledger.Account, item string, minor int64) ledger.Move {
	return ledger.Debit(a, string(b.aff), item, b.amount(minor))
}

func (b *book) credit(a ledger.Account, item string, minor int64) ledger.Move {
	return ledger.Credit(a, string(b.aff), item, b.amount(minor))
}

// repay credits what the affiliate owes, the oldest item first.
func (b *book) repay(ctx context.Context, tx *db.Tx, minor int64) ([]ledger.Move, error) {
	if minor == 0 {
		return nil, nil
	}
	open, err := ledger.OpenItems(ctx, tx, b.prog, string(b.aff), Clawback, b.currency)
	if err != nil {
		return nil, fmt.Errorf("read clawback of %s: %w", b.aff, err)
	}
	var moves []ledger.Move
	for _, item := range open {
		owed := min(-item.Minor, minor) // a debit is negative
		if owed <= 0 {
			continue
		}
		moves = append(moves, b.credit(Clawback, item.Item, owed))
		minor -= owed
		b.clawback -= owed
	}
	if minor != 0 {
		panic(fmt.Sprintf("commission: clawback of %s has no items for %s", b.aff, b.amount(minor)))
	}
	return moves, nil
}

// spend debits payable with what repays clawback: each item for itself as far
// as it goes, then the oldest.
func (b *book) spend(ctx context.Context, tx *db.Tx, repaid []ledger.Move) ([]ledger.Move, error) {
	open, err := ledger.OpenItems(ctx, tx, b.prog, string(b.aff), Payable, b.currency)
	if err != nil {
		return nil, fmt.Errorf("read payable of %s: %w", b.aff, err)
	}
	owes, rest := map[string]int64{}, int64(0)
	for _, m := range repaid {
		owes[m.Item] += m.Amount.Minor
		rest += m.Amount.Minor
	}
	var moves []ledger.Move
	take := func(i int, minor int64) {
		open[i].Minor -= minor
		rest -= minor
		moves = append(moves, b.debit(Payable, open[i].Item, minor))
	}
	for i, item := range open {
		take(i, min(max(item.Minor, 0), owes[item.Item]))
	}
	for i := range open {
		take(i, min(max(open[i].Minor, 0), rest))
	}
	if rest != 0 {
		panic(fmt.Sprintf("commission: payable of %s has no items for %s", b.aff, b.amount(rest)))
	}
	return moves, nil
}

// line is one affiliate's side of a change: what to add, and whether it goes
// where released money goes.
type line struct {
	change change
	aff    id.Affiliate
	target int64
	loses  bool // the commission went to somebody else
}

// post writes the differences: accounts are locked by affiliate and currency,
// in order.
func post(ctx context.Context, tx *db.Tx, prog id.Program, changes []change) error {
	var lines []line
	for _, c := range changes {
		if !c.money() {
			continue
		}
		if was := c.before.Affiliate; was != "" && was != c.after.Affiliate {
			lines = append(lines, line{change: c, aff: was, loses: true})
		}
		lines = append(lines, line{change: c, aff: c.after.Affiliate, target: c.after.TargetMinor})
	}
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.aff, b.aff), cmp.Compare(a.change.after.Currency, b.change.after.Currency))
	})
	for _, l := range lines {
		b, err := openBook(ctx, tx, prog, l.aff, l.change.after.Currency)
		if err != nil {
			return err
		}
		if err := l.post(ctx, tx, b); err != nil {
			return fmt.Errorf("post commission %s: %w", l.change.after.ID, err)
		}
	}
	return nil
}

// own is what stands on one affiliate's accounts for one commission.
type own struct{ earned, held, payable int64 }

func ownOf(ctx context.Context, tx *db.Tx, prog id.Program, aff id.Affiliate, com id.Commission) (own, error) {
	sums, err := ledger.ItemBalances(ctx, tx, prog, string(com))
	if err != nil {
		return own{}, fmt.Errorf("read item %s: %w", com, err)
	}
	var o own
	for _, s := range sums {
		if s.Owner != string(aff) {
			continue
		}
		switch s.Account {
		case Expense.Name:
			o.earned = -s.Minor
		case Held.Name:
			o.held = s.Minor
		case Payable.Name:
			o.payable = s.Minor
		}
	}
	return o, nil
}

// post brings one affiliate's postings of a commission to the target.
func (l line) post(ctx context.Context, tx *db.Tx, b *book) error {
	com := l.change.after
	o, err := ownOf(ctx, tx, b.prog, l.aff, com.ID)
	if err != nil {
		return err
	}
	by := l.target - o.earned
	var p ledger.Posting
	switch {
	case by > 0:
		p, err = l.rise(ctx, tx, b, by)
	case by < 0:
		p = l.fall(b, &o, -by)
	}
	if err != nil {
		return err
	}
	if by != 0 {
		if _, err := ledger.Post(ctx, tx, b.prog, p); err != nil {
			return err
		}
		if err := emit(ctx, tx, b.prog, l.view(), by); err != nil {
			return err
		}
	}
	if !com.Disputed || l.loses {
		return nil
	}
	return l.hold(ctx, tx, b, min(o.payable, b.payable))
}

// view is the commission as this affiliate sees it.
func (l line) view() Commission {
	com := l.change.after
	if l.loses {
		com.Affiliate, com.TargetMinor, com.BaseMinor = l.aff, 0, 0
		com.Lines = []Line{{Sentence: text.S("The customer's referral went to somebody else.")}}
	}
	return com
}

func (l line) reference(what string) string {
	return fmt.Sprintf("%s:%d:%s:%s", l.change.after.ID, l.change.after.Revision, what, l.aff)
}

// rise books what was earned: to held, or, when it was released before, first
// against what is owed and then to payable.
func (l line) rise(ctx context.Context, tx *db.Tx, b *book, by int64) (ledger.Posting, error) {
	com := l.change.after
	item := string(com.ID)
	p := ledger.Posting{Reference: l.reference("earned"), Kind: "earned", Reason: text.S("Earned %s.", b.amount(by))}
	p.Moves = []ledger.Move{b.debit(Expense, item, by)}
	if com.ReleasedAt.IsZero() {
		p.Moves = append(p.Moves, b.credit(Held, item, by))
		return p, nil
	}
	repaid, err := b.repay(ctx, tx, min(by, b.clawback))
	if err != nil {
		return p, err
	}
	rest := by
	for _, m := range repaid {
		rest -= m.Amount.Minor
	}
	p.Moves = append(append(p.Moves, repaid...), b.credit(Payable, item, rest))
	return p, nil
}

// fall takes back: what is still held of this commission, then what is payable
// to the affiliate, and the rest is owed.
func (l line) fall(b *book, o *own, by int64) ledger.Posting {
	item := string(l.change.after.ID)
	p := ledger.Posting{Reference: l.reference("reversed"), Kind: "reversed", Reason: text.S("Taken back %s.", b.amount(by))}
	held := min(by, max(o.held, 0))
	payable := min(by-held, b.payable)
	owed := by - held - payable
	p.Moves = []ledger.Move{
		b.debit(Held, item, held), b.debit(Payable, item, payable), b.debit(Clawback, item, owed), b.credit(Expense, item, by),
	}
	o.held -= held
	o.payable -= payable
	b.payable -= payable
	b.clawback += owed
	return p
}

// hold moves a disputed commission's own part of payable back.
func (l line) hold(ctx context.Context, tx *db.Tx, b *book, minor int64) error {
	if minor <= 0 {
		return nil
	}
	item := string(l.change.after.ID)
	_, err := ledger.Post(ctx, tx, b.prog, ledger.Posting{
		Reference: l.reference("disputed"), Kind: "disputed", Reason: text.S("The customer disputes the payment."),
		Moves: []ledger.Move{b.debit(Payable, item, minor), b.credit(Held, item, minor)},
	})
	return err
}

func emit(ctx context.Context, tx *db.Tx, prog id.Program, com Commission, by int64) error {
	kind := EventEarned
	if by < 0 {
		kind = EventReversed
	}
	return outbox.Emit(ctx, tx, outbox.Event{Program: prog, Type: kind, Version: 1, Subject: string(com.ID), Payload: changed(com, by)})
}
