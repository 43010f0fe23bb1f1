package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"
)

// place is where a server runs, over all its starts.
type place struct {
	binary string
	dir    string
	ports  [3]string // dashboards, edge, shop
}

func newPlace(binary string) (place, error) {
	p := place{binary: binary}
	var err error
	if p.dir, err = os.MkdirTemp("", "durability-"); err != nil {
		return p, err
	}
	for i := range p.ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return p, err
		}
		defer l.Close() // all at the end, so that they are three
		p.ports[i] = l.Addr().String()
	}
	return p, nil
}

// journal is the folder of the click journal, and clicks the file of the
// store: the sample has a folder of its own.
func (p place) journal() string { return filepath.Join(p.dir, "demo", "nats") }

func (p place) clicks() string { return filepath.Join(p.dir, "demo", "clicks.db") }

// server is one run of the binary.
type server struct {
	cmd   *exec.Cmd
	link  string // a tracking link of the sample
	edge  string // the address that serves it
	told  *lines
	ended chan struct{} // closed when it has ended, with err
	err   error
}

// startWait is how long the server may take to serve, under strace too.
const startWait = 2 * time.Minute

// start runs the server, with a command such as strace in front, and waits
// until it has told its tracking link.
func (p place) start(ctx context.Context, front []string, more ...string) (*server, error) {
	args := append(append(front, p.binary), "demo", "--no-history", "--data", p.dir,
		"--listen", p.ports[0], "--edge-listen", p.ports[1], "--shop-listen", p.ports[2],
		"--trusted-proxies", "127.0.0.1", "--test-ack-wait", "1m")
	args = append(args, more...)
	s := &server{cmd: exec.Command(args[0], args[1:]...), edge: p.ports[1], told: &lines{}, ended: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = s.told, s.told
	// An interrupt of the terminal is ours alone, and nothing outlives us.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		s.err = s.cmd.Wait()
		close(s.ended)
	}()
	_, port, _ := net.SplitHostPort(s.edge)
	link := regexp.MustCompile(`http://[^/\s]+:` + port + `/\S+`)
	waiting, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	var err error
	if s.link, err = s.told.find(waiting, link); err != nil {
		s.kill()
		return nil, fmt.Errorf("the server did not start: %w\n%s", err, s.told.text())
	}
	return s, nil
}

// kill ends the server as a power cut of the process would.
func (s *server) kill() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	<-s.ended
}

// stop ends the server in order.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.ended:
		if s.err != nil {
			return fmt.Errorf("the server ended with %w\n%s", s.err, s.told.text())
		}
		return nil
	case <-time.After(startWait):
		s.kill()
		return errors.New("the server did not end")
	}
}

// lines keeps what a server prints.
type lines struct {
	mu  sync.Mutex
	all strings.Builder
}

// Write keeps a piece of output.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(b)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// find waits until something is printed.
func (l *lines) find(ctx context.Context, what *regexp.Regexp) (string, error) {
	for {
		if found := what.FindString(l.text()); found != "" {
			return found, nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
