package part

import (
	"math"
	"strconv"
	"strings"
)

// Chart is figures over time: one axis, few gridlines, the comparison dashed.
type Chart struct {
	ID      string // unique on the page
	Title   string
	Unit    string // currency or thing counted, shown with the title: "EUR"
	Slots   []Slot
	Series  []Series
	OneUnit int64                // smallest step of the axis; 100 for euros in cents, 0 is 1
	Axis    func(n int64) string // words for a gridline, in the reader's language
	None    string               // sentence shown when every value is zero
}

// Slot is one place on the time axis.
type Slot struct {
	Name string // whole, for the reading and the table: "12 November"
	Tick string // short, below the axis; "" for none
}

// Series is one line: a value and its words for each slot.
type Series struct {
	Name   string
	Values []int64
	Texts  []string
	Before bool // the time before, for comparison: dashed, behind the others
}

// scale is the axis: it begins at low and has count steps of step.
type scale struct {
	low, step int64
	count     int
}

func (c Chart) scale() scale {
	low, high := int64(0), int64(0)
	for _, s := range c.Series {
		for _, v := range s.Values {
			low, high = min(low, v), max(high, v)
		}
	}
	step := niceStep(high-low, max(c.OneUnit, 1))
	s := scale{step: step}
	if low < 0 {
		s.low = -((-low + step - 1) / step) * step
	}
	s.count = max(int((high-s.low+step-1)/step), 1)
	return s
}

// niceStep returns 1, 2 or 5 times a power of ten units, so that four steps or
// fewer hold the span.
func niceStep(span, unit int64) int64 {
	for power := unit; ; power *= 10 {
		for _, f := range []int64{1, 2, 5} {
			if power*f*4 >= span {
				return power * f
			}
		}
		if power > math.MaxInt64/100 {
			return power
		}
	}
}

// share tells how high a value stands, 0 at the axis' beginning, 1 at its end.
func (s scale) share(v int64) float64 {
	return float64(v-s.low) / (float64(s.step) * float64(s.count))
}

type gridline struct {
	y    string
	text string
	zero bool
}

func (c Chart) grid() []gridline {
	s := c.scale()
	var out []gridline
	for i := 0; i <= s.count; i++ {
		v := s.low + int64(i)*s.step
		out = append(out, gridline{y: percent(1 - s.share(v)), text: c.Axis(v), zero: v == 0})
	}
	return out
}

// x tells how far right slot i stands, from 0 to 1.
func (c Chart) x(i int) float64 {
	if len(c.Slots) == 1 {
		return 0.5
	}
	return float64(i) / float64(len(c.Slots)-1)
}

// line is the path of a series in a square of 1000 units.
func (c Chart) line(values []int64) string {
	s := c.scale()
	var b strings.Builder
	for i, v := range values {
		b.WriteByte("ML"[min(i, 1)])
		b.WriteString(unit(c.x(i)) + " " + unit(1-s.share(v)))
	}
	if len(values) == 1 {
		b.WriteString("h0")
	}
	return b.String()
}

// area is the line closed along zero.
func (c Chart) area(values []int64) string {
	if len(values) < 2 {
		return ""
	}
	zero := unit(1 - c.scale().share(0))
	return c.line(values) + "L1000 " + zero + "L0 " + zero + "Z"
}

// Blank reports whether there is nothing to draw: every value is zero.
func (c Chart) Blank() bool {
	for _, s := range c.Series {
		for _, v := range s.Values {
			if v != 0 {
				return false
			}
		}
	}
	return true
}

// ordered puts comparisons behind, keeping each series' own colour.
func (c Chart) ordered() []coloured {
	var behind, front []coloured
	for i, s := range c.Series {
		if s.Before {
			behind = append(behind, coloured{Series: s, class: "c0"})
			continue
		}
		front = append(front, coloured{Series: s, class: "s" + strconv.Itoa(i%4)})
	}
	return append(behind, front...)
}

type coloured struct {
	Series
	class string
}

func (c Chart) legend() []coloured {
	list := c.ordered()
	var front, behind []coloured
	for _, s := range list {
		if s.Before {
			behind = append(behind, s)
		} else {
			front = append(front, s)
		}
	}
	return append(front, behind...)
}

// title is what a slot tells without a script.
func (c Chart) title(i int) string {
	words := []string{c.Slots[i].Name}
	for _, s := range c.Series {
		words = append(words, s.Name+" "+s.Texts[i])
	}
	return strings.Join(words, "\n")
}

func (c Chart) reachX(i int) string {
	if i == 0 {
		return "0%"
	}
	return percent(c.x(i) - 0.5/float64(max(len(c.Slots)-1, 1)))
}

func (c Chart) reachWidth() string { return percent(1 / float64(max(len(c.Slots)-1, 1))) }

// anchor keeps the first and last tick inside the picture.
func (c Chart) anchor(i int) string {
	switch {
	case len(c.Slots) > 1 && i == 0:
		return "start"
	case len(c.Slots) > 1 && i == len(c.Slots)-1:
		return "end"
	}
	return "middle"
}

// sparse tells that a tick is left out on a phone: every second one, counted
// from the last, which stays.
func (c Chart) sparse(i int) bool {
	n := 0
	for _, s := range c.Slots[i+1:] {
		if s.Tick != "" {
			n++
		}
	}
	return n%2 == 1
}

func percent(share float64) string { return strconv.FormatFloat(share*100, 'f', 2, 64) + "%" }

func unit(share float64) string { return strconv.FormatFloat(share*1000, 'f', 1, 64) }

// spark is the path of a small line in 100 by 28 units.
func spark(values []int64) string {
	if len(values) < 2 {
		return ""
	}
	low, high := values[0], values[0]
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	span := float64(max(high-low, 1))
	var b strings.Builder
	for i, v := range values {
		x := float64(i) / float64(len(values)-1) * 100
		y := 26.5 - float64(v-low)/span*25
		b.WriteByte("ML"[min(i, 1)])
		b.WriteString(strconv.FormatFloat(x, 'f', 1, 64) + " " + strconv.FormatFloat(y, 'f', 1, 64))
	}
	return b.String()
}
