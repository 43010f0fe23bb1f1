package main

import (
	"errors"
	"fmt"
	"iter"
	"regexp"
	"strings"

	"tributary.example/click"
	"tributary.example/internal/id"
)

// verdict is what a trace says.
type verdict struct {
	redirects int // answers that carry a token
	early     int // of these, answered before the sync that covers their click
	unwritten int // of those, answered before their click was even written
	syncs     int
}

// String says it in words.
func (v verdict) String() string {
	return fmt.Sprintf("%d redirects, %d answered before their sync (%d before they were written), %d syncs of the journal",
		v.redirects, v.early, v.unwritten, v.syncs)
}

// trace follows the journal's writes and syncs. The lines of strace stand in
// the order in which it let the calls begin and end, so that what one call
// caused never stands before it.
type trace struct {
	verdict
	pending map[string]call              // by thread: calls that have begun
	written map[string]map[id.Click]bool // by file: written, not yet synced
	dirty   map[id.Click]bool            // in one of those
	synced  map[id.Click]bool
}

// call is a write or a sync of a journal file that is under way.
type call struct {
	file    string
	clicks  []id.Click // written by it
	covered []id.Click // written before this sync began
	sync    bool
}

var (
	begins  = regexp.MustCompile(`^(\d+) +(?:[\d.]+ +)?(\w+)\((\d+)<([^>]*)>`)
	resumes = regexp.MustCompile(`^(\d+) +(?:[\d.]+ +)?<\.\.\. (\w+) resumed>`)
	clickID = regexp.MustCompile(`clk_[0-9a-z]{26}`)
	result  = regexp.MustCompile(`\) += \d+$`)
	tokenIn = regexp.MustCompile(`[?&]via=([A-Za-z0-9_-]{66})`)
)

const (
	journalFiles = "/streams/CLICKS/msgs/"
	unfinished   = "<unfinished ...>"
)

// judge reads the lines of a trace.
func judge(lines iter.Seq[string]) (verdict, error) {
	t := trace{
		pending: map[string]call{}, written: map[string]map[id.Click]bool{}, dirty: map[id.Click]bool{}, synced: map[id.Click]bool{},
	}
	for line := range lines {
		if err := t.line(strings.TrimRight(line, "\n")); err != nil {
			return verdict{}, err
		}
	}
	return t.verdict, nil
}

func (t *trace) line(line string) error {
	if m := resumes.FindStringSubmatch(line); m != nil {
		c, ok := t.pending[m[1]]
		delete(t.pending, m[1])
		if ok && succeeded(line) {
			t.end(c)
		}
		return nil
	}
	m := begins.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	thread, name, file := m[1], m[2], m[4]
	if strings.HasPrefix(file, "socket:") || strings.HasPrefix(file, "TCP:") {
		return t.answer(line)
	}
	if !strings.Contains(file, journalFiles) {
		return nil
	}
	c := t.begin(name, file, line)
	switch {
	case strings.HasSuffix(line, unfinished):
		t.pending[thread] = c
	case succeeded(line):
		t.end(c)
	}
	return nil
}

func (t *trace) begin(name, file, line string) call {
	c := call{file: file, sync: strings.HasSuffix(name, "sync")}
	if c.sync {
		for clk := range t.written[file] {
			c.covered = append(c.covered, clk)
		}
		return c
	}
	for _, clk := range clickID.FindAllString(line, -1) {
		c.clicks = append(c.clicks, id.Click(clk))
	}
	return c
}

// end notes what a call has done.
func (t *trace) end(c call) {
	if c.sync {
		t.syncs++
		for _, clk := range c.covered {
			delete(t.written[c.file], clk)
			delete(t.dirty, clk)
			t.synced[clk] = true
		}
		return
	}
	if t.written[c.file] == nil {
		t.written[c.file] = map[id.Click]bool{}
	}
	for _, clk := range c.clicks {
		t.written[c.file][clk], t.dirty[clk] = true, true
	}
}

// answer judges a redirect at the moment when its writing begins.
func (t *trace) answer(line string) error {
	if !strings.Contains(line, `"HTTP/1.1 302 `) {
		return nil
	}
	for _, m := range tokenIn.FindAllStringSubmatch(line, -1) {
		token, err := click.ParseToken(m[1])
		if err != nil {
			return errors.Join(errors.New("a redirect with a token that is none"), err)
		}
		t.redirects++
		if t.synced[token.Click] {
			continue
		}
		t.early++
		if !t.dirty[token.Click] {
			t.unwritten++
		}
	}
	return nil
}

// succeeded reads a call's result.
func succeeded(line string) bool { return result.MatchString(line) }
