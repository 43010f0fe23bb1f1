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
	"tributary.example/program"
)

// Release makes payable what was held long enough: no review, no open dispute,
// and the affiliate active (or gone by their own wish). What the affiliate owes
// is repaid from it in the same posting. It takes at most limit commissions and
// returns how many it took; call it again until that is zero.
func Release(ctx context.Context, tx *db.Tx, prog program.Program, limit int) (int, error) {
	due, err := db.All(ctx, tx, db.Scalar[id.Commission], `
		select c.commission_id from commissions c
		join affiliates a on a.program_id = c.program_id and a.affiliate_id = c.affiliate_id
		where c.program_id = $1 and c.released_at is null and c.release_at <= $2 and c.review = '' and c.disputed = 0
			and a.state in ('active', 'closed')
		order by c.release_at, c.commission_id limit $3`, prog.ID, tx.Now(), limit)
	if err != nil {
		return 0, fmt.Errorf("read due commissions: %w", err)
	}
	slices.Sort(due)
	var taken []Commission
	for _, com := range due {
		// Somebody may have been faster, or a dispute come in between.
		c, ok, err := db.Lookup(ctx, tx, scan, `
			update commissions set released_at = $3, revision = revision + 1
			where program_id = $1 and commission_id = $2 and released_at is null and review = '' and disputed = 0
			returning `+columns, prog.ID, com, tx.Now())
		if err != nil {
			return 0, fmt.Errorf("release %s: %w", com, err)
		}
		if ok {
			taken = append(taken, c)
		}
	}
	slices.SortFunc(taken, func(a, b Commission) int {
		return cmp.Or(cmp.Compare(a.Affiliate, b.Affiliate), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.ID, b.ID))
	})
	for _, c := range taken {
		if err := release(ctx, tx, prog.ID, c); err != nil {
			return 0, fmt.Errorf("release %s: %w", c.ID, err)
		}
	}
	return len(due), nil
}

func release(ctx context.Context, tx *db.Tx, prog id.Program, c Commission) error {
	b, err := openBook(ctx, tx, prog, c.Affiliate, c.Currency)
	if err != nil {
		return err
	}
	o, err := ownOf(ctx, tx, prog, c.Affiliate, c.ID)
	if err != nil || o.held <= 0 {
		return err
	}
	item := string(c.ID)
	p := ledger.Posting{
		Reference: fmt.Sprintf("%s:%d:released", c.ID, c.Revision), Kind: KindReleased, Reason: text.S("The hold is over."),
		Moves: []ledger.Move{b.debit(Held, item, o.held), b.credit(Payable, item, o.held)},
	}
	owed := min(o.held, b.clawback)
	repaid, err := b.repay(ctx, tx, owed)
	if err != nil {
		return err
	}
	if owed > 0 {
		p.Reason = text.S("The hold is over; %s of it repays what was owed.", b.amount(owed))
		p.Moves = append(append(p.Moves, b.debit(Payable, item, owed)), repaid...)
	}
	if _, err := ledger.Post(ctx, tx, prog, p); err != nil {
		return err
	}
	return outbox.Emit(ctx, tx, outbox.Event{Program: prog, Type: EventReleased, Version: 1, Subject: item, Payload: changed(c, 0)})
}

// KindReleased is the kind of the postings that make money payable: a payout
// takes those up to its cut-off, and every other movement up to its approval.
const KindReleased = "released"

// KindRepaid is the kind of the postings that repay what an affiliate owes out
// of what came back to them.
const KindRepaid = "repaid"

// Repay pays what an affiliate owes in a currency from what is payable to them,
// once per reference: nobody is paid while they owe. It is called when money
// comes back to payable by another way than Release.
func Repay(ctx context.Context, tx *db.Tx, prog id.Program, aff id.Affiliate, currency money.Currency, reference string) error {
	b, err := openBook(ctx, tx, prog, aff, currency)
	if err != nil {
		return err
	}
	owed := min(b.payable, b.clawback)
	if owed == 0 {
		return nil
	}
	repaid, err := b.repay(ctx, tx, owed)
	if err != nil {
		return err
	}
	spent, err := b.spend(ctx, tx, repaid)
	if err != nil {
		return err
	}
	_, err = ledger.Post(ctx, tx, prog, ledger.Posting{
		Reference: reference, Kind: KindRepaid, Reason: text.S("%s repays what was owed.", b.amount(owed)), Moves: append(spent, repaid...),
	})
	return err
}

// Balance is what stands for one affiliate in one currency.
type Balance struct {
	Currency money.Currency `json:"currency"`
	Held     int64          `json:"held_minor"`
	Payable  int64          `json:"payable_minor"`
	InPayout int64          `json:"in_payout_minor"` // approved or sent, not settled yet
	Paid     int64          `json:"paid_minor"`
	Clawback int64          `json:"clawback_minor"` // owed by the affiliate
}

// Net is what the affiliate has earned in all: it follows from the facts alone.
func (b Balance) Net() int64 { return b.Held + b.Payable + b.InPayout + b.Paid - b.Clawback }

// Balances are an affiliate's figures by currency; they cost the same however
// many commissions there are.
func Balances(ctx context.Context, r db.Reader, prog id.Program, aff id.Affiliate) ([]Balance, error) {
	rows, err := ledger.Balances(ctx, r, prog, string(aff))
	if err != nil {
		return nil, fmt.Errorf("read balances of %s: %w", aff, err)
	}
	var out []Balance // rows come by currency
	for _, row := range rows {
		if len(out) == 0 || out[len(out)-1].Currency != row.Currency {
			out = append(out, Balance{Currency: row.Currency})
		}
		out[len(out)-1].add(row)
	}
	return slices.DeleteFunc(out, func(b Balance) bool { return b == Balance{Currency: b.Currency} }), nil
}

func (b *Balance) add(row ledger.OwnerBalance) {
	a, _ := AccountNamed(row.Account)
	switch a {
	case Held:
		b.Held += row.Minor
	case Payable:
		b.Payable += row.Minor
	case Clawback:
		b.Clawback += row.Minor
	case InPayout, Clearing(railOf(row.Account)):
		b.InPayout += row.Minor
	case Cash(railOf(row.Account)):
		b.Paid += row.Minor
	}
}
