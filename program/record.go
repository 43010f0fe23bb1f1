package program

import (
	"context"
	"fmt"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
)

// The prefixes of this room's keys in the edge's directory.
const (
	KeyPrefix      = "program."
	GroupKeyPrefix = "group."
)

// Record is a program in the edge's directory. A record whose version is not
// above the one that the edge holds is ignored.
type Record struct {
	ID          id.Program `json:"id"`
	Slug        string     `json:"slug"`
	Name        string     `json:"name"`
	SiteURL     string     `json:"site_url"`
	Hosts       []string   `json:"hosts"` // that serve its links
	Sites       []string   `json:"sites"` // verified hosts, with port if any
	Mode        Mode       `json:"mode"`
	ViaName     string     `json:"via_name"`
	CookieName  string     `json:"cookie_name"`
	WindowDays  int        `json:"window_days"`
	FallbackURL string     `json:"fallback_url"`
	Zone        string     `json:"zone"`
	Version     int64      `json:"version"`
}

// GroupRecord is a group in the edge's directory: its UTM templates.
type GroupRecord struct {
	ID      id.Group          `json:"id"`
	Program id.Program        `json:"program"`
	UTM     map[string]string `json:"utm"`
	Version int64             `json:"version"`
}

// touch counts the program's record up and hands it to the edge. It is the
// last step of each change the edge must hear of.
func touch(ctx context.Context, tx *db.Tx, prog id.Program) error {
	if _, err := tx.Exec(ctx, `update programs set record_version = record_version + 1 where program_id = $1`, prog); err != nil {
		return fmt.Errorf("count program's record: %w", err)
	}
	return Publish(ctx, tx, prog)
}

// Publish hands the program's record and its groups' records to the edge, as
// they are.
func Publish(ctx context.Context, tx *db.Tx, prog id.Program) error {
	records, err := Records(ctx, tx, prog)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := outbox.Direct(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

// Records are the program's and its groups' records in the edge's directory.
// Kinds: NotFound.
func Records(ctx context.Context, r db.Reader, prog id.Program) ([]outbox.Record, error) {
	p, err := Get(ctx, r, prog)
	if err != nil {
		return nil, err
	}
	sites, err := Sites(ctx, r, prog)
	if err != nil {
		return nil, fmt.Errorf("read sites: %w", err)
	}
	hosts, err := Hosts(ctx, r, prog)
	if err != nil {
		return nil, fmt.Errorf("read hosts: %w", err)
	}
	groups, err := Groups(ctx, r, prog)
	if err != nil {
		return nil, fmt.Errorf("read groups: %w", err)
	}
	var records []outbox.Record
	for _, g := range groups {
		group := GroupRecord{ID: g.ID, Program: prog, UTM: g.UTM, Version: p.RecordVersion}
		records = append(records, outbox.Record{Program: prog, Key: GroupKeyPrefix + string(g.ID), Version: group.Version, Value: group})
	}
	record := Record{
		ID: p.ID, Slug: p.Slug, Name: p.Name, SiteURL: p.SiteURL, Hosts: hosts, Sites: sites, Mode: p.Mode, ViaName: p.ViaName,
		CookieName: p.CookieName(), WindowDays: p.WindowDays, FallbackURL: p.FallbackURL, Zone: p.Zone, Version: p.RecordVersion,
	}
	return append(records, outbox.Record{Program: prog, Key: KeyPrefix + string(prog), Version: record.Version, Value: record}), nil
}
