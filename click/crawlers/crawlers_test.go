package crawlers

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tributary.example/click"
)

// small is a list of the kept list's form, with each form of pattern in it.
var small = kept{
	Version: "0",
	Robots: []string{
		`Googlebot\/`, `[wW]get`, `^curl`, `SSL Labs$`, `(^| )PTST\/`, `(sistrix|SISTRIX) [cC]rawler`, `Netumo|netumo`,
		`AdsBot-Google([^-]|$)`, `Spider[\s\S]*spider\.com`, `Unshorten\.It\!`, `MetaIAB Facebook`,
	},
	Previews: []string{`Discordbot`, `Meta-ExternalHit\/`},
}

func compiled(t testing.TB, k kept) *lists {
	t.Helper()
	l, err := compile(k)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestEachFormOfPattern(t *testing.T) {
	t.Parallel()
	l := compiled(t, small)
	for agent, want := range map[string]kind{
		"Googlebot/2.1": robot, "Googlebot 2": 0, "x Wget": robot, "GNU wget": robot, "WGET": 0,
		"curl/8": robot, "x curl/8": 0, "SSL Labs": robot, "SSL Labs 2": 0, "PTST/1": robot, "a PTST/1": robot, "aPTST/1": 0,
		"SISTRIX crawler": robot, "sistrix Crawler": robot, "Sistrix crawler": 0, "netumo": robot,
		"AdsBot-Google": robot, "AdsBot-Google (x": robot, "AdsBot-Google-Mobile": 0,
		"Spider 1 (at spider.com)": robot, "Spider 1": 0, "Unshorten.It!": robot, "UnshortenxIt!": 0,
		"Discordbot/2": preview, "wget Discordbot": robot | preview, "": 0,
		"[FBAN/FBIOS] MetaIAB Facebook": 0,
	} {
		if got := l.kinds(agent) &^ maybe; got != want {
			t.Errorf("%q: got %b, want %b", agent, got, want)
		}
	}
	if got := len(l.regular); got != 2 {
		t.Errorf("%d patterns are tried as regular expressions, want 2", got)
	}
}

// TestAutomatonFindsWhatSearchFinds compares it with searching each text.
func TestAutomatonFindsWhatSearchFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("ab\x00ü")), 1, 4, -1)
		texts := rapid.SliceOfN(word, 0, 8).Draw(t, "texts")
		agent := rapid.StringOfN(rapid.RuneFrom([]rune("abcü")), 0, 12, -1).Draw(t, "agent")
		var entries []entry
		var want kind
		for i, text := range texts {
			k := []kind{robot, preview, maybe}[i%3]
			entries = append(entries, entry{text, k})
			if strings.Contains(edge+agent+edge, text) {
				want |= k
			}
		}
		a, err := newAutomaton(entries)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.scan(agent); got != want {
			t.Fatalf("got %b, want %b", got, want)
		}
	})
}

// people are browsers that people click with.
var people = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/131.0.6778.73 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
	"Mozilla/5.0 (Android 14; Mobile; rv:133.0) Gecko/133.0 Firefox/133.0",
	"Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.0.0 Mobile Safari/537.36 Instagram 359.0.0.59.89 Android",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [FBAN/FBIOS;FBAV/489.0.0.40.111;FBBV/665555555;FBDV/iPhone14,5]",
	"Mozilla/5.0 (Linux; Android 14; SM-A546B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0.0.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/491.0.0.56.82;] MetaIAB Facebook",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 musical_ly_36.0.0 BytedanceWebview/d8a21c6",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [LinkedInApp]/9.30.1",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Twitter for iPhone/10.66",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 [Pinterest/iOS]",
	"Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 OPR/115.0.0.0",
	"Mozilla/5.0 (Linux; Android 11; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/126.5.2 like Chrome/126.0.6478.122 Safari/537.36",
	"Mozilla/5.0 (Linux; Android 12; ELS-NX9; HMSCore 6.14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.5735.196 HuaweiBrowser/15.0.6.301 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 10; MI 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 YaBrowser/24.10.0 Mobile Safari/537.36",
}

func TestPeopleCount(t *testing.T) {
	t.Parallel()
	l, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, agent := range people {
		if l.Preview(agent) || l.Agent(agent).Bot {
			t.Errorf("%s: preview %v, bot %v", agent, l.Preview(agent), l.Agent(agent).Bot)
		}
	}
}

// TestSamples asks the lists that are built in, whichever these are, for
// robots that both know; with the kept list, for all its own samples.
func TestSamples(t *testing.T) {
	t.Parallel()
	l, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	samples := []string{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Slackbot-LinkExpanding 1.0"}
	if b, err := os.ReadFile("testdata/samples.txt"); err == nil {
		samples = append(samples, strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")...)
		if !strings.HasPrefix(l.Version(), "crawler-user-agents-") {
			t.Errorf("the list is there, but its version is %s", l.Version())
		}
	} else if diff := cmp.Diff(l.Version(), click.BuiltIn.Version()); diff != "" {
		t.Errorf("without the list (got, want): %s", diff)
	}
	missed := slices.DeleteFunc(samples, func(agent string) bool {
		return l.Preview(agent) || l.Agent(agent).Bot || isHonest(agent)
	})
	if len(missed) > 0 {
		t.Errorf("%d robots count as people, such as %q", len(missed), missed[0])
	}
}

// TestTheMemoryIsBounded asks for more user agents than it holds.
func TestTheMemoryIsBounded(t *testing.T) {
	t.Parallel()
	l := compiled(t, small)
	for i := range 3 * remembered {
		agent := strings.Repeat("x", i%7) + string(rune('a'+rand.IntN(26))) + strings.Repeat("curl", i)[:min(4*i, 2*maxRemembered)]
		if got, again := l.judge(agent), l.judge(agent); got != again {
			t.Fatalf("%q: %+v, then %+v", agent, got, again)
		}
	}
	for i := range 3 * remembered {
		l.judge("agent " + string(rune(0x4e00+i)))
	}
	if len(l.known.now) > remembered || len(l.known.past) > remembered {
		t.Errorf("%d and %d user agents are remembered", len(l.known.now), len(l.known.past))
	}
	if !l.Agent("agent " + string(rune(0x4e00)) + "Googlebot/").Bot {
		t.Error("a robot after the memory has turned counts as a person")
	}
}

func BenchmarkJudgeKnownAgent(b *testing.B) {
	l, err := Load()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		l.Agent(people[0])
	}
}

func BenchmarkScanNewAgent(b *testing.B) {
	l, err := Load()
	if err != nil {
		b.Fatal(err)
	}
	kept, ok := l.(*lists)
	if !ok {
		kept = compiled(b, small)
	}
	b.ReportAllocs()
	for b.Loop() {
		kept.kinds(people[0])
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Load(); err != nil {
			b.Fatal(err)
		}
	}
}
