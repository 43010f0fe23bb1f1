// Package text keeps sentences for people as a key and arguments, and makes
// the words only when they are shown.
//
// Nouns: Sentence, Arg, Locale.
//
// Invariants:
//  1. A Sentence stored today reads the same tomorrow: its key is the English
//     format, its arguments are plain data.
//  2. Numbers, money, dates and spans are formatted here and nowhere else.
//  3. T never fails: an unknown language shows English.
//
// It owns no tables and knows nothing of the business.
package text

import (
	"fmt"
	"strings"
	"time"
)

// Kind tells how an argument is shown.
type Kind string

// The kinds of arguments.
const (
	KindText    Kind = "text"
	KindInt     Kind = "int"
	KindMoney   Kind = "money"   // Number: minor units, Text: ISO 4217 code
	KindTime    Kind = "time"    // Number: microseconds UTC
	KindDate    Kind = "date"    // Number: microseconds UTC
	KindSpan    Kind = "span"    // Number: microseconds
	KindPercent Kind = "percent" // Number: parts per million
)

// Arg is one argument of a sentence, as data that survives JSON.
type Arg struct {
	Kind   Kind   `json:"kind"`
	Text   string `json:"text,omitempty"`
	Number int64  `json:"number,omitempty"`
}

// Sentence is a key, which is the English format with one %s per argument,
// and its arguments. The zero value is no sentence.
type Sentence struct {
	Key  string `json:"key"`
	Args []Arg  `json:"args,omitempty"`
}

// Arguer is a value that knows how it is shown in a sentence.
type Arguer interface{ TextArg() Arg }

// S makes a sentence. Each argument may be a string, an integer, a time, a
// duration, an Arg, an Arguer or a Stringer; anything else is shown with %v.
func S(key string, args ...any) Sentence {
	s := Sentence{Key: key}
	for _, a := range args {
		s.Args = append(s.Args, arg(a))
	}
	return s
}

// IsZero reports whether there is no sentence.
func (s Sentence) IsZero() bool { return s.Key == "" }

// String shows the sentence in English and UTC, for logs and tests.
func (s Sentence) String() string { return T(English, s) }

// Date is an argument that shows only the day of a time.
func Date(t time.Time) Arg { return Arg{Kind: KindDate, Number: t.UnixMicro()} }

// Percent is an argument in parts per million, shown as a percentage.
func Percent(ppm int64) Arg { return Arg{Kind: KindPercent, Number: ppm} }

func arg(a any) Arg {
	switch v := a.(type) {
	case Arg:
		return v
	case Arguer:
		return v.TextArg()
	case string:
		return Arg{Kind: KindText, Text: v}
	case int:
		return Arg{Kind: KindInt, Number: int64(v)}
	case int64:
		return Arg{Kind: KindInt, Number: v}
	case time.Time:
		return Arg{Kind: KindTime, Number: v.UnixMicro()}
	case time.Duration:
		return Arg{Kind: KindSpan, Number: v.Microseconds()}
	case fmt.Stringer:
		return Arg{Kind: KindText, Text: v.String()}
	}
	return Arg{Kind: KindText, Text: fmt.Sprintf("%v", a)}
}

// T shows a sentence to a reader. Missing arguments are shown as "–".
func T(loc Locale, s Sentence) string {
	format := loc.lookup(s.Key)
	var b strings.Builder
	n := 0
	for {
		i := strings.IndexByte(format, '%')
		if i < 0 || i+1 >= len(format) {
			b.WriteString(format)
			return b.String()
		}
		b.WriteString(format[:i])
		switch format[i+1] {
		case 's':
			b.WriteString(loc.nth(s.Args, n))
			n++
		case '%':
			b.WriteByte('%')
		default:
			b.WriteString(format[i : i+2])
		}
		format = format[i+2:]
	}
}

func (loc Locale) nth(args []Arg, n int) string {
	if n >= len(args) {
		return Unknown
	}
	return loc.Arg(args[n])
}
