package text

import (
	"strings"
	"time"

	"github.com/bojanz/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// Unknown is shown where a value is not known; zero is shown as 0.
const Unknown = "–"

// Locale is a reader's language and time zone.
type Locale struct {
	Language string         // BCP 47, such as "en" or "de-AT"
	Zone     *time.Location // nil is UTC
}

// English is the locale of logs, tests and readers who chose nothing.
var English = Locale{Language: "en"}

// In is the same language in another time zone.
func (loc Locale) In(zone *time.Location) Locale {
	loc.Zone = zone
	return loc
}

// catalogues hold, per language, the translation of each key. English needs
// none, because its keys are the text.
var catalogues = map[string]map[string]string{}

func (loc Locale) lookup(key string) string {
	if t, ok := catalogues[loc.Language][key]; ok {
		return t
	}
	return key
}

func (loc Locale) zone() *time.Location {
	if loc.Zone == nil {
		return time.UTC
	}
	return loc.Zone
}

// Arg shows one argument.
func (loc Locale) Arg(a Arg) string {
	switch a.Kind {
	case KindInt:
		return loc.Int(a.Number)
	case KindMoney:
		return loc.Money(a.Number, a.Text)
	case KindTime:
		return loc.Time(time.UnixMicro(a.Number))
	case KindDate:
		return loc.Date(time.UnixMicro(a.Number))
	case KindSpan:
		return loc.Span(time.Duration(a.Number) * time.Microsecond)
	case KindPercent:
		return loc.Percent(a.Number)
	}
	return a.Text
}

// Int shows an integer with the language's grouping.
func (loc Locale) Int(n int64) string {
	return message.NewPrinter(language.Make(loc.Language)).Sprintf("%d", n)
}

// Money shows minor units with the currency's own number of decimals and its
// code behind the figure, such as "1,240.00 EUR". Minor units never vanish.
func (loc Locale) Money(minor int64, code string) string {
	return loc.Figure(minor, code) + " " + code
}

// Figure shows minor units without the currency, for a table's column that
// names the currency once in its head.
func (loc Locale) Figure(minor int64, code string) string {
	amount, err := currency.NewAmountFromInt64(minor, code)
	if err != nil {
		return loc.Int(minor)
	}
	f := currency.NewFormatter(currency.NewLocale(loc.Language))
	f.CurrencyDisplay = currency.DisplayNone
	return strings.TrimSpace(f.Format(amount))
}

// Percent shows parts per million as a percentage without trailing zeros.
func (loc Locale) Percent(ppm int64) string {
	sign := ""
	if ppm < 0 {
		sign, ppm = "-", -ppm
	}
	s := loc.Int(ppm / 10_000)
	if rest := ppm % 10_000; rest != 0 {
		digits := strings.TrimRight(pad4(rest), "0")
		s += "." + digits
	}
	return sign + s + " %"
}

func pad4(n int64) string {
	d := []byte{'0', '0', '0', '0'}
	for i := 3; n > 0; i-- {
		d[i] = byte('0' + n%10)
		n /= 10
	}
	return string(d)
}

// Time shows a moment to the minute in the reader's zone.
func (loc Locale) Time(t time.Time) string {
	if t.IsZero() {
		return Unknown
	}
	return t.In(loc.zone()).Format("2 Jan 2006, 15:04")
}

// Date shows a day in the reader's zone.
func (loc Locale) Date(t time.Time) string {
	if t.IsZero() {
		return Unknown
	}
	return t.In(loc.zone()).Format("2 Jan 2006")
}

// Span shows a length of time in its largest whole unit: "3 days", "1 hour".
func (loc Locale) Span(d time.Duration) string {
	if d < 0 {
		d = -d
	}
	units := []struct {
		size time.Duration
		one  string
		many string
	}{
		{24 * time.Hour, "%s day", "%s days"},
		{time.Hour, "%s hour", "%s hours"},
		{time.Minute, "%s minute", "%s minutes"},
		{time.Second, "%s second", "%s seconds"},
	}
	for _, u := range units {
		if n := int64(d / u.size); n > 0 {
			return T(loc, S(plural(n, u.one, u.many), n))
		}
	}
	return T(loc, S("less than a second"))
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
