package main

import (
	"os"
	"strings"
	"sync"
	"time"

	"tributary.example/internal/fault"
)

// clock is the time for the whole process: the system's, or what a story
// writes into a file.
func (c config) clock() (func() time.Time, error) {
	if c.TestClock == "" {
		return time.Now, nil
	}
	f := &fileClock{path: c.TestClock}
	if _, err := f.read(); err != nil {
		return nil, fault.New(fault.Invalid, "TRIBUTARY_TEST_CLOCK names no file with a time.").Because(err)
	}
	return f.now, nil
}

// fileClock reads the file each time: what a story does after moving the clock
// happens at the new time.
type fileClock struct {
	path string
	mu   sync.Mutex
	last time.Time
}

func (f *fileClock) read() (time.Time, error) {
	b, err := os.ReadFile(f.path)
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, strings.TrimSpace(string(b)))
}

func (f *fileClock) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	// A file that is just being replaced is read the next time.
	if at, err := f.read(); err == nil {
		f.last = at
	}
	return f.last
}
