package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"tributary.example/click"
)

// server is a process under load.
type server struct {
	name    string
	address string
	cmd     *exec.Cmd
	orders  io.WriteCloser // of an edge
	answers *bufio.Scanner
	started started
}

// startEdge starts this program as an edge over a journal.
func startEdge(ctx context.Context, name, dir, address string, sync bool) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{name: name, address: address}
	s.cmd = exec.CommandContext(ctx, self, "-serving", "-dir", dir, "-listen", address, "-sync="+strconv.FormatBool(sync))
	s.cmd.Stderr = os.Stderr
	if s.orders, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.answers = bufio.NewScanner(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	return s, s.hear(&s.started)
}

func (s *server) hear(v any) error {
	if !s.answers.Scan() {
		return fmt.Errorf("%s ended before it answered", s.name)
	}
	return json.Unmarshal(s.answers.Bytes(), v)
}

// count asks an edge for the clicks that its journal holds.
func (s *server) count() (counted, error) {
	var c counted
	if _, err := fmt.Fprintln(s.orders, "count"); err != nil {
		return c, err
	}
	return c, s.hear(&c)
}

func (s *server) end() error {
	if s.orders != nil {
		return errors.Join(s.orders.Close(), s.cmd.Wait())
	}
	return errors.Join(s.cmd.Process.Signal(os.Interrupt), s.cmd.Wait())
}

// nginxConf has one worker per core and nothing that an operator would not
// have. Its answer is the edge's, with tokens that are shorter by what nginx
// says of itself, so that the headers are equally long.
const nginxConf = `daemon off;
worker_processes auto;
pid %[1]s/nginx.pid;
error_log %[1]s/error.log;
events { worker_connections 4096; }
http {
	access_log %[1]s/access.log combined buffer=64k flush=1s;
	client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
	server_tokens off;
	keepalive_requests 1000000000;
	server {
		listen %[2]s;
		location / {
			add_header Set-Cookie "trb_shop=%[3]s; max-age=5184000; domain=shop.example; path=/; HttpOnly; SameSite=Lax" always;
			add_header Cache-Control no-store always;
			add_header Referrer-Policy strict-origin-when-cross-origin always;
			add_header X-Robots-Tag noindex always;
			return 302 https://www.shop.example/?via=%[4]s;
		}
	}
}
`

// startNginx starts Debian's nginx with an answer whose headers have so many
// bytes.
func startNginx(ctx context.Context, dir, address string, headerBytes int) (*server, error) {
	path, err := exec.LookPath("nginx")
	if err != nil {
		return nil, fmt.Errorf("apt-get install nginx: %w", err)
	}
	tokens := 2 * click.TokenLength
	for range 2 {
		s := &server{name: "nginx", address: address, cmd: exec.CommandContext(ctx, path, "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))}
		s.cmd.Stderr = os.Stderr
		conf := fmt.Sprintf(nginxConf, dir, address, strings.Repeat("x", tokens/2), strings.Repeat("y", tokens-tokens/2))
		if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
			return nil, err
		}
		if err := s.cmd.Start(); err != nil {
			return nil, err
		}
		n, err := headerSize(address)
		if err != nil {
			return nil, errors.Join(err, s.end())
		}
		if n == headerBytes {
			return s, nil
		}
		if err := s.end(); err != nil {
			return nil, err
		}
		tokens = max(0, tokens+headerBytes-n)
	}
	return nil, errors.New("nginx's headers cannot be made as long as the edge's")
}

// pids are a server's processes.
func (s *server) pids() []int {
	pid := s.cmd.Process.Pid
	all := []int{pid}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, text := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(text); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// tick is the kernel's unit of CPU time (USER_HZ), the same on all machines.
const tick = 10 * time.Millisecond

// cpu is the time that a server's processes have used.
func (s *server) cpu() time.Duration {
	var sum time.Duration
	for _, pid := range s.pids() {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		for _, i := range []int{11, 12} { // utime and stime, proc(5) fields 14 and 15
			if i < len(fields) {
				n, _ := strconv.Atoi(fields[i])
				sum += time.Duration(n) * tick
			}
		}
	}
	return sum
}

// rss is the resident memory of a process, in kB.
func rss(pid int) int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(fields[0])
	return n
}
