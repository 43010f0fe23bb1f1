package stage

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// opening is when every story begins: a Monday morning, far enough ahead that no cookie has expired
// by the machine's own clock.
var opening = time.Date(2030, time.January, 14, 9, 0, 0, 0, time.UTC)

// Clock is the file from which a server under test reads the time. It stands still until it is moved.
type Clock struct {
	path string
	now  time.Time
}

// NewClock writes a clock that shows the opening time to path.
func NewClock(path string) (*Clock, error) {
	c := &Clock{path: path}
	return c, c.Set(opening)
}

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time { return c.now }

// Set moves the clock. A reader sees the old time or the new one, never a half-written file.
func (c *Clock) Set(t time.Time) error {
	c.now = t.UTC()
	next := c.path + ".next"
	if err := os.WriteFile(next, []byte(c.now.Format(time.RFC3339Nano)+"\n"), 0o644); err != nil {
		return fmt.Errorf("write the clock: %w", err)
	}
	return os.Rename(next, c.path)
}

// Advance moves the clock on by a duration such as 31d, 12h or 90s.
func (c *Clock) Advance(by string) error {
	d, err := duration(by)
	if err != nil {
		return err
	}
	return c.Set(c.now.Add(d))
}

// duration is time.ParseDuration that knows days of 24 hours.
func duration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}
