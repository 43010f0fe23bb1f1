package click_test

import (
	"strings"
	"testing"

	"tributary.example/click"
	"tributary.example/click/clicktest"
	"tributary.example/internal/id"
)

// FuzzAddTouch begins with any cookie: afterwards there are at most five
// tokens, the new one last, and nothing that a cookie cannot hold.
func FuzzAddTouch(f *testing.F) {
	keys := ring(f)
	token := mint(f, keys, id.New[id.Link](now), now)
	other := mint(f, keys, id.New[id.Link](now.Add(1)), now)
	for _, s := range []string{"", "x", token, other + "." + token, strings.Repeat(other+".", 7), ";\r\n", token + "\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, cookie string) {
		value := click.AddTouch(cookie, token)
		touches := click.Touches(value)
		if n := len(touches); n < 1 || n > 5 || touches[n-1] != token || strings.Join(touches, ".") != value {
			t.Errorf("%q became %q", cookie, value)
		}
		if strings.Trim(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != "" {
			t.Errorf("%q holds what a cookie cannot", value)
		}
		if again := click.AddTouch(value, token); again != value {
			t.Errorf("%q changed to %q when added again", value, again)
		}
	})
}

// FuzzReadFrame reads any data under a fitting header.
func FuzzReadFrame(f *testing.F) {
	whole := click.AppendDrop(click.AppendClick(nil, clicktest.Click("v", 0)), click.Drop{Reason: click.Bot, Minute: 5, Hits: 3})
	f.Add(whole, 2)
	f.Add([]byte("{}\n"), 1)
	f.Add([]byte(`{"c":null,"d":{"h":-1}}`), 1)
	f.Fuzz(func(t *testing.T, data []byte, lines int) {
		frame, err := click.ReadFrame(id.New[id.Frame](now), click.FrameHeader(lines, data), data)
		if err == nil && len(frame.Clicks)+len(frame.Drops) > 2*lines {
			t.Errorf("%d clicks and %d drops in %d lines", len(frame.Clicks), len(frame.Drops), lines)
		}
	})
}
