package ledger

import (
	"context"
	"fmt"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/money"
)

// Balance is a guarded account's figure, on its normal side; zero when nothing
// was ever posted. It costs the same however many postings there are.
func Balance(ctx context.Context, r db.Reader, prog id.Program, owner string, account Account, currency money.Currency) (int64, error) {
	minor, _, err := db.Lookup(ctx, r, db.Scalar[int64], `
		select minor from ledger_balances where program_id = $1 and owner = $2 and account = $3 and currency = $4`,
		prog, owner, account.Name, currency)
	if err != nil {
		return 0, fmt.Errorf("read balance %s of %s: %w", account.Name, owner, err)
	}
	return minor, nil
}

// OwnerBalance is one guarded account of an owner, on its normal side.
type OwnerBalance struct {
	Owner    string
	Account  string
	Currency money.Currency
	Minor    int64
}

func scanOwnerBalance(r db.Row) (OwnerBalance, error) {
	var b OwnerBalance
	err := r.Scan(&b.Owner, &b.Account, &b.Currency, &b.Minor)
	return b, err
}

// Balances are all guarded accounts of an owner, by currency and name.
func Balances(ctx context.Context, r db.Reader, prog id.Program, owner string) ([]OwnerBalance, error) {
	return db.All(ctx, r, scanOwnerBalance, `
		select owner, account, currency, minor from ledger_balances
		where program_id = $1 and owner = $2 order by currency, account`, prog, owner)
}

// BalancesOf are all owners' figures above zero on one guarded account.
func BalancesOf(ctx context.Context, r db.Reader, prog id.Program, account Account) ([]OwnerBalance, error) {
	return db.All(ctx, r, scanOwnerBalance, `
		select owner, account, currency, minor from ledger_balances
		where program_id = $1 and account = $2 and minor > 0 order by owner, currency`, prog, account.Name)
}

// OwnerSums are the sums of all legs of an owner per account and currency, on
// the credit side, of accounts that have no balance row too.
func OwnerSums(ctx context.Context, r db.Reader, prog id.Program, owner string) ([]OwnerBalance, error) {
	return db.All(ctx, r, scanOwnerBalance, `
		select owner, account, currency, cast(coalesce(sum(minor), 0) as bigint) from ledger_legs
		where program_id = $1 and owner = $2 group by owner, account, currency order by currency, account`, prog, owner)
}

// ItemBalance is what stands on an account for one item, credit positive.
type ItemBalance struct {
	Item     string
	Account  string
	Owner    string
	Currency money.Currency
	Minor    int64
}

func scanItemBalance(r db.Row) (ItemBalance, error) {
	var b ItemBalance
	err := r.Scan(&b.Item, &b.Account, &b.Owner, &b.Currency, &b.Minor)
	return b, err
}

// ItemBalances are an item's figures per account and owner, without those that
// are zero.
func ItemBalances(ctx context.Context, r db.Reader, prog id.Program, item string) ([]ItemBalance, error) {
	return db.All(ctx, r, scanItemBalance, `
		select item, account, owner, currency, cast(sum(minor) as bigint) from ledger_legs
		where program_id = $1 and item = $2
		group by item, account, owner, currency having sum(minor) <> 0
		order by account, owner, currency`, prog, item)
}

// OpenItems are the items that make up an owner's account, without those that
// are zero; the one that was moved there first comes first.
func OpenItems(ctx context.Context, r db.Reader, prog id.Program, owner string, account Account, currency money.Currency) ([]ItemBalance, error) {
	return db.All(ctx, r, scanItemBalance, `
		select item, account, owner, currency, cast(sum(minor) as bigint) from ledger_legs
		where program_id = $1 and owner = $2 and account = $3 and currency = $4
		group by item, account, owner, currency having sum(minor) <> 0
		order by min(posting_id), item`, prog, owner, account.Name, currency)
}

const selectLegs = `
	select l.posting_id, l.n, p.reference, p.kind, p.at, p.actor_kind, p.actor_id, p.reason,
		l.account, l.owner, l.item, l.currency, l.minor
	from ledger_legs l join ledger_postings p on p.program_id = l.program_id and p.posting_id = l.posting_id `

func scanLeg(r db.Row) (Leg, error) {
	var l Leg
	err := r.Scan(&l.Posting, &l.N, &l.Reference, &l.Kind, &l.At, &l.ActorKind, &l.ActorID, db.JSON(&l.Reason),
		&l.Account, &l.Owner, &l.Item, &l.Currency, &l.Minor)
	return l, err
}

// Legs are all moves on an owner's account, the oldest first.
func Legs(ctx context.Context, r db.Reader, prog id.Program, owner string, account Account, currency money.Currency) ([]Leg, error) {
	return db.All(ctx, r, scanLeg, selectLegs+`
		where l.program_id = $1 and l.owner = $2 and l.account = $3 and l.currency = $4
		order by l.posting_id, l.n`, prog, owner, account.Name, currency)
}

// ItemLegs are all moves about an item, the oldest first.
func ItemLegs(ctx context.Context, r db.Reader, prog id.Program, item string) ([]Leg, error) {
	return db.All(ctx, r, scanLeg, selectLegs+`
		where l.program_id = $1 and l.item = $2 order by l.posting_id, l.n`, prog, item)
}

// Posted reports whether a reference was posted.
func Posted(ctx context.Context, r db.Reader, prog id.Program, reference string) (bool, error) {
	_, ok, err := db.Lookup(ctx, r, db.Scalar[string], `
		select posting_id from ledger_postings where program_id = $1 and reference = $2`, prog, reference)
	return ok, err
}
