package main

import (
	"context"
	"encoding/json"

	"tributary.example/internal/db"
	"tributary.example/program"
	"tributary.example/verify"
)

type verifyCommand struct {
	config
	JSON bool `name:"json" help:"Print one JSON object per program."`
}

// Run checks the books of every program. Findings are printed one per line;
// the exit code is 3 when there is one.
func (c verifyCommand) Run(ctx context.Context) error {
	in, err := openBooks(ctx, c.config, db.Options{})
	if err != nil {
		return err
	}
	defer in.Close()
	programs, err := program.List(ctx, in.books)
	if err != nil {
		return err
	}
	broken := false
	for _, p := range programs {
		rep, err := verify.Books(ctx, in.books, p.ID)
		if err != nil {
			return err
		}
		broken = broken || len(rep.Findings) > 0
		if c.JSON {
			err = printJSON(p, rep)
		} else {
			printReport(p, rep)
		}
		if err != nil {
			return err
		}
	}
	if broken {
		return errBroken
	}
	return nil
}

func printReport(p program.Program, rep verify.Report) {
	for _, f := range rep.Findings {
		say("%s: %s", p.Slug, f)
	}
	if len(rep.Findings) == 0 {
		say("%s: the books hold.", p.Slug)
	}
	if rep.Sealed {
		say("%s: seal %d of %s: %s", p.Slug, rep.Seal.Number, rep.Seal.At.Format("2006-01-02T15:04:05Z"), rep.Seal.Hash)
	}
}

func printJSON(p program.Program, rep verify.Report) error {
	findings := []string{}
	for _, f := range rep.Findings {
		findings = append(findings, f.String())
	}
	b, err := json.Marshal(map[string]any{
		"program": p.Slug, "findings": findings, "seal": rep.Seal.Hash, "seal_number": rep.Seal.Number,
	})
	say("%s", b)
	return err
}
