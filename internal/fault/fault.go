// Package fault is the one kind of error that people may read: a kind for
// machines, a sentence for people, the field it is about and a hint what to do.
//
// Nouns: Error, Kind.
//
// Invariants:
//  1. An error that is not a fault is Internal: its text is for the operator.
//  2. A fault's sentence names no secret and no other program's data.
//
// It owns no tables.
package fault

import (
	"errors"

	"tributary.example/internal/text"
)

// Kind sorts faults by what the caller can do about them.
type Kind string

// The kinds of faults.
const (
	Invalid         Kind = "invalid"
	Unauthenticated Kind = "unauthenticated"
	Forbidden       Kind = "forbidden"
	NotFound        Kind = "not_found"
	Conflict        Kind = "conflict"
	TooMany         Kind = "too_many"
	Unavailable     Kind = "unavailable"
	Internal        Kind = "internal"
)

// Error is a fault. Its sentences are kept as key and arguments and become
// words where they are shown.
type Error struct {
	Kind     Kind
	Sentence text.Sentence
	About    string        // the input's field, or ""
	Advice   text.Sentence // what to do, or zero
	Also     []*Error      // further faults of the same input, for forms
	cause    error
}

// New makes a fault from a sentence's key, which is the English format with
// one %s per argument.
func New(kind Kind, key string, args ...any) *Error {
	return &Error{Kind: kind, Sentence: text.S(key, args...)}
}

// Field names the input's field that the fault is about.
func (e *Error) Field(name string) *Error {
	e.About = name
	return e
}

// Hint says what to do about it.
func (e *Error) Hint(key string, args ...any) *Error {
	e.Advice = text.S(key, args...)
	return e
}

// Because keeps the technical cause for the operator's log.
func (e *Error) Because(err error) *Error {
	e.cause = err
	return e
}

// Error is the sentence in English, with the cause behind it if there is one.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Sentence.String() + " (" + e.cause.Error() + ")"
	}
	return e.Sentence.String()
}

// Unwrap returns the technical cause.
func (e *Error) Unwrap() error { return e.cause }

// As finds the fault in an error's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// KindOf is the kind of an error: Internal when it is no fault, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	if e, ok := As(err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether an error is a fault of that kind.
func Is(err error, kind Kind) bool { return KindOf(err) == kind }

// List collects faults of one input, so that a person sees all of them at
// once.
type List []*Error

// Add appends a fault; nil is ignored.
func (l *List) Add(e *Error) {
	if e != nil {
		*l = append(*l, e)
	}
}

// Check appends err when it is a fault, with those beside it, and returns any
// other error.
func (l *List) Check(err error) error {
	if err == nil {
		return nil
	}
	e, ok := As(err)
	if !ok {
		return err
	}
	one := *e
	one.Also = nil
	*l = append(append(*l, &one), e.Also...)
	return nil
}

// Err is nil for an empty list, else the first fault with the others beside it.
func (l List) Err() error {
	if len(l) == 0 {
		return nil
	}
	first := *l[0]
	first.Also = append(first.Also, l[1:]...)
	return &first
}
