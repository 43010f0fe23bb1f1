package db

import (
	"runtime"
	"time"
)

// AwaitWaiting returns when n functions wait for SQLite's writer.
func AwaitWaiting(d *DB, n int) {
	for len(d.writer.jobs) < n {
		runtime.Gosched()
	}
}

// AwaitStopping returns when Close has begun.
func AwaitStopping(d *DB) { <-d.writer.quit }

// Commits is how many transactions SQLite's writer has committed.
func Commits(d *DB) int64 { return d.writer.commits.Load() }

// PatientWriter lets batches last as long as functions wait, so that a busy
// machine does not split them. It is called before the first Write.
func PatientWriter(d *DB) { d.writer.span = time.Hour }
