package stage

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestCommandsOnTheStandIn(t *testing.T) {
	t.Parallel()
	bin, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files: []string{"testdata/commands.txtar"},
		Setup: func(env *testscript.Env) error {
			if err := Setup(bin)(env); err != nil {
				return err
			}
			server := env.Values[storyKey{}].(*story).server
			server.env = append(server.env, standIn+"=1")
			return nil
		},
		Cmds: Commands(),
	})
}

func TestPick(t *testing.T) {
	t.Parallel()
	const text = `{"a":{"b":[{"c":9007199254740993},"x",null,true]},"s":"t"}`
	for path, want := range map[string]string{
		".a.b.0.c": "9007199254740993", ".a.b.1": "x", ".a.b.2": "null", ".a.b.3": "true",
		".a.b.length": "4", ".s": "t", ".a.b.0": `{"c":9007199254740993}`,
	} {
		if got, err := Pick(text, path); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
		}
	}
	for _, path := range []string{".x", ".a.b.4", ".a.b.-1", ".s.length"} {
		if got, err := Pick(text, path); err == nil {
			t.Errorf("%s: got %q, want an error", path, got)
		}
	}
	if _, err := Pick("<html>", ".a"); err == nil {
		t.Error("no error for what is not JSON")
	}
}

// Two host names of one site, as a merchant has them: the link host sets a cookie for the site, the
// shop's host gets it, a stranger's host does not, and scripts cannot read it.
func TestBrowserOverTwoHosts(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(twoHosts))
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	host := func(name string) string { return "http://" + name + ":" + u.Port() }

	b := NewBrowser(t)
	b.Look(390, "dark")
	if got := b.Open(host("go.shop.localhost") + "/jane?shop=" + url.QueryEscape(host("www.shop.localhost"))); got != http.StatusOK {
		t.Errorf("status: got %d, want 200", got)
	}
	b.Sees("cookie: token")
	b.Sees("script sees: nothing")
	b.Sees("390 dark")
	c := b.Cookies(host("www.shop.localhost"))["trb_shop"]
	if c == nil || !c.HTTPOnly || c.Value != "token" {
		t.Errorf("cookie for the shop: got %+v, want the token, HttpOnly", c)
	}
	if c := b.Cookies(host("www.other.localhost"))["trb_shop"]; c != nil {
		t.Errorf("a stranger's site gets %+v", c)
	}
	b.Fill("#code", "JANE10")
	b.Press("#go")
	b.Sees("code: JANE10")
	if got := b.Problems(); len(got) != 1 || !strings.Contains(got[0], "broken on purpose") {
		t.Errorf("problems: got %q, want the one exception", got)
	}
	shot := t.TempDir() + "/page.png"
	b.Screenshot(shot)
	if info, err := os.Stat(shot); err != nil || info.Size() < 1000 {
		t.Errorf("screenshot: %v, %v", info, err)
	}
}

func twoHosts(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Host, "go.") {
		http.SetCookie(w, &http.Cookie{Name: "trb_shop", Value: "token", Path: "/", Domain: "shop.localhost", MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteLaxMode})
		http.Redirect(w, r, r.FormValue("shop")+"/", http.StatusFound)
		return
	}
	if r.URL.Path == "/buy" {
		fmt.Fprintf(w, "<!doctype html>code: %s<script>throw new Error('broken on purpose')</script>", r.FormValue("code"))
		return
	}
	c, err := r.Cookie("trb_shop")
	if err != nil {
		c = &http.Cookie{Value: "none"}
	}
	fmt.Fprintf(w, `<!doctype html><meta name="viewport" content="width=device-width"><p>cookie: %s<p id="js"><p id="look">
		<form action="/buy" method="post"><input id="code" name="code" value="old"><button id="go">Buy</button></form><script>
		js.textContent = "script sees: " + (document.cookie || "nothing");
		look.textContent = innerWidth + " " + (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
		</script>`, c.Value)
}
