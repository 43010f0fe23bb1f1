package payout

import (
	"context"
	"fmt"

	"tributary.example/affiliate"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/money"
)

// RailName names a rail, such as "csv".
type RailName string

// Rail is a way to hand payouts to whoever moves the money.
type Rail interface {
	// Name is the rail's name, in accounts and in addresses.
	Name() RailName
	// File is what a person takes to the bank, or a file without content when
	// there is nothing to take.
	File(run Run, list []Instruction) (File, error)
}

// File is a rail's file for one run.
type File struct {
	Name        string
	ContentType string
	Content     []byte
}

// Instruction is one payout with the details to pay it to.
type Instruction struct {
	Payout  id.Payout
	Name    string // the affiliate's
	Rail    affiliate.Rail
	Holder  string
	Account string
	Amount  money.Amount
}

// Instructions are the payouts of a run that were sent by a rail, with their
// details as they were at approval, unsealed. It is called outside any
// transaction.
func Instructions(ctx context.Context, r db.Reader, root secret.Root, prog id.Program, run id.Run, rail RailName) ([]Instruction, error) {
	pots, err := OfRun(ctx, r, prog, run)
	if err != nil {
		return nil, err
	}
	var list []Instruction
	for _, pot := range pots {
		if pot.Rail != rail {
			continue
		}
		details, err := affiliate.OpenDetails(root, pot.Affiliate, pot.Sealed)
		if err != nil {
			return nil, fmt.Errorf("open payout details of %s: %w", pot.ID, err)
		}
		aff, err := affiliate.Get(ctx, r, prog, pot.Affiliate)
		if err != nil {
			return nil, err
		}
		list = append(list, Instruction{
			Payout: pot.ID, Name: aff.Name, Rail: details.Rail, Holder: details.Holder, Account: details.Account, Amount: pot.Amount(),
		})
	}
	return list, nil
}
