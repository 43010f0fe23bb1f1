package part

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func chartOf(one int64, values ...int64) Chart {
	c := Chart{ID: "c", Title: "T", OneUnit: one, Axis: func(n int64) string { return strconv.FormatInt(n, 10) }}
	s := Series{Name: "now"}
	for i, v := range values {
		c.Slots = append(c.Slots, Slot{Name: "day " + strconv.Itoa(i+1), Tick: strconv.Itoa(i + 1)})
		s.Values, s.Texts = append(s.Values, v), append(s.Texts, strconv.FormatInt(v, 10)+" EUR")
	}
	c.Series = []Series{s}
	return c
}

func TestTheAxisHasFewRoundSteps(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		one    int64
		values []int64
		want   []string
	}{
		{"nothing", 1, []int64{0, 0}, []string{"0", "1"}},
		{"one click", 1, []int64{0, 1}, []string{"0", "1"}},
		{"three clicks", 1, []int64{3, 0}, []string{"0", "1", "2", "3"}},
		{"just over", 1, []int64{41}, []string{"0", "20", "40", "60"}},
		{"cents make whole euros", 100, []int64{3, 12}, []string{"0", "100"}},
		{"hundreds of euros", 100, []int64{48125}, []string{"0", "20000", "40000", "60000"}},
		{"refunds go below zero", 100, []int64{-150, 480}, []string{"-200", "0", "200", "400", "600"}},
		{"only refunds", 1, []int64{-7, -2}, []string{"-8", "-6", "-4", "-2", "0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, g := range chartOf(tt.one, tt.values...).grid() {
				got = append(got, g.text)
			}
			if diff := cmp.Diff(got, tt.want); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLinesStayInsideTheirSquare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values     []int64
		line, area string
	}{
		{[]int64{0, 2, 4}, "M0.0 1000.0L500.0 500.0L1000.0 0.0", "M0.0 1000.0L500.0 500.0L1000.0 0.0L1000 1000.0L0 1000.0Z"},
		{[]int64{-2, 2}, "M0.0 1000.0L1000.0 0.0", "M0.0 1000.0L1000.0 0.0L1000 500.0L0 500.0Z"},
		{[]int64{1}, "M500.0 0.0h0", ""},
		{nil, "", ""},
	} {
		c := chartOf(1, tt.values...)
		if diff := cmp.Diff([]string{c.line(tt.values), c.area(tt.values)}, []string{tt.line, tt.area}); diff != "" {
			t.Errorf("%v: %s", tt.values, diff)
		}
	}
}

func TestAChartTellsItsFiguresWithoutAScript(t *testing.T) {
	t.Parallel()
	c := chartOf(1, 5, 7)
	c.Series = append(c.Series, Series{Name: "before", Values: []int64{1, 2}, Texts: []string{"1 EUR", "2 EUR"}, Before: true})
	var b bytes.Buffer
	if err := Draw(c).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>day 2\nnow 7 EUR\nbefore 2 EUR</title>", "Show as table", "<td>1 EUR</td>", `class="line c0 before"`, `class="line s0"`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestAnEmptyChartSaysSo(t *testing.T) {
	t.Parallel()
	c := chartOf(1, 0, 0)
	c.None = "Nothing yet."
	var b bytes.Buffer
	if err := Draw(c).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "Nothing yet.") || strings.Contains(got, "<path") {
		t.Errorf("got %s", got)
	}
}

func TestPhonesKeepEverySecondTickAndTheLast(t *testing.T) {
	t.Parallel()
	c := chartOf(1, 1, 2, 3, 4)
	var got []bool
	for i := range c.Slots {
		got = append(got, c.sparse(i))
	}
	if diff := cmp.Diff(got, []bool{true, false, true, false}); diff != "" {
		t.Error(diff)
	}
}
