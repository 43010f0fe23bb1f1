package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tributary.example/internal/fault"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/program"
)

// input reads a form's fields into domain types and collects every mistake.
type input struct {
	r      *http.Request
	zone   *time.Location
	faults fault.List
}

func inputOf(r *http.Request, p program.Program) *input {
	return &input{r: r, zone: p.Location()}
}

func (in *input) text(field string) string { return strings.TrimSpace(in.r.FormValue(field)) }

// fail notes a mistake beside its field.
func (in *input) fail(field string, err error) {
	if f, ok := fault.As(err); ok {
		f.Field(field)
		in.faults.Add(f)
		return
	}
	in.faults.Add(fault.New(fault.Internal, "This could not be read.").Field(field).Because(err))
}

// number is a whole number of zero or more; empty is zero.
func (in *input) number(field string) int {
	s := in.text(field)
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		in.fail(field, fault.New(fault.Invalid, "%s is not a whole number of zero or more.", cut(s, 20)))
		return 0
	}
	return n
}

// minor is an amount in a currency, "50", "50.00" or "1,240.00", in minor
// units.
func (in *input) minor(field string, c money.Currency) int64 {
	n, err := parseAmount(in.text(field), c)
	if err != nil {
		in.fail(field, err)
	}
	return n
}

// parseAmount reads an amount as we show it and as people type it: a comma
// before the last one or two digits is a decimal point, any other groups.
func parseAmount(s string, c money.Currency) (int64, error) {
	s = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), string(c)))
	if i := strings.LastIndexByte(s, ','); i >= 0 && !strings.Contains(s, ".") && len(s)-i-1 <= 2 && c.Digits() > 0 {
		s = s[:i] + "." + s[i+1:]
	}
	n, err := money.ParseDecimal(strings.ReplaceAll(s, ",", ""), c)
	if err == nil && n < 0 {
		err = fault.New(fault.Invalid, "An amount is zero or more.")
	}
	return n, err
}

// day is a date, YYYY-MM-DD, at its beginning in the program's zone; empty is
// the zero time.
func (in *input) day(field string) time.Time {
	s := in.text(field)
	if s == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation(time.DateOnly, s, in.zone)
	if err != nil {
		in.fail(field, fault.New(fault.Invalid, "%s is not a date.", cut(s, 20)).Hint("Write it as year-month-day, such as 2026-12-31."))
	}
	return t
}

// rate is "20", "12.5 %" or "5.00 EUR", or several amounts with slashes
// between them; empty is nothing.
func (in *input) rate(field string) program.Rate {
	s := in.text(field)
	if s == "" {
		return program.Rate{}
	}
	if !strings.ContainsFunc(s, isLetter) {
		ppm, err := program.ParsePercent(s)
		if err != nil {
			in.fail(field, err)
		}
		return program.Rate{PPM: ppm}
	}
	rate := program.Rate{Fixed: map[string]int64{}}
	for _, one := range strings.Split(s, "/") {
		one = strings.TrimSpace(one)
		c, err := money.ParseCurrency(one[max(0, len(one)-3):])
		if err != nil {
			in.fail(field, fault.New(fault.Invalid, "%s is neither a percentage nor an amount.", cut(one, 20)).
				Hint("Write a percentage such as 20, or an amount such as 5.00 EUR."))
			return program.Rate{}
		}
		if rate.Fixed[string(c)], err = parseAmount(strings.TrimRight(one[:len(one)-3], " "), c); err != nil {
			in.fail(field, err)
		}
	}
	return rate
}

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }

// rateInput is a rate as the form takes it.
func rateInput(rate program.Rate) string {
	if !rate.IsFixed() {
		if rate.PPM == 0 {
			return ""
		}
		return text.English.Percent(rate.PPM)
	}
	var all []string
	for c, minor := range rate.Fixed {
		all = append(all, money.Decimal(minor, money.Currency(c))+" "+c)
	}
	slices.Sort(all)
	return strings.Join(all, " / ")
}

// lines are the lines of a text, without empty ones.
func (in *input) lines(field string) []string {
	var list []string
	for _, line := range strings.FieldsFunc(in.text(field), func(r rune) bool { return r == '\n' || r == '\r' || r == ',' }) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// several are the values of a field that may be sent more than once.
func (in *input) several(field string) []string {
	_ = in.r.FormValue(field) // parses the form
	return in.r.PostForm[field]
}

func (in *input) ticked(field string) bool { return in.text(field) == "yes" }

func (in *input) err() error { return in.faults.Err() }

// renamed moves faults to the fields that a form has for them.
func renamed(err error, fields map[string]string) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	for _, e := range append([]*fault.Error{f}, f.Also...) {
		if to, ok := fields[e.About]; ok {
			e.About = to
		}
	}
	return f
}

// status is what a page answers with that shows these mistakes, or none.
func (w wrongs) status() int {
	if len(w.fields)+len(w.notices) == 0 {
		return http.StatusOK
	}
	return http.StatusUnprocessableEntity
}
