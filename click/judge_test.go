package click_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/internal/id"
)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

func visit() click.Visit {
	return click.Visit{
		Way: click.ByRedirect, At: now, Method: "GET", FetchDest: "document", FetchMode: "navigate", Agent: firefox,
		Language: "de-AT,de;q=0.9", Referrer: "https://News.example/post?id=secret", Landing: "/pricing",
		Addr: netip.MustParseAddr("203.0.113.77"), Program: prog, Link: lnk, Affiliate: id.New[id.Affiliate](now),
		LinkWorks: true, AffiliateCounts: true,
	}
}

func world() click.World {
	return click.World{
		Lists: click.BuiltIn, Blocked: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24")},
		Salt: click.Salt{Program: prog, Day: 20514, Secret: []byte("salt")}, Repeats: click.NewRepeats(),
	}
}

// TestEachStepDropsAlone changes one thing of a visit that counts.
func TestEachStepDropsAlone(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*click.Visit)
		want   click.Reason
	}{
		"nothing":                  {func(v *click.Visit) {}, click.Counted},
		"browsers that say little": {func(v *click.Visit) { v.FetchDest, v.FetchMode = "", "" }, click.Counted},
		"head":                     {func(v *click.Visit) { v.Method = "HEAD" }, click.Head},
		"prefetch":                 {func(v *click.Visit) { v.Purposes = []string{"", "prefetch;prerender"} }, click.Prefetch},
		"prerender":                {func(v *click.Visit) { v.Purposes = []string{"Prerender"} }, click.Prefetch},
		"image":                    {func(v *click.Visit) { v.FetchDest = "image" }, click.NotNavigation},
		"frame":                    {func(v *click.Visit) { v.FetchDest = "iframe" }, click.NotNavigation},
		"fetch":                    {func(v *click.Visit) { v.FetchMode = "no-cors" }, click.NotNavigation},
		"landing by script":        {func(v *click.Visit) { v.Way, v.FetchDest, v.FetchMode = click.ByLanding, "empty", "cors" }, click.Counted},
		"preview":                  {func(v *click.Visit) { v.Agent = "Slackbot-LinkExpanding 1.0" }, click.Preview},
		"bot by the library":       {func(v *click.Visit) { v.Agent = "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)" }, click.Bot},
		"bot by our list":          {func(v *click.Visit) { v.Agent = "python-requests/2.31" }, click.Bot},
		"no user agent":            {func(v *click.Visit) { v.Agent = " " }, click.Bot},
		"an honest phone": {func(v *click.Visit) {
			v.Agent = "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36"
		}, click.Counted},
		"blocked network": {func(v *click.Visit) { v.Addr = netip.MustParseAddr("::ffff:198.51.100.9") }, click.BlockedNet},
		"paused":          {func(v *click.Visit) { v.LinkWorks = false }, click.Paused},
		"suspended":       {func(v *click.Visit) { v.AffiliateCounts = false }, click.Suspended},
		"a strong reason stands over a weak one": {func(v *click.Visit) {
			v.Addr, v.AffiliateCounts = netip.MustParseAddr("198.51.100.9"), false
		}, click.Suspended},
	} {
		v := visit()
		tc.change(&v)
		if got := click.Judge(v, world()).Reason; got != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestRepeat(t *testing.T) {
	t.Parallel()
	w := world()
	for _, tc := range []struct {
		name  string
		after time.Duration
		agent string
		link  id.Link
		want  click.Reason
	}{
		{"first", 0, firefox, lnk, click.Counted},
		{"at once again", time.Second, firefox, lnk, click.Repeat},
		{"another browser behind the address", time.Second, firefox + " x", lnk, click.Counted},
		{"another link", time.Second, firefox, "lnk_other", click.Counted},
		{"within 30 s of the counted one", 30*time.Second - time.Millisecond, firefox, lnk, click.Repeat},
		{"after 30 s", 30 * time.Second, firefox, lnk, click.Counted},
		{"repeats the second", 59 * time.Second, firefox, lnk, click.Repeat},
		{"much later", time.Hour, firefox, lnk, click.Counted},
	} {
		v := visit()
		v.At, v.Agent, v.Link = now.Add(tc.after), tc.agent, tc.link
		if got := click.Judge(v, w).Reason; got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestReasonsThatMint(t *testing.T) {
	t.Parallel()
	var got []click.Reason
	for _, r := range append([]click.Reason{click.Counted}, click.Reasons...) {
		if r.Mints() {
			got = append(got, r)
		}
	}
	if diff := cmp.Diff(got, []click.Reason{click.Counted, click.BlockedNet, click.Repeat}); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
}

func TestClickKeepsWhatMayBeKept(t *testing.T) {
	t.Parallel()
	v, w := visit(), world()
	v.Subs = map[string]string{"sub1": strings.Repeat("ä", 60), "sub2": "a\x00b\nc", "sub9": "x"}
	v.UTM = map[string]string{"utm_source": "mail", "utm_id": "passed on, not kept"}
	clk := id.New[id.Click](now)
	got := v.Click(click.Judge(v, w), clk, w)
	want := click.Click{
		ID: clk, At: now, Program: prog, Link: lnk, Affiliate: v.Affiliate, Day: 20514,
		Visitor: w.Salt.Visitor(v.Addr, v.Agent), Network: "203.0.113.0/24", Device: "desktop", Browser: "Firefox", OS: "Linux",
		Language: "de-AT", Referrer: "news.example/post", Landing: "/pricing", Agent: firefox,
		Subs:  map[string]string{"sub1": strings.Repeat("ä", 48) + "…", "sub2": "abc"},
		UTM:   map[string]string{"utm_source": "mail"},
		Lists: click.BuiltIn.Version(),
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "::ffff:203.0.113.77": "203.0.113.0/24",
		"2001:db8:1:2::3": "2001:db8:1::/48", "fe80::1%eth0": "fe80::/48",
	} {
		if got := click.Network(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
	if got := click.Network(netip.Addr{}); got != "" {
		t.Errorf("no address: got %q", got)
	}
}
