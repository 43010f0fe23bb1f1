package e2e_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"

	"tributary.example/e2e/stage"
)

// TestBrowserStory plays the main job as a person would, in a real browser over two host names of one
// site: click the link, land, see the cookie, sign up with the code, pay, and read the commission on
// the affiliate's dashboard.
func TestBrowserStory(t *testing.T) {
	t.Parallel()
	server, err := stage.NewServer(binary(t), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Kill() })
	if err := server.Start("demo", "--no-history"); err != nil {
		t.Fatal(err)
	}
	says := func(pattern string) string {
		t.Helper()
		match, err := server.Says(pattern)
		if err != nil {
			t.Fatal(err)
		}
		return match[1]
	}
	link := says(`Click the affiliate's link +(http://go\.shop\.localhost:\d+/\S+)`)
	code := says(`Sign up with the code +(\S+)`)
	password := says(regexp.QuoteMeta("jane@example.com") + ` +(\S+)`)

	b := stage.NewBrowser(t)
	if status := b.Open(link); status != 200 {
		t.Fatalf("the link leads to status %d", status)
	}
	shop := fmt.Sprintf("http://www.shop.localhost:%d", server.ShopPort)
	cookie := b.Cookies(shop)["trb_fernwood"]
	checkCookie(t, cookie)

	b.Open(shop + "/signup?plan=starter")
	b.Fill("#name", "Ann Reed")
	b.Fill("#email", "ann@example.org")
	b.Fill("#coupon", strings.ToLower(code))
	b.Press("#sign-up")
	b.Sees("17.10")
	b.Press("#pay")
	b.Sees("Jane Doe")
	if left := b.Cookies(shop)["trb_fernwood"]; left != nil {
		t.Error("the cookie outlives the sign-up that it was for")
	}

	b.Open(server.App() + "/a/fernwood")
	b.Fill("#email", "jane@example.com")
	b.Fill("#password", password)
	b.Press("button[type=submit]")
	b.Open(server.App() + "/a/fernwood/commissions")
	b.Sees("Payment on starter")
	b.Sees("payable")
	if problems := b.Problems(); len(problems) > 0 {
		t.Errorf("pages complained: %q", problems)
	}
}

func checkCookie(t *testing.T, c *network.Cookie) {
	t.Helper()
	if c == nil {
		t.Fatal("the link set no cookie for the shop's host")
	}
	if c.Domain != ".shop.localhost" || !c.HTTPOnly || c.SameSite != network.CookieSameSiteLax || c.Path != "/" {
		t.Errorf("cookie %+v, want HttpOnly, Lax, for .shop.localhost", c)
	}
	if len(c.Value) != 66 {
		t.Errorf("the cookie holds %d characters, want one token of 66", len(c.Value))
	}
}
