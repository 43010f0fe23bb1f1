package api

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// Page is the part of every list's input that says which page.
type Page struct {
	Limit int    `query:"limit" default:"50" minimum:"1" maximum:"200" doc:"How many at most."`
	After string `query:"after" maxLength:"100" doc:"The next of the page before."`
}

// list is one page.
type list[T any] struct {
	Data []T    `json:"data"`
	Next string `json:"next,omitempty" doc:"Give it as after to get the next page; absent on the last one."`
}

// maxLimit is the longest page, here and in the rooms.
const maxLimit = 200

// ask is how many to read: one more than the page holds tells whether there is
// another page.
func (p Page) ask() int { return min(p.Limit+1, maxLimit) }

// pageOf shows a page of what was read. A full longest page always names a
// next one, which may be empty.
func pageOf[T, V any](all []T, limit int, cursor func(T) string, view func(T) V) list[V] {
	page := list[V]{Data: []V{}}
	if len(all) > limit {
		all = all[:limit]
		page.Next = cursor(all[limit-1])
	} else if len(all) == maxLimit {
		page.Next = cursor(all[maxLimit-1])
	}
	for _, v := range all {
		page.Data = append(page.Data, view(v))
	}
	return page
}

// whole shows a short list that has no pages.
func whole[T, V any](all []T, view func(T) V) list[V] {
	page := list[V]{Data: []V{}}
	for _, v := range all {
		page.Data = append(page.Data, view(v))
	}
	return page
}

// afterID reads a cursor that is an id.
func afterID[T id.Typed](p Page) (T, error) {
	if p.After == "" {
		return "", nil
	}
	v, err := id.Parse[T](p.After)
	if err != nil {
		return "", fault.New(fault.Invalid, "The field after is not the next of a page.").Field("after").
			Hint("Take it from the answer as it is.")
	}
	return v, nil
}

// pathID reads an id from the path; what is none names nothing.
func pathID[T id.Typed](s string) (T, error) {
	v, err := id.Parse[T](s)
	if err != nil {
		return "", fault.New(fault.NotFound, "There is nothing under this id.").
			Hint("The id of such a thing begins with %s.", id.Prefix[T]()+"_")
	}
	return v, nil
}

// fieldID reads an id from the body or the query.
func fieldID[T id.Typed](s, field string) (T, error) {
	v, err := id.Parse[T](s)
	if f, ok := fault.As(err); ok {
		return "", f.Field(field)
	}
	return v, err
}

// pathText reads the caller's own id from the path; what could never have been
// stored names nothing.
func pathText(s string) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", fault.New(fault.NotFound, "There is nothing under this id.").Hint("Send the id as you gave it, percent-encoded.")
	}
	return s, nil
}
