// Package migrations is the schema, as numbered files that only go forward.
//
// The sets: books/ is the main database; clicks/ is the click store, a second
// file on SQLite and the same database on PostgreSQL. The text is
// PostgreSQL's; internal/db hands SQLite the same with three words replaced.
// What cannot be said in both is a pair, NAME.sqlite.sql and NAME.postgres.sql.
//
// It owns no tables itself: each `create table` names its owner.
package migrations

import "embed"

// Files holds books/*.sql and clicks/*.sql.
//
//go:embed books/*.sql clicks/*.sql
var Files embed.FS
