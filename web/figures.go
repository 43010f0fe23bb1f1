package web

import (
	"net/http"

	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/money"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/part"
)

// span is a period that a reader may choose.
type span struct {
	key, name string
	days      int
}

var spans = []span{{"7d", "7 days", 7}, {"30d", "30 days", 30}, {"90d", "90 days", 90}, {"12m", "12 months", 365}}

const usualSpan = 1

// measure is a figure that can be put into the chart.
type measure struct {
	key, name string
	money     bool
	of        func(report.Figures) int64
}

var measures = []measure{
	{"clicks", "Clicks", false, func(f report.Figures) int64 { return f.Clicks }},
	{"signups", "Sign-ups", false, func(f report.Figures) int64 { return f.Signups }},
	{"customers", "Customers", false, func(f report.Figures) int64 { return f.Customers }},
	{"revenue", "Revenue", true, func(f report.Figures) int64 { return f.Revenue }},
	{"earned", "Commission", true, func(f report.Figures) int64 { return f.Commission }},
}

// usualMeasure is what the chart shows when nothing was chosen.
const usualMeasure = 3

// figures is a period's series, the one before it, and what was chosen.
type figures struct {
	base    string
	prog    program.Program
	loc     text.Locale
	span    span
	measure measure
	now     report.Series
	before  report.Series
}

// figuresOf reads what the query chooses and the series of one affiliate, or
// of the whole program for "".
func (s *Web) figuresOf(r *http.Request, base string, prog program.Program, aff id.Affiliate) (figures, error) {
	f := figures{base: base, prog: prog, loc: locale(prog), span: spans[usualSpan], measure: measures[usualMeasure]}
	for _, sp := range spans {
		if sp.key == r.FormValue("period") {
			f.span = sp
		}
	}
	for _, m := range measures {
		if m.key == r.FormValue("measure") {
			f.measure = m
		}
	}
	period := report.LastDays(s.DB.Now(), f.span.days, prog.Location())
	ask := report.Ask{Program: prog.ID, Affiliate: aff, Currency: prog.Currency, Period: period}
	sources := report.Sources{Books: s.DB, Clicks: s.Clicks}
	var err error
	if f.now, err = report.DailySeries(r.Context(), sources, ask); err != nil {
		return f, err
	}
	ask.Period = period.Before()
	f.before, err = report.DailySeries(r.Context(), sources, ask)
	return f, err
}

func (f figures) href(period, measure string) string {
	return f.base + "?period=" + period + "&measure=" + measure
}

// periods is the choice of periods, with the measure kept.
func (f figures) periods() []part.Choice {
	var list []part.Choice
	for _, sp := range spans {
		list = append(list, part.Choice{Name: sp.name, Href: f.href(sp.key, f.measure.key), Here: sp == f.span})
	}
	return list
}

// stats is every measure with its change; each can be put into the chart.
func (f figures) stats() []part.Stat {
	var list []part.Stat
	for _, m := range measures {
		now, before := m.of(f.now.Total), m.of(f.before.Total)
		stat := part.Stat{
			Label: m.name, Figure: f.words(m, now), Change: f.change(now, before),
			Href: f.href(f.span.key, m.key), Here: m.key == f.measure.key,
		}
		if m.money {
			stat.Unit = f.prog.Currency
		}
		for _, day := range f.now.Days {
			stat.Spark = append(stat.Spark, m.of(day))
		}
		list = append(list, stat)
	}
	return list
}

func (f figures) words(m measure, n int64) string {
	if m.money {
		return f.loc.Figure(n, f.prog.Currency)
	}
	return f.loc.Int(n)
}

// change compares with the period before; from nothing there is no percentage.
func (f figures) change(now, before int64) part.Change {
	if now == 0 && before == 0 {
		return part.Change{} // nothing compared with nothing is no news
	}
	c := part.Change{Way: part.Same, Text: "0 %", Than: "against the " + f.span.name + " before"}
	if now == before {
		return c
	}
	c.Way, c.Tint = part.Up, part.Good
	sign := "+"
	if now < before {
		c.Way, c.Tint, sign = part.Down, part.Bad, "−"
	}
	if before <= 0 {
		c.Text = "new"
		return c
	}
	// Tenths of a percent, to the nearest; a share of counts, not money.
	tenths := (max(now-before, before-now)*1000 + before/2) / before
	c.Text = sign + f.loc.Percent(tenths*1000)
	return c
}

// chart is the chosen measure, day by day, before the dashed period before. A
// year is shown by weeks, so that a line stays readable.
func (f figures) chart() part.Chart {
	step := 1
	if f.span.days > 100 {
		step = 7
	}
	c := part.Chart{
		ID: "chart", Title: f.measure.name, OneUnit: 1, Axis: f.loc.Int,
		None: "Nothing in the last " + f.span.name + ".",
	}
	if f.measure.money {
		c.Unit = f.prog.Currency
		for range money.Currency(f.prog.Currency).Digits() {
			c.OneUnit *= 10
		}
		c.Axis = func(n int64) string { return f.loc.Int(n / c.OneUnit) }
	}
	now := part.Series{Name: f.measure.name}
	before := part.Series{Name: f.span.name + " before", Before: true}
	for from := 0; from < len(f.now.Days); from += step {
		c.Slots = append(c.Slots, f.slot(from, len(c.Slots), step))
		for _, one := range []struct {
			series *part.Series
			days   []report.Figures
		}{{&now, f.now.Days}, {&before, f.before.Days}} {
			n := int64(0)
			for day := from; day < min(from+step, len(one.days)); day++ {
				n += f.measure.of(one.days[day])
			}
			one.series.Values = append(one.series.Values, n)
			one.series.Texts = append(one.series.Texts, f.words(f.measure, n))
		}
	}
	c.Series = []part.Series{now, before}
	return c
}

// slot names a place on the time axis; about seven of them have a tick.
func (f figures) slot(from, n, step int) part.Slot {
	day := f.now.Period.Day(from)
	slot := part.Slot{Name: day.Format("2 January 2006")}
	if step > 1 {
		slot.Name = "Week from " + slot.Name
	}
	count := (len(f.now.Days) + step - 1) / step
	every := max(1, (count+6)/7)
	if (count-1-n)%every == 0 {
		slot.Tick = day.Format(tickFormat(f.span.days))
	}
	return slot
}

func tickFormat(days int) string {
	if days > 100 {
		return "Jan 2006"
	}
	return "2 Jan"
}
