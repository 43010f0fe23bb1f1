package bus

import (
	"context"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
)

// Place is a consumer's place in the stream of one creation time.
type Place struct {
	Consumer string
	Stream   Stream
	Created  time.Time // the stream's creation time
}

// Position is the sequence up to which a consumer has done its work; 0 when it
// has not begun.
func Position(ctx context.Context, r db.Reader, p Place) (uint64, error) {
	seq, _, err := db.Lookup(ctx, r, db.Scalar[int64],
		`select sequence from positions where consumer = $1 and stream = $2 and created = $3`,
		p.Consumer, p.Stream, p.Created)
	if err != nil {
		return 0, fmt.Errorf("position of %s in %s: %w", p.Consumer, p.Stream, err)
	}
	return uint64(seq), nil
}

// Move moves a position from one sequence to another, in the transaction of
// what was done. The kind of error is Conflict when somebody else moved it:
// then the transaction must not be committed.
func Move(ctx context.Context, tx *db.Tx, p Place, from, to uint64) error {
	var n int64
	var err error
	if from == 0 {
		n, err = tx.Exec(ctx, `insert into positions (consumer, stream, created, sequence, moved_at)
			values ($1, $2, $3, $4, $5) on conflict (consumer, stream, created) do nothing`,
			p.Consumer, p.Stream, p.Created, int64(to), tx.Now())
	} else {
		n, err = tx.Exec(ctx, `update positions set sequence = $4, moved_at = $5
			where consumer = $1 and stream = $2 and created = $3 and sequence = $6`,
			p.Consumer, p.Stream, p.Created, int64(to), tx.Now(), int64(from))
	}
	if err != nil {
		return fmt.Errorf("move %s in %s: %w", p.Consumer, p.Stream, err)
	}
	if n == 0 {
		return fault.New(fault.Conflict, "Another consumer %s has moved in %s meanwhile.", p.Consumer, string(p.Stream))
	}
	return nil
}
