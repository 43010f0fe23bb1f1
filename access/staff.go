package access

import (
	"context"
	"slices"
	"time"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Staff is a person's role in a program.
type Staff struct {
	Program   id.Program
	Person    id.Person
	Role      Role
	CreatedAt time.Time
}

const staffColumns = `program_id, person_id, role, created_at`

func scanStaff(r db.Row) (Staff, error) {
	var s Staff
	err := r.Scan(&s.Program, &s.Person, &s.Role, &s.CreatedAt)
	return s, err
}

// PutStaff gives a person a role in a program, or another one. The kinds of
// errors are Invalid for an unknown role and Conflict when the program would
// lose its last owner.
func PutStaff(ctx context.Context, tx *db.Tx, prog id.Program, per id.Person, role Role) error {
	if !slices.Contains(Roles(), role) {
		return fault.New(fault.Invalid, "%s is not a role.", string(role)).Field("role").
			Hint("The roles are owner, admin, finance, support and viewer.")
	}
	before, had, err := RoleOf(ctx, tx, prog, per)
	if err != nil || before == role {
		return err
	}
	if before == Owner {
		if err := keepsOwner(ctx, tx, prog, per); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `insert into staff (`+staffColumns+`) values ($1, $2, $3, $4)
		on conflict (program_id, person_id) do update set role = excluded.role`, prog, per, role, tx.Now())
	if err != nil {
		return err
	}
	e := audit.Entry{Program: prog, Action: "staff.added", Subject: string(per), After: role}
	if had {
		e.Action, e.Before = "staff.changed", before
	}
	return audit.Write(ctx, tx, e)
}

// RemoveStaff ends a person's role in a program. The kinds of errors are
// NotFound and Conflict for the last owner.
func RemoveStaff(ctx context.Context, tx *db.Tx, prog id.Program, per id.Person) error {
	before, had, err := RoleOf(ctx, tx, prog, per)
	if err != nil {
		return err
	}
	if !had {
		return fault.New(fault.NotFound, "This person is not on the program's staff.")
	}
	if before == Owner {
		if err := keepsOwner(ctx, tx, prog, per); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `delete from staff where program_id = $1 and person_id = $2`, prog, per); err != nil {
		return err
	}
	return audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "staff.removed", Subject: string(per), Before: before})
}

// keepsOwner locks the program's owners and refuses when per is the only one:
// two owners who remove each other at once must not both succeed.
func keepsOwner(ctx context.Context, tx *db.Tx, prog id.Program, per id.Person) error {
	owners, err := db.All(ctx, tx, db.Scalar[id.Person], `update staff set role = role
		where program_id = $1 and role = 'owner' returning person_id`, prog)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(owners, func(o id.Person) bool { return o != per }) {
		return fault.New(fault.Conflict, "A program needs an owner.").Hint("Make somebody else an owner first.")
	}
	return nil
}

// RoleOf is a person's role in a program, and whether there is one.
func RoleOf(ctx context.Context, r db.Reader, prog id.Program, per id.Person) (Role, bool, error) {
	return db.Lookup(ctx, r, db.Scalar[Role], `select role from staff where program_id = $1 and person_id = $2`, prog, per)
}

// StaffOf lists a program's staff, the longest there first.
func StaffOf(ctx context.Context, r db.Reader, prog id.Program) ([]Staff, error) {
	return db.All(ctx, r, scanStaff, `select `+staffColumns+` from staff where program_id = $1
		order by created_at, person_id`, prog)
}

// ProgramsOf lists a person's roles in whichever programs.
func ProgramsOf(ctx context.Context, r db.Reader, per id.Person) ([]Staff, error) {
	return db.All(ctx, r, scanStaff, `select `+staffColumns+` from staff where person_id = $1
		order by created_at, program_id`, per)
}
