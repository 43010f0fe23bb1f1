package click

import (
	"strings"
	"sync"

	"github.com/mileusna/useragent"
)

// Agent is what a user agent says of itself.
type Agent struct {
	Device  string // "desktop", "mobile", "tablet" or ""
	Browser string
	OS      string
	Bot     bool
}

// Lists know the names of robots. A click keeps the version of the lists that
// judged it.
type Lists interface {
	// Agent reads a user agent; an empty one is a robot's.
	Agent(agent string) Agent
	// Preview reports whether it fetches link previews for a messenger or a
	// network.
	Preview(agent string) bool
	// Version names the lists.
	Version() string
}

// BuiltIn are the lists that come with the program.
var BuiltIn Lists = builtIn{}

type builtIn struct{}

const builtInVersion = "own-1+useragent-1.3.5"

// Version names the lists.
func (builtIn) Version() string { return builtInVersion }

// previewers fetch a link when somebody writes it into a message or post.
var previewers = []string{
	"facebookexternalhit", "facebookcatalog", "twitterbot", "linkedinbot", "slackbot", "slack-imgproxy", "discordbot",
	"telegrambot", "whatsapp/", "skypeuripreview", "viber", "line-poker", "pinterestbot", "redditbot", "mastodon",
	"bitlybot", "embedly", "iframely", "vkshare", "snapchat url preview", "google-pagerenderer", "bluesky cardyb",
	"kakaotalk-scrap", "zoombot", "msteams", "microsoftpreview", "outlook-link-preview", "flipboardproxy", "tumblr/",
}

// robots are parts of names that the library does not know, and tools.
var robots = []string{
	"bot/", "bot;", "bot)", "-bot", "crawl", "spider", "slurp", "headless", "phantomjs", "lighthouse", "curl/", "wget",
	"python", "go-http-client", "okhttp", "axios", "node-fetch", "undici", "java/", "libwww", "httpclient", "scrapy",
	"monitor", "uptime", "pingdom", "statuscake", "feedfetcher", "validator", "checker",
}

// phones have a robot's syllable in an honest name.
var phones = []string{"cubot"}

// Preview reports whether a user agent is a known preview fetcher.
func (builtIn) Preview(agent string) bool { return containsAny(strings.ToLower(agent), previewers) }

// Agent reads a user agent.
func (builtIn) Agent(agent string) Agent {
	if strings.TrimSpace(agent) == "" {
		return Agent{Bot: true}
	}
	ua := useragent.Parse(agent)
	lower := strings.ToLower(agent)
	for _, phone := range phones {
		lower = strings.ReplaceAll(lower, phone, "")
	}
	a := Agent{Browser: ua.Name, OS: ua.OS, Bot: ua.Bot || containsAny(lower, robots)}
	switch {
	case ua.Tablet:
		a.Device = "tablet"
	case ua.Mobile:
		a.Device = "mobile"
	case ua.Desktop:
		a.Device = "desktop"
	}
	a.Browser, a.OS = Cut(a.Browser, maxValue), Cut(a.OS, maxValue)
	return a
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

// maxRemembered bounds a generation of remembered user agents: with the
// longest that are kept, about 8 MB.
const maxRemembered = 8 << 10

// Remember makes lists that judge a user agent once: visitors come with few
// different ones. When more come than it holds, it forgets those that were
// not seen for longest.
func Remember(l Lists) Lists {
	return &remembered{lists: l, now: map[string]known{}}
}

type remembered struct {
	lists     Lists
	mu        sync.RWMutex
	now, past map[string]known
}

type known struct {
	agent   Agent
	preview bool
}

// Version names the lists.
func (r *remembered) Version() string { return r.lists.Version() }

// Agent reads a user agent.
func (r *remembered) Agent(agent string) Agent { return r.of(agent).agent }

// Preview reports whether it fetches link previews.
func (r *remembered) Preview(agent string) bool { return r.of(agent).preview }

func (r *remembered) of(agent string) known {
	r.mu.RLock()
	k, ok := r.now[agent]
	r.mu.RUnlock()
	if ok {
		return k
	}
	return r.learn(agent)
}

func (r *remembered) learn(agent string) known {
	r.mu.Lock()
	defer r.mu.Unlock()
	k, ok := r.past[agent]
	if !ok {
		k = known{agent: r.lists.Agent(agent), preview: r.lists.Preview(agent)}
	}
	if len(agent) > maxText {
		return k
	}
	if len(r.now) >= maxRemembered {
		r.now, r.past = make(map[string]known, maxRemembered), r.now
	}
	// The caller may use the text's memory for something else.
	r.now[strings.Clone(agent)] = k
	return k
}
