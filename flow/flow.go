// Package flow is the use cases that cross rooms: short functions that call
// from left to right, alike for API, dashboards, workers and the simulator.
//
// Nouns: Env, and the inputs and outcomes of the use cases.
//
// Invariants:
//  1. A use case is one transaction: all of it happens, or nothing.
//  2. Calling a use case again with the same facts changes nothing and gives
//     the same answer.
//  3. There is no SQL and no rule in here: only calls, in stream order.
//
// It owns no tables.
package flow

import (
	"tributary.example/internal/db"
	"tributary.example/internal/secret"
)

// Env is what use cases need besides their transaction.
type Env struct {
	Root secret.Root
	// Clicks is where the clicks are read in a transaction: the transaction
	// itself where they are in the same database. Nil knows no clicks; then
	// tokens speak for themselves.
	Clicks func(tx *db.Tx) db.Reader
}
