package crawlers

import (
	"fmt"
	"math"
	"slices"
)

// kind says what a text of the list means; kinds add up.
type kind uint8

const (
	robot kind = 1 << iota
	preview
	maybe // a regular expression may match
)

type entry struct {
	text string
	kind kind
}

// automaton finds all texts in one pass over a user agent (Aho and Corasick,
// 1975), as a table: one step per byte, no allocation, however many texts
// there are.
type automaton struct {
	class [256]uint8 // of a byte; 0 is every byte that is in no text
	width int        // number of classes
	next  []uint16   // state × class → state
	found []kind     // what is seen when a state is reached
}

// newAutomaton compiles texts, none of them empty.
func newAutomaton(texts []entry) (*automaton, error) {
	a := &automaton{width: 1}
	for _, t := range texts {
		for i := range len(t.text) {
			if c := &a.class[t.text[i]]; *c == 0 {
				*c = uint8(a.width)
				a.width++
			}
		}
	}
	if a.width > math.MaxUint8 {
		return nil, fmt.Errorf("%d kinds of bytes are too many", a.width)
	}
	a.addState()
	for _, t := range texts {
		at := 0
		for i := range len(t.text) {
			at = a.child(at, t.text[i])
		}
		a.found[at] |= t.kind
	}
	if len(a.found) > math.MaxUint16 {
		return nil, fmt.Errorf("%d states are too many", len(a.found))
	}
	a.link()
	return a, nil
}

func (a *automaton) addState() int {
	a.found = append(a.found, 0)
	a.next = append(a.next, make([]uint16, a.width)...)
	return len(a.found) - 1
}

// child is the state after a byte in the tree of texts, made when it is new.
func (a *automaton) child(state int, b byte) int {
	i := state*a.width + int(a.class[b])
	if a.next[i] == 0 {
		a.next[i] = uint16(a.addState())
	}
	return int(a.next[i])
}

// link makes a table of the tree, state by state from the root: where a text
// ends or goes on differently, the state goes on as the longest other text
// that it may be inside of.
func (a *automaton) link() {
	queue := slices.DeleteFunc(slices.Clone(a.row(0)), func(to uint16) bool { return to == 0 })
	fallback := make([]uint16, len(a.found))
	for len(queue) > 0 {
		state := queue[0]
		queue = queue[1:]
		otherwise := a.row(fallback[state])
		for c, to := range a.row(state) {
			if to == 0 {
				a.row(state)[c] = otherwise[c]
				continue
			}
			fallback[to] = otherwise[c]
			a.found[to] |= a.found[otherwise[c]]
			queue = append(queue, to)
		}
	}
}

// row is where a state goes, by class.
func (a *automaton) row(state uint16) []uint16 {
	return a.next[int(state)*a.width : (int(state)+1)*a.width]
}

// scan is everything that is found in a user agent, its edges included.
func (a *automaton) scan(agent string) kind {
	found, at := a.step(0, edge[0])
	for i := range len(agent) {
		var f kind
		f, at = a.step(at, agent[i])
		found |= f
	}
	last, _ := a.step(at, edge[0])
	return found | last
}

func (a *automaton) step(at uint16, b byte) (kind, uint16) {
	to := a.next[int(at)*a.width+int(a.class[b])]
	return a.found[to], to
}
