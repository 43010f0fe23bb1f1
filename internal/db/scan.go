package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Row is one row of an answer. Destinations may be pointers to strings and
// integers of any named type, to bool, to time.Time (NULL is the zero time),
// or what JSON returns. NULL is "" for strings.
type Row interface{ Scan(dest ...any) error }

// ErrNoRow is One's error when there is no row. Rooms turn it into
// fault.NotFound in their Get.
var ErrNoRow = errors.New("no row")

// All returns each row of the answer.
func All[T any](ctx context.Context, r Reader, scan func(Row) (T, error), query string, args ...any) ([]T, error) {
	rows, err := r.query(ctx, query, bind(args))
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(row{rows})
		if err != nil {
			return nil, r.fail(err)
		}
		all = append(all, v)
	}
	return all, r.fail(errors.Join(rows.Err(), rows.Close()))
}

// Lookup returns the first row and whether there was one.
func Lookup[T any](ctx context.Context, r Reader, scan func(Row) (T, error), query string, args ...any) (T, bool, error) {
	var zero T
	all, err := All(ctx, r, scan, query, args...)
	if err != nil || len(all) == 0 {
		return zero, false, err
	}
	return all[0], true, nil
}

// One returns the first row; its error is ErrNoRow when there is none.
func One[T any](ctx context.Context, r Reader, scan func(Row) (T, error), query string, args ...any) (T, error) {
	v, ok, err := Lookup(ctx, r, scan, query, args...)
	if err == nil && !ok {
		err = ErrNoRow
	}
	return v, err
}

// Scalar scans a row of one column, such as a count or an id.
func Scalar[T any](r Row) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// JSON stores v as JSON text when it is an argument, and reads it when it is a
// destination, which must then be a pointer.
func JSON(v any) any { return jsonValue{v} }

type jsonValue struct{ v any }

// Value writes the JSON text.
func (j jsonValue) Value() (driver.Value, error) {
	b, err := json.Marshal(j.v)
	return string(b), err
}

// Scan reads the JSON text; NULL and "" leave the destination as it is.
func (j jsonValue) Scan(src any) error {
	s, err := asText(src)
	if err != nil || s == "" {
		return err
	}
	return json.Unmarshal([]byte(s), j.v)
}

type row struct{ rows *sql.Rows }

// Scan reads the columns into the destinations.
func (r row) Scan(dest ...any) error {
	wrapped := make([]any, len(dest))
	for i, d := range dest {
		wrapped[i] = destination(d)
	}
	return r.rows.Scan(wrapped...)
}

func destination(d any) any {
	switch v := d.(type) {
	case sql.Scanner:
		return v
	case *time.Time:
		return timeDest{v}
	case *bool:
		return boolDest{v}
	}
	if v := reflect.ValueOf(d); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.String {
		return textDest{v.Elem()}
	}
	return d
}

type timeDest struct{ to *time.Time }

// Scan reads microseconds.
func (d timeDest) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*d.to = time.Time{}
	case int64:
		*d.to = time.UnixMicro(v).UTC()
	default:
		return fmt.Errorf("scan %T as a time", src)
	}
	return nil
}

type boolDest struct{ to *bool }

// Scan reads 0 or 1.
func (d boolDest) Scan(src any) error {
	switch v := src.(type) {
	case int64:
		*d.to = v != 0
	case bool:
		*d.to = v
	default:
		return fmt.Errorf("scan %T as a boolean", src)
	}
	return nil
}

type textDest struct{ to reflect.Value }

// Scan reads text; NULL is "".
func (d textDest) Scan(src any) error {
	s, err := asText(src)
	if err == nil {
		d.to.SetString(s)
	}
	return err
}

func asText(src any) (string, error) {
	switch v := src.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("scan %T as text", src)
}

// Null is NULL for "", else the text: for optional references.
func Null[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

// bind turns arguments into what both drivers take: text, integers, bytes and
// NULL.
func bind(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		out[i] = bindOne(a)
	}
	return out
}

func bindOne(a any) any {
	switch v := a.(type) {
	case nil, string, int64, []byte:
		return v
	case time.Time:
		if v.IsZero() {
			return nil
		}
		return v.UnixMicro()
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case driver.Valuer:
		plain, err := v.Value()
		if err != nil {
			return failing{err}
		}
		return plain
	}
	v := reflect.ValueOf(a)
	switch {
	case v.Kind() == reflect.String:
		return v.String()
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return int64(v.Uint())
	}
	return a
}

// failing carries a conversion's error to the statement that has it.
type failing struct{ err error }

// Value returns the error.
func (f failing) Value() (driver.Value, error) { return nil, f.err }
