package program

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Group is affiliates of a program that share terms.
type Group struct {
	ID        id.Group          `json:"id"`
	Name      string            `json:"name"`
	UTM       map[string]string `json:"utm"` // templates of utm_* parameters
	Default   bool              `json:"default"`
	CreatedAt time.Time         `json:"created_at"`
}

// PutGroup creates a group, or changes the one of that name. Kinds: Invalid.
func PutGroup(ctx context.Context, tx *db.Tx, prog id.Program, g Group) (Group, error) {
	g.Name = strings.TrimSpace(g.Name)
	if g.Name == "" || len(g.Name) > 60 {
		return g, fault.New(fault.Invalid, "A group has a name of at most 60 characters.").Field("name")
	}
	if g.UTM == nil {
		g.UTM = map[string]string{}
	}
	g, err := db.One(ctx, tx, scanGroup, `
		insert into groups (program_id, group_id, name, utm, is_default, created_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (program_id, name) do update set utm = excluded.utm
		returning group_id, name, utm, is_default, created_at`,
		prog, id.New[id.Group](tx.Now()), g.Name, db.JSON(g.UTM), g.Default, tx.Now())
	if err != nil {
		return g, fmt.Errorf("put group: %w", err)
	}
	return g, touch(ctx, tx, prog)
}

func scanGroup(r db.Row) (Group, error) {
	var g Group
	err := r.Scan(&g.ID, &g.Name, db.JSON(&g.UTM), &g.Default, &g.CreatedAt)
	return g, err
}

// Groups are a program's groups, the default one first.
func Groups(ctx context.Context, q db.Reader, prog id.Program) ([]Group, error) {
	return db.All(ctx, q, scanGroup, `
		select group_id, name, utm, is_default, created_at from groups
		where program_id = $1 order by is_default desc, name`, prog)
}

// DefaultGroup is the group of a new affiliate.
func DefaultGroup(ctx context.Context, q db.Reader, prog id.Program) (Group, error) {
	g, err := db.One(ctx, q, scanGroup, `
		select group_id, name, utm, is_default, created_at from groups
		where program_id = $1 and is_default = 1`, prog)
	if errors.Is(err, db.ErrNoRow) {
		return g, fault.New(fault.NotFound, "There is no program %s.", string(prog))
	}
	return g, err
}
