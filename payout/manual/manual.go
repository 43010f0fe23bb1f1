// Package manual is the rail of a person who pays by hand, however merchant and
// affiliate agreed, and settles each payout with a reference.
//
// Nouns: Rail.
//
// Invariants:
//  1. There is no file: what is to be paid stands on the run's page.
//
// It owns no tables.
package manual

import "tributary.example/payout"

// Rail writes nothing.
type Rail struct{}

// Name is the rail's name.
func (Rail) Name() payout.RailName { return "manual" }

// File has no content: there is nothing to take anywhere.
func (Rail) File(payout.Run, []payout.Instruction) (payout.File, error) { return payout.File{}, nil }
