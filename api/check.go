package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"tributary.example/internal/fault"
)

const (
	// missing marks the library's message for a required field, whose location
	// is that of the object around it.
	missing = "missing:"
	// tooBig marks a whole number that does not fit, before the field's name.
	tooBig = "too big:"
)

// The library keeps its words and its error type in variables of its own; this
// is the only package that imports it.
func init() {
	huma.DefaultArrayNullable = false
	huma.ValidateStrictCasing = true
	huma.NewError = func(int, string, ...error) huma.StatusError { return &Problem{} }
	huma.NewErrorWithContext = refused

	validation.MsgExpectedRequiredProperty = missing + "%s"
	validation.MsgUnexpectedProperty = "is not known here"
	validation.MsgExpectedString = "must be a text"
	validation.MsgExpectedBoolean = "must be true or false"
	validation.MsgExpectedInteger = "must be a whole number"
	validation.MsgExpectedNumber = "must be a number"
	validation.MsgExpectedArray = "must be a list"
	validation.MsgExpectedObject = "must be an object"
	validation.MsgExpectedOneOf = "must be one of: %s"
	validation.MsgExpectedMinimumNumber = "must be %v or more"
	validation.MsgExpectedMaximumNumber = "must be %v or less"
	validation.MsgExpectedMinLength = "must have %d characters or more"
	validation.MsgExpectedMaxLength = "must have %d characters or fewer"
	validation.MsgExpectedMinItems = "must have %d entries or more"
	validation.MsgExpectedMaxItems = "must have %d entries or fewer"
	validation.MsgExpectedMaxProperties = "must have %d entries or fewer"
	validation.MsgExpectedRFC3339DateTime = "must be a time in RFC 3339, such as 2026-03-02T10:00:00Z"
}

// refused makes the problem of a request that did not get as far as a handler.
func refused(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
	switch status {
	case http.StatusBadRequest:
		f := fault.New(fault.Invalid, "The body is not valid JSON.").Hint("%s", why(errs))
		if len(errs) == 0 {
			f = fault.New(fault.Invalid, "The body is missing.").Hint("Send a JSON object.")
		}
		return problemOf(ctx.Context(), f).withStatus(status, "Bad request")
	case http.StatusUnsupportedMediaType:
		f := fault.New(fault.Invalid, "The body is not sent as JSON.").Hint("Set the header Content-Type to application/json.")
		return problemOf(ctx.Context(), f).withStatus(status, "Unsupported media type")
	}
	var faults fault.List
	for _, err := range errs {
		faults.Add(inWords(err))
	}
	f, ok := fault.As(faults.Err())
	if status != http.StatusUnprocessableEntity || !ok {
		f = errInternal
	}
	return problemOf(ctx.Context(), f)
}

// inWords is the sentence for one thing that does not fit the schema.
func inWords(err error) *fault.Error {
	d, ok := err.(*huma.ErrorDetail)
	if !ok {
		return fault.New(fault.Invalid, "The request cannot be read.").Hint("%s", err.Error())
	}
	field := d.Location
	for _, place := range []string{"body", "query", "path", "header"} {
		if rest, ok := strings.CutPrefix(field, place); ok && (rest == "" || rest[0] == '.') {
			field = strings.TrimPrefix(rest, ".")
			break
		}
	}
	if name, ok := strings.CutPrefix(d.Message, tooBig); ok {
		return fault.New(fault.Invalid, "The field %s must be a whole number of at most 64 bits, written with digits.", name).Field(name)
	}
	if name, ok := strings.CutPrefix(d.Message, missing); ok {
		field = strings.TrimPrefix(field+"."+name, ".")
		return fault.New(fault.Invalid, "The field %s is missing.", field).Field(field)
	}
	if field == "" {
		return fault.New(fault.Invalid, "The body %s.", d.Message)
	}
	f := fault.New(fault.Invalid, "The field %s %s.", field, d.Message).Field(field)
	if d.Message == validation.MsgUnexpectedProperty {
		f.Hint("The fields of each call are in /v1/openapi.json.")
	}
	return f
}

// readJSON tells which number it was that the schema took for whole and that
// does not fit.
func readJSON(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) && strings.HasPrefix(wrong.Value, "number") {
		return errors.New(tooBig + wrong.Field)
	}
	return err
}

func why(errs []error) string {
	if len(errs) == 0 {
		return ""
	}
	if d, ok := errs[0].(*huma.ErrorDetail); ok {
		return fmt.Sprintf("The parser says: %s.", d.Message)
	}
	return errs[0].Error()
}
