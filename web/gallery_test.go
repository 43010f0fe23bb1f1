package web_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"tributary.example/web/part"
	"tributary.example/web/static"
)

// Every page is rendered with contents as they will be, and judged as a
// document. With GALLERY=dir in the environment the pages are kept there, to be
// looked at in a browser.

func TestEveryPageIsAWholeDocument(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("GALLERY")
	if dir == "" {
		dir = t.TempDir()
	}
	for name, page := range gallery() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := render(t, page)
			if err := os.WriteFile(filepath.Join(dir, name+".html"), body, 0o644); err != nil {
				t.Fatal(err)
			}
			for _, fault := range judge(body) {
				t.Error(fault)
			}
			keepAssets(t, dir, body)
		})
	}
}

func TestTheJudgeSeesEachFault(t *testing.T) {
	t.Parallel()
	sound := `<!DOCTYPE html><html lang="en"><head><title>T</title></head><body><main><h1>T</h1>%s</main></body></html>`
	for fault, snippet := range map[string]string{
		"style attribute":   `<p style="color:red">x</p>`,
		"script attribute":  `<button type="submit" onclick="x()">x</button>`,
		"script in page":    `<script>1</script>`,
		"id twice":          `<p id="a"></p><p id="a"></p>`,
		"without a label":   `<form method="post" action="/x"><input name="q"></form>`,
		"form without":      `<form method="post"><button type="submit">x</button></form>`,
		"leads nowhere":     `<a href="">x</a>`,
		"leads nowhere ":    `<a href="#">x</a>`,
		"button without":    `<button type="submit"></button>`,
		"describes nothing": `<p aria-describedby="gone">x</p>`,
		"second h1":         `<h1>again</h1>`,
		"refused address":   `<a href="about:invalid#TemplFailedSanitizationURL">x</a>`,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			if got := judge(fmt.Appendf(nil, sound, snippet)); len(got) == 0 {
				t.Errorf("%s was not seen in %s", fault, snippet)
			}
		})
	}
	if got := judge(fmt.Appendf(nil, sound, `<p>x</p>`)); len(got) != 0 {
		t.Errorf("a sound page was blamed: %v", got)
	}
}

func TestNoticesComeBeforeTheContent(t *testing.T) {
	t.Parallel()
	f := part.Frame{Title: "T", Program: "P", SignOut: "/sign-out", Notices: []part.Notice{{Tint: part.Good, Text: "Saved."}}}
	ctx := templ.WithChildren(context.Background(), part.Words("these rows"))
	var b bytes.Buffer
	if err := part.Page(f).Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	notice, content := strings.Index(b.String(), "Saved."), strings.Index(b.String(), "these rows")
	if notice < 0 || content < notice {
		t.Errorf("notice at %d, content at %d", notice, content)
	}
}

var assetAddress = regexp.MustCompile(`/static/[A-Za-z0-9_./-]+`)

// keepAssets fetches every file that a page names, and what its style sheets
// name, and keeps them beside the pages.
func keepAssets(t *testing.T, dir string, body []byte) {
	t.Helper()
	for _, address := range assetAddress.FindAllString(string(body), -1) {
		w := httptest.NewRecorder()
		static.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
		if w.Code != http.StatusOK {
			t.Errorf("%s answers %d", address, w.Code)
			continue
		}
		file := filepath.Join(dir, address)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, w.Body.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(address, ".css") {
			keepAssets(t, dir, w.Body.Bytes())
		}
	}
}

func render(t *testing.T, page templ.Component) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := page.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// judge returns the faults of a document, none for a sound one.
func judge(body []byte) []string {
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return []string{err.Error()}
	}
	c := census{ids: map[string]int{}, labels: map[string]bool{}}
	c.count(root)
	c.examine(root)
	if c.headings != 1 {
		c.fault("%d h1 instead of one: a second h1 or none", c.headings)
	}
	for id, n := range c.ids {
		if n > 1 {
			c.fault("id %q stands twice", id)
		}
	}
	return c.faults
}

type census struct {
	ids      map[string]int
	labels   map[string]bool
	headings int
	faults   []string
}

func (c *census) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

func (c *census) count(n *html.Node) {
	if n.Type == html.ElementNode {
		if id := attr(n, "id"); id != "" {
			c.ids[id]++
		}
		if n.Data == "label" {
			c.labels[attr(n, "for")] = true
		}
		if n.Data == "h1" {
			c.headings++
		}
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		c.count(child)
	}
}

func (c *census) examine(n *html.Node) {
	if n.Type == html.ElementNode {
		c.attributes(n)
		c.element(n)
	}
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		c.examine(child)
	}
}

func (c *census) attributes(n *html.Node) {
	for _, a := range n.Attr {
		switch {
		case a.Key == "style":
			c.fault("<%s> has a style attribute", n.Data)
		case strings.HasPrefix(a.Key, "on"):
			c.fault("<%s> has a script attribute %s", n.Data, a.Key)
		case strings.HasPrefix(a.Val, "about:invalid"):
			c.fault("<%s> has a refused address", n.Data)
		case (a.Key == "aria-describedby" || a.Key == "aria-labelledby") && c.ids[a.Val] == 0:
			c.fault("<%s> %s=%q describes nothing", n.Data, a.Key, a.Val)
		}
	}
}

func (c *census) element(n *html.Node) {
	switch n.Data {
	case "script":
		if attr(n, "src") == "" {
			c.fault("a script in the page")
		}
	case "a":
		if h := attr(n, "href"); h == "" || h == "#" {
			c.fault("link %q leads nowhere", words(n))
		}
	case "form":
		if attr(n, "method") == "" || attr(n, "action") == "" {
			c.fault("a form without method or action")
		}
	case "button":
		if words(n) == "" || attr(n, "type") == "" {
			c.fault("a button without words or type")
		}
	case "input", "select", "textarea":
		c.control(n)
	}
}

func (c *census) control(n *html.Node) {
	if attr(n, "type") == "hidden" || attr(n, "aria-label") != "" || c.labels[attr(n, "id")] && attr(n, "id") != "" {
		return
	}
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "label" {
			return
		}
	}
	c.fault("<%s name=%q> without a label", n.Data, attr(n, "name"))
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func words(n *html.Node) string {
	if n.Type == html.TextNode {
		return strings.TrimSpace(n.Data)
	}
	var all []string
	for child := n.FirstChild; child != nil; child = child.NextSibling {
		if w := words(child); w != "" {
			all = append(all, w)
		}
	}
	return strings.Join(all, " ")
}
