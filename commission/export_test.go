package commission

import (
	"context"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// ReleasedAfterLock is when a commission counts as released after a change that
// was computed from a row read before.
func ReleasedAfterLock(ctx context.Context, tx *db.Tx, prog id.Program, before, after Commission) (time.Time, error) {
	c := change{before, after}
	err := c.lock(ctx, tx, prog)
	return c.after.ReleasedAt, err
}
