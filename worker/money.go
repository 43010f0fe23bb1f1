package worker

import (
	"context"
	"fmt"

	"tributary.example/commission"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/ledger"
	"tributary.example/program"
)

// releasePage is how many commissions one transaction releases.
const releasePage = 100

// Release makes commissions whose hold is over payable, program by program.
func Release(ctx context.Context, d *db.DB) error {
	return eachProgram(ctx, d, func(prog program.Program) error {
		return untilNone(func() (n int, err error) {
			err = d.Write(ctx, db.Timer("release"), func(tx *db.Tx) error {
				n, err = commission.Release(ctx, tx, prog, releasePage)
				return err
			})
			return n, err
		})
	})
}

// Seal seals the postings that have no seal yet, program by program. Another
// process that seals at the same time wins, and this one goes on.
func Seal(ctx context.Context, d *db.DB) error {
	return eachProgram(ctx, d, func(prog program.Program) error {
		err := untilNone(func() (n int, err error) {
			err = d.Write(ctx, db.Timer("seal"), func(tx *db.Tx) error {
				n, err = ledger.Seal(ctx, tx, prog.ID)
				return err
			})
			return n, err
		})
		if fault.Is(err, fault.Conflict) || db.IsUnique(err) {
			return nil
		}
		return err
	})
}

func eachProgram(ctx context.Context, d *db.DB, do func(prog program.Program) error) error {
	programs, err := program.List(ctx, d)
	if err != nil {
		return fmt.Errorf("read programs: %w", err)
	}
	for _, p := range programs {
		if err := do(p); err != nil {
			return fmt.Errorf("program %s: %w", p.Slug, err)
		}
	}
	return nil
}

func untilNone(pass func() (int, error)) error {
	for {
		if n, err := pass(); err != nil || n == 0 {
			return err
		}
	}
}
