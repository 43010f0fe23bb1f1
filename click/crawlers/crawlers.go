// Package crawlers knows robots and link-preview fetchers by a kept public list,
// besides those that package click knows by itself.
//
// Nouns: Lists, pattern, automaton.
//
// Invariants:
//  1. Each pattern of the list is either among the automaton's texts or tried
//     as the regular expression that it is; none is left out in silence.
//  2. An honest browser whose name holds a robot's is no robot.
//  3. Without the list, which the build fetches, the lists of package click
//     judge alone, and the version that each click keeps says so.
//
// It owns no tables. It must not know HTTP.
package crawlers

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"sync"

	"tributary.example/click"
)

// The folder always holds its README, and the list once the build has fetched
// it.
//
//go:embed list
var files embed.FS

// kept is the list as the build writes it.
type kept struct {
	Version  string   `json:"version"`
	Robots   []string `json:"robots"`
	Previews []string `json:"previews"`
}

// honest are patterns of the list that people's browsers match too: MetaIAB is
// the browser inside Meta's apps.
var honest = []string{"MetaIAB Facebook"}

// Load reads the list that was built in. Without one it returns click.BuiltIn.
func Load() (click.Lists, error) {
	b, err := fs.ReadFile(files, "list/patterns.json")
	if err != nil {
		return click.BuiltIn, nil // a fresh clone before "make assets"
	}
	var k kept
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("read list of robots: %w", err)
	}
	return compile(k)
}

// lists judge by the kept list first, then by click.BuiltIn. Many goroutines
// may use them.
type lists struct {
	version string
	names   *automaton
	regular []regular // what is no plain text, tried when its beginning is seen
	known   memory
}

type regular struct {
	re   *regexp.Regexp
	kind kind
}

func compile(k kept) (*lists, error) {
	l := &lists{version: "crawler-user-agents-" + k.Version + "+" + click.BuiltIn.Version()}
	var texts []entry
	for kindOf, patterns := range map[kind][]string{robot: k.Robots, preview: k.Previews} {
		for _, p := range patterns {
			plain, re, err := expand(p)
			if err != nil {
				return nil, err
			}
			if isHonest(p) {
				continue
			}
			for _, text := range plain {
				texts = append(texts, entry{text, kindOf})
			}
			if re != nil {
				prefix, _ := re.LiteralPrefix()
				texts = append(texts, entry{prefix, maybe})
				l.regular = append(l.regular, regular{re, kindOf})
			}
		}
	}
	var err error
	l.names, err = newAutomaton(texts)
	return l, err
}

func isHonest(pattern string) bool {
	for _, h := range honest {
		if strings.Contains(pattern, h) {
			return true
		}
	}
	return false
}

// kinds are what a user agent is by the kept list.
func (l *lists) kinds(agent string) kind {
	found := l.names.scan(agent)
	if found&maybe == 0 {
		return found
	}
	for _, r := range l.regular {
		if r.re.MatchString(agent) {
			found |= r.kind
		}
	}
	return found
}

// Version names the kept list and those of package click.
func (l *lists) Version() string { return l.version }

// Agent reads a user agent.
func (l *lists) Agent(agent string) click.Agent { return l.judge(agent).agent }

// Preview reports whether a user agent is a known preview fetcher.
func (l *lists) Preview(agent string) bool { return l.judge(agent).preview }

// judge remembers, because few user agents make most visits.
func (l *lists) judge(agent string) judged {
	if j, ok := l.known.get(agent); ok {
		return j
	}
	found := l.kinds(agent)
	j := judged{agent: click.BuiltIn.Agent(agent), preview: found&preview != 0 || click.BuiltIn.Preview(agent)}
	j.agent.Bot = j.agent.Bot || found&robot != 0
	l.known.put(agent, j)
	return j
}

type judged struct {
	agent   click.Agent
	preview bool
}

// remembered bounds each half of the memory, about 2 MB of user agents of
// common length; those that are longer than maxRemembered are judged each
// time.
const (
	remembered    = 4096
	maxRemembered = 512
)

// memory is the judgements of the newest user agents: when one half is full,
// the other is forgotten.
type memory struct {
	mu        sync.RWMutex
	now, past map[string]judged
}

func (m *memory) get(agent string) (judged, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	j, ok := m.now[agent]
	if !ok {
		j, ok = m.past[agent]
	}
	return j, ok
}

func (m *memory) put(agent string, j judged) {
	if len(agent) > maxRemembered {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.now == nil || len(m.now) >= remembered {
		m.now, m.past = make(map[string]judged), m.now
	}
	m.now[strings.Clone(agent)] = j // the caller's bytes may be used again
}
