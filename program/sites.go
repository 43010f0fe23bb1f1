package program

import (
	"context"
	"fmt"
	"slices"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// maxSites bounds the edge's record of a program.
const maxSites = 100

// PutSites makes exactly these hosts, and that of the program's site, the ones
// that links may lead to, and tells the edge. Links that were made before keep
// where they lead. Kinds: Invalid, NotFound.
func PutSites(ctx context.Context, tx *db.Tx, prog id.Program, hosts []string) error {
	p, err := Get(ctx, tx, prog)
	if err != nil {
		return err
	}
	own, err := siteHost(p.SiteURL)
	if err != nil {
		return err
	}
	wanted := []string{own}
	var faults fault.List
	for _, h := range hosts {
		host, err := ParseHost(h)
		if err := faults.Check(err); err != nil {
			return err
		}
		wanted = append(wanted, host)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	if len(wanted) > maxSites {
		faults.Add(fault.New(fault.Invalid, "A program has at most %s sites.", maxSites))
	}
	for _, f := range faults {
		f.Field("sites")
	}
	if err := faults.Err(); err != nil {
		return err
	}
	before, err := Sites(ctx, tx, prog)
	if err != nil || slices.Equal(before, wanted) {
		return err
	}
	for _, host := range before {
		if slices.Contains(wanted, host) {
			continue
		}
		if _, err := tx.Exec(ctx, `delete from program_sites where program_id = $1 and host = $2`, prog, host); err != nil {
			return fmt.Errorf("remove site: %w", err)
		}
	}
	for _, host := range wanted {
		_, err := tx.Exec(ctx, `
			insert into program_sites (program_id, host, created_at) values ($1, $2, $3)
			on conflict (program_id, host) do nothing`, prog, host, tx.Now())
		if err != nil {
			return fmt.Errorf("add site: %w", err)
		}
	}
	if err := touch(ctx, tx, prog); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "program.sites_changed", Subject: string(prog), Before: before, After: wanted})
}
