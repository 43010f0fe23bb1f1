package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

const (
	sealBatch = 500
	// A posting's id carries the time its transaction began; none runs as long
	// as this, so the sealer need not look further back.
	sealMargin = time.Hour
)

// Sealed is a seal: a number without gaps, the hash and how many postings.
type Sealed struct {
	Number int64
	Hash   string
	Count  int64
	At     time.Time
}

func scanSeal(r db.Row) (Sealed, error) {
	var s Sealed
	err := r.Scan(&s.Number, &s.Hash, &s.Count, &s.At)
	return s, err
}

// Newest is the last seal of a program.
func Newest(ctx context.Context, r db.Reader, prog id.Program) (Sealed, bool, error) {
	return db.Lookup(ctx, r, scanSeal, `
		select number, hash, count, at from ledger_seals where program_id = $1 order by number desc limit 1`, prog)
}

// Seal takes the committed postings that have no seal yet, in the order of
// their ids, writes a seal over them and adds them to the daily totals. It
// returns how many it took; call it again when that is not zero. Two sealers
// of one program at once: the second fails with a conflict and nothing is lost.
func Seal(ctx context.Context, tx *db.Tx, prog id.Program) (int, error) {
	last, sealedBefore, err := Newest(ctx, tx, prog)
	if err != nil {
		return 0, fmt.Errorf("read newest seal: %w", err)
	}
	from := ""
	if sealedBefore {
		if from, err = sealFrom(ctx, tx, prog, last.Number); err != nil {
			return 0, err
		}
	}
	legs, err := db.All(ctx, tx, scanLeg, selectLegs+`
		where p.program_id = $1 and p.posting_id in (
			select q.posting_id from ledger_postings q
			where q.program_id = $1 and q.posting_id >= $2 and not exists (
				select 1 from ledger_sealed s where s.program_id = q.program_id and s.posting_id = q.posting_id)
			order by q.posting_id limit $3)
		order by l.posting_id, l.n`, prog, from, sealBatch)
	if err != nil || len(legs) == 0 {
		return 0, err
	}
	postings := group(legs)
	number := last.Number + 1
	_, err = tx.Exec(ctx, `insert into ledger_seals (program_id, number, hash, count, at) values ($1, $2, $3, $4, $5)`,
		prog, number, Hash(last.Hash, legs), len(postings), tx.Now())
	if err != nil {
		return 0, fmt.Errorf("write seal %d: %w", number, err)
	}
	for _, pst := range postings {
		err := tx.Queue(ctx, `insert into ledger_sealed (program_id, posting_id, number) values ($1, $2, $3)`, prog, pst, number)
		if err != nil {
			return 0, fmt.Errorf("write seal %d: %w", number, err)
		}
	}
	return len(postings), addDays(ctx, tx, prog, legs)
}

// sealFrom is the smallest id that an unsealed posting can have.
func sealFrom(ctx context.Context, tx *db.Tx, prog id.Program, number int64) (string, error) {
	newest, err := db.One(ctx, tx, db.Scalar[string], `
		select max(posting_id) from ledger_sealed where program_id = $1 and number = $2`, prog, number)
	if err != nil {
		return "", fmt.Errorf("read the newest sealed posting: %w", err)
	}
	u := id.UUIDv7(id.TimeOf(id.Posting(newest)).Add(-sealMargin))
	clear(u[6:])
	return string(id.FromUUID[id.Posting](u)), nil
}

func group(legs []Leg) []id.Posting {
	var out []id.Posting
	for _, l := range legs {
		if len(out) == 0 || out[len(out)-1] != l.Posting {
			out = append(out, l.Posting)
		}
	}
	return out
}

// addDays adds legs to the daily totals of all accounts.
func addDays(ctx context.Context, tx *db.Tx, prog id.Program, legs []Leg) error {
	type key struct {
		account, currency string
		day               int64
	}
	sums := map[key]int64{}
	var order []key
	for _, l := range legs {
		k := key{l.Account, string(l.Currency), l.At.Unix() / (24 * 60 * 60)}
		if _, ok := sums[k]; !ok {
			order = append(order, k)
		}
		sums[k] += l.Minor
	}
	for _, k := range order {
		err := tx.Queue(ctx, `
			insert into ledger_days (program_id, account, currency, day, minor) values ($1, $2, $3, $4, $5)
			on conflict (program_id, account, currency, day) do update set minor = ledger_days.minor + excluded.minor`,
			prog, k.account, k.currency, k.day, sums[k])
		if err != nil {
			return fmt.Errorf("add to the daily totals: %w", err)
		}
	}
	return nil
}

// SealedLegs are the legs under one seal, in the order in which Hash takes
// them.
func SealedLegs(ctx context.Context, r db.Reader, prog id.Program, number int64) ([]Leg, error) {
	return db.All(ctx, r, scanLeg, selectLegs+`
		join ledger_sealed s on s.program_id = p.program_id and s.posting_id = p.posting_id
		where s.program_id = $1 and s.number = $2 order by l.posting_id, l.n`, prog, number)
}

// Seals are seals in order, from the number after the given one.
func Seals(ctx context.Context, r db.Reader, prog id.Program, after int64, limit int) ([]Sealed, error) {
	return db.All(ctx, r, scanSeal, `
		select number, hash, count, at from ledger_seals where program_id = $1 and number > $2 order by number limit $3`,
		prog, after, limit)
}

// Hash is the SHA-256, in hex, of the seal before and of every column of the
// postings and legs under this one.
func Hash(before string, legs []Leg) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	_ = enc.Encode(before) // a hash never fails to write
	for _, l := range legs {
		_ = enc.Encode([]any{
			l.Posting, l.N, l.Reference, l.Kind, l.At.UnixMicro(), l.ActorKind, l.ActorID, l.Reason,
			l.Account, l.Owner, l.Item, l.Currency, l.Minor,
		})
	}
	return hex.EncodeToString(h.Sum(nil))
}
