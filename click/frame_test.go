package click_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/click"
	"tributary.example/click/clicktest"
	"tributary.example/internal/id"
)

func TestFrameIsWholeOrRefused(t *testing.T) {
	t.Parallel()
	a, b := clicktest.Click("v1", 0), clicktest.Click("v2", time.Second)
	drop := click.Drop{Program: prog, Link: lnk, Affiliate: b.Affiliate, Reason: click.Bot, Minute: 5, Hits: 3}
	data := click.AppendClick(click.AppendDrop(click.AppendClick(nil, a), drop), b)
	want := click.Frame{ID: id.New[id.Frame](now), Clicks: []click.Click{a, b}, Drops: []click.Drop{drop}}

	got, err := click.ReadFrame(want.ID, click.FrameHeader(3, data), data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(got, want): %s", diff)
	}
	if _, err := click.ReadFrame(want.ID, click.FrameHeader(2, data), data); err == nil {
		t.Error("a frame with a line too many was read")
	}
	if _, err := click.ReadFrame(want.ID, click.FrameHeader(3, data), append(data[:len(data)-2:len(data)-2], ' ', '\n')); err == nil {
		t.Error("a changed frame was read")
	}
	if _, err := click.ReadFrame(want.ID, click.FrameHeader(3, data), bytes.Replace(data, []byte("Firefox"), []byte("Firefix"), 1)); err == nil {
		t.Error("a frame with another letter was read")
	}
	if _, err := click.ReadFrame(want.ID, nil, data); err == nil {
		t.Error("a frame without a header was read")
	}
}

func TestLineIsBounded(t *testing.T) {
	t.Parallel()
	c := clicktest.Click("v", 0)
	bad := strings.Repeat(`"`, 512) // two bytes each in JSON
	c.Agent, c.Referrer, c.Landing = bad, bad, bad
	c.Subs, c.UTM = map[string]string{}, map[string]string{}
	for _, n := range []string{"sub1", "sub2", "sub3", "sub4", "sub5"} {
		c.Subs[n] = strings.Repeat(`\`, 100)
	}
	for _, n := range []string{"utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content"} {
		c.UTM[n] = strings.Repeat(`\`, 100)
	}
	if n := len(click.AppendClick(nil, c)); n > 4<<10 {
		t.Errorf("line has %d bytes", n)
	}
}
