package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Lease says who does a timer's work, so that others need not. It saves work
// and never makes it right.
type Lease struct {
	Name   string
	Number int64 // grows with each new holder; writes compare it, see Holds
}

// databaseNow is the database's clock in microseconds: processes on several
// machines share it. SQLite has one process, whose clock it is.
func (tx *Tx) databaseNow(ctx context.Context) (int64, error) {
	if tx.d.dialect == SQLite {
		return tx.now.UnixMicro(), nil
	}
	return One(ctx, tx, Scalar[int64], `select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)`)
}

// TakeLease takes a free or expired lease, or prolongs the holder's own, for a
// span from now. The holder's name is unique per process. ok is false while
// somebody else holds it.
func TakeLease(ctx context.Context, tx *Tx, name, holder string, span time.Duration) (lease Lease, ok bool, err error) {
	now, err := tx.databaseNow(ctx)
	if err != nil {
		return Lease{}, false, err
	}
	number, ok, err := Lookup(ctx, tx, Scalar[int64], `insert into leases (name, holder, number, expires)
		values ($1, $2, 1, $3)
		on conflict (name) do update set holder = excluded.holder, expires = excluded.expires,
			number = leases.number + case when leases.holder = excluded.holder then 0 else 1 end
		where leases.holder = excluded.holder or leases.expires <= $4
		returning number`, name, holder, now+span.Microseconds(), now)
	return Lease{name, number}, ok, err
}

// Holds reports whether the lease is still the newest, and keeps it so until
// the transaction ends.
func (l Lease) Holds(ctx context.Context, tx *Tx) (bool, error) {
	n, err := tx.Exec(ctx, `update leases set number = number where name = $1 and number = $2`, l.Name, l.Number)
	return n == 1, err
}

// Release gives the lease up; the next holder need not wait for its end.
func (l Lease) Release(ctx context.Context, tx *Tx) error {
	_, err := tx.Exec(ctx, `update leases set expires = 0, holder = '' where name = $1 and number = $2`, l.Name, l.Number)
	return err
}

// Setting reads a setting of the installation and whether it is set.
func Setting(ctx context.Context, r Reader, name string) (string, bool, error) {
	return Lookup(ctx, r, Scalar[string], `select value from settings where name = $1`, name)
}

// PutSetting writes a setting of the installation.
func PutSetting(ctx context.Context, tx *Tx, name, value string) error {
	_, err := tx.Exec(ctx, `insert into settings (name, value, changed_at) values ($1, $2, $3)
		on conflict (name) do update set value = excluded.value, changed_at = excluded.changed_at`,
		name, value, tx.Now())
	return err
}

// WaitForLocks bounds how long the next statements wait for another
// transaction's rows; 0 is the server's own bound. It does nothing on SQLite,
// which has one writer. See IsLocked.
func (tx *Tx) WaitForLocks(ctx context.Context, span time.Duration) error {
	if tx.d.dialect == SQLite {
		return nil
	}
	value := "default"
	if span > 0 {
		value = fmt.Sprintf("%d", max(1, span.Milliseconds()))
	}
	_, err := tx.Exec(ctx, "set local lock_timeout to "+value)
	return err
}

// IsLocked reports whether a statement gave up waiting for another
// transaction's rows, see WaitForLocks.
func IsLocked(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}
