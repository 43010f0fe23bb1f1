package stage

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
)

// Server is one running or stopped installation with its own data and ports. The ports stay the same
// over restarts, as on a real machine.
type Server struct {
	// Clock is the time that the server sees.
	Clock *Clock
	// AppPort serves dashboards and API, EdgePort the tracking links, ShopPort the demo's shop.
	AppPort, EdgePort, ShopPort int

	bin, dir string
	env      []string
	cmd      *exec.Cmd
	done     chan struct{}
}

// NewServer prepares an installation with its data below dir. More environment may be given, for
// example TRIBUTARY_DATABASE.
func NewServer(bin, dir string, env ...string) (*Server, error) {
	clock, err := NewClock(filepath.Join(dir, "clock"))
	if err != nil {
		return nil, err
	}
	s := &Server{Clock: clock, bin: bin, dir: dir, env: env}
	for _, port := range []*int{&s.AppPort, &s.EdgePort, &s.ShopPort} {
		if *port, err = freePort(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// App, Edge and Shop are the addresses by number; `.localhost` names reach the same ports.
func (s *Server) App() string { return fmt.Sprintf("http://127.0.0.1:%d", s.AppPort) }

// Edge is the address of the tracking links.
func (s *Server) Edge() string { return fmt.Sprintf("http://127.0.0.1:%d", s.EdgePort) }

// Shop is the address of the demo's sample shop.
func (s *Server) Shop() string { return fmt.Sprintf("http://127.0.0.1:%d", s.ShopPort) }

// Environ is the environment in which every command of the binary finds this installation.
func (s *Server) Environ() []string {
	return append([]string{
		"TRIBUTARY_DATA=" + filepath.Join(s.dir, "data"),
		"TRIBUTARY_LISTEN=127.0.0.1:" + strconv.Itoa(s.AppPort),
		"TRIBUTARY_EDGE_LISTEN=127.0.0.1:" + strconv.Itoa(s.EdgePort),
		"TRIBUTARY_SHOP_LISTEN=127.0.0.1:" + strconv.Itoa(s.ShopPort),
		"TRIBUTARY_TEST_CLOCK=" + s.Clock.path,
	}, s.env...)
}

// Start runs the binary with args (`serve`, `demo` …) and returns when both doors answer.
func (s *Server) Start(args ...string) error {
	if s.cmd != nil {
		return errors.New("the server is running already")
	}
	console, err := os.OpenFile(s.consolePath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer console.Close()
	cmd := exec.Command(s.bin, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, console, console
	cmd.Env = append(os.Environ(), s.Environ()...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the server: %w", err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	s.cmd, s.done = cmd, done
	if err := until(s.answers); err != nil {
		_ = s.Kill()
		return fmt.Errorf("the server does not answer: %w\n%s", err, s.Console())
	}
	return nil
}

// answers is nil when the dashboards and the edge answer HTTP.
func (s *Server) answers() error {
	select {
	case <-s.done:
		return fmt.Errorf("%w: it ended with %s", errNever, s.cmd.ProcessState)
	default:
	}
	for _, door := range []string{s.App() + "/readyz", s.Edge() + "/"} {
		resp, err := http.Get(door)
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode >= 500 {
			return fmt.Errorf("%s says %s", door, resp.Status)
		}
	}
	return nil
}

// Stop asks the server to end, as Ctrl-C does, and fails when it does not end well and in time.
func (s *Server) Stop() error {
	cmd, err := s.end(syscall.SIGINT)
	if err != nil || cmd == nil {
		return err
	}
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("stopped with exit code %d\n%s", code, s.Console())
	}
	return nil
}

// Kill ends the server at once, without any chance to tidy up.
func (s *Server) Kill() error {
	_, err := s.end(syscall.SIGKILL)
	return err
}

func (s *Server) end(sig syscall.Signal) (*exec.Cmd, error) {
	cmd, done := s.cmd, s.done
	if cmd == nil {
		return nil, nil
	}
	s.cmd = nil
	if err := cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return cmd, err
	}
	err := until(func() error {
		select {
		case <-done:
			return nil
		default:
			return errors.New("the server is still running")
		}
	})
	if err != nil {
		_ = cmd.Process.Kill()
		<-done
	}
	return cmd, err
}

// Console returns all that the server has written to its terminal.
func (s *Server) Console() string {
	text, _ := os.ReadFile(s.consolePath())
	return string(text)
}

// Says waits until the console matches the pattern, and returns the last match with its groups.
func (s *Server) Says(pattern string) ([]string, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	var match []string
	err = until(func() error {
		all := re.FindAllStringSubmatch(s.Console(), -1)
		if len(all) == 0 {
			return fmt.Errorf("the console does not say %q:\n%s", pattern, s.Console())
		}
		match = all[len(all)-1]
		return nil
	})
	return match, err
}

func (s *Server) consolePath() string { return filepath.Join(s.dir, "console.log") }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
