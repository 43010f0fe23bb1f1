package stage

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Browser is a headless Chromium with a fresh profile. Names under `.localhost` reach this machine.
type Browser struct {
	// Ctx is for chromedp.Do and chromedp.Run; it ends with the test.
	Ctx context.Context

	t        testing.TB
	mu       sync.Mutex
	problems []string
}

// browserPatience bounds one whole browser test.
const browserPatience = 3 * time.Minute

// NewBrowser starts a browser that ends with the test. On failure a screenshot of the page that was
// open lies in e2e/artifacts.
func NewBrowser(t testing.TB) *Browser {
	t.Helper()
	alloc, stop := chromedp.NewExecAllocator(context.Background(),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		// Chromium calls itself headless otherwise, and bots do not count.
		chromedp.UserAgent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1280, 900),
	)
	limited, cancelLimit := context.WithTimeout(alloc, browserPatience)
	b := &Browser{t: t}
	ctx, cancel := chromedp.NewContext(limited, chromedp.WithListener(b.hear))
	b.Ctx = ctx
	t.Cleanup(func() {
		if t.Failed() {
			b.keepScreenshot()
		}
		_ = chromedp.Cancel(ctx) // waits until the browser has gone, so that its profile can be removed
		cancel()
		cancelLimit()
		stop()
	})
	b.Do(chromedp.Navigate("about:blank"))
	return b
}

// Do runs steps that return nothing and ends the test at the first that fails.
func (b *Browser) Do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.Ctx, steps...); err != nil {
		here, _ := chromedp.Run(b.Ctx, chromedp.Location())
		b.t.Fatalf("browser at %s: %v", here, err)
	}
}

// Get runs one step and returns its value, or ends the test.
func Get[T any](b *Browser, step chromedp.Action[T]) T {
	b.t.Helper()
	value, err := chromedp.Run(b.Ctx, step)
	if err != nil {
		here, _ := chromedp.Run(b.Ctx, chromedp.Location())
		b.t.Fatalf("browser at %s: %v", here, err)
	}
	return value
}

// Open shows a page and returns its HTTP status.
func (b *Browser) Open(address string) int64 {
	b.t.Helper()
	return Get(b, chromedp.NavigateResponse(address)).Status
}

// Press clicks what the CSS selector finds and waits for the page that it leads to.
func (b *Browser) Press(selector string) {
	b.t.Helper()
	if _, err := chromedp.RunResponse(b.Ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("press %s: %v", selector, err)
	}
}

// Fill types a value into the field that the CSS selector finds, in place of what it held.
func (b *Browser) Fill(selector, value string) {
	b.t.Helper()
	// Clear would reset the attribute and leave what was typed.
	if err := b.poll(`s => { document.querySelector(s).value = ""; return true }`, selector); err != nil {
		b.t.Fatalf("fill %s: %v", selector, err)
	}
	b.Do(chromedp.SendKeys(chromedp.CSS(selector), value))
}

// Text returns what a reader sees of the page, in one line.
func (b *Browser) Text() string {
	b.t.Helper()
	return strings.Join(strings.Fields(Get(b, chromedp.Text(chromedp.CSS("body")))), " ")
}

// Sees ends the test unless the page comes to show the text.
func (b *Browser) Sees(text string) {
	b.t.Helper()
	if err := b.poll(`want => document.body.innerText.replace(/\s+/g, " ").includes(want)`, text); err != nil {
		b.t.Fatalf("the page does not show %q: %v\n%s", text, err, b.Text())
	}
}

// poll waits until a function of the page says true. A page that is just being
// replaced takes its functions along: then the next page is asked.
func (b *Browser) poll(function, argument string) error {
	return until(func() error {
		step := chromedp.PollFunction[bool](function, chromedp.WithPollingArgs(argument), chromedp.WithPollingTimeout(patience/4))
		_, err := chromedp.Run(b.Ctx, step)
		return err
	})
}

// Cookies returns the cookies that the browser would send to an address, HttpOnly ones included.
func (b *Browser) Cookies(address string) map[string]*network.Cookie {
	b.t.Helper()
	result, err := chromedp.Call(b.Ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
	if err != nil {
		b.t.Fatalf("cookies of %s: %v", address, err)
	}
	byName := map[string]*network.Cookie{}
	for _, c := range result.Cookies {
		byName[c.Name] = c
	}
	return byName
}

// Look sets the width of the screen in pixels and the colour scheme, "light" or "dark".
func (b *Browser) Look(width int64, scheme string) {
	b.t.Helper()
	b.Do(chromedp.EmulateViewport(width, 900))
	_, err := chromedp.Call(b.Ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		b.t.Fatalf("emulate %s: %v", scheme, err)
	}
}

// Screenshot writes the whole page as a PNG.
func (b *Browser) Screenshot(path string) {
	b.t.Helper()
	if err := os.WriteFile(path, Get(b, chromedp.FullScreenshot(100)), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// Problems returns what pages complained about since the browser started: exceptions and console
// errors, refused and missing scripts and styles among them.
func (b *Browser) Problems() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.problems...)
}

// hear notes a page's complaint. It runs in the order of the browser's messages, so that whoever has
// seen a page's text has its complaints too.
func (b *Browser) hear(event any) {
	problem := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		problem = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			problem += " " + e.ExceptionDetails.Exception.Description
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" && len(e.Args) > 0 {
			problem = "console: " + string(e.Args[0].Value)
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" {
			problem = e.Entry.Text + " " + e.Entry.URL
		}
	}
	if problem == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = append(b.problems, problem)
}

func (b *Browser) keepScreenshot() {
	root, err := Root()
	if err != nil {
		return
	}
	shot, err := chromedp.Run(b.Ctx, chromedp.FullScreenshot(100))
	if err != nil {
		return
	}
	dir := filepath.Join(root, "e2e", "artifacts")
	name := filepath.Join(dir, strings.ReplaceAll(b.t.Name(), "/", "-")+".png")
	if os.MkdirAll(dir, 0o755) == nil && os.WriteFile(name, shot, 0o644) == nil {
		b.t.Logf("screenshot: %s", name)
	}
}
