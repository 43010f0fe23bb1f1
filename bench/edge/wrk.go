package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// sample is one load on one server.
type sample struct {
	Requests int     `json:"requests"`
	Micros   int     `json:"micros"` // length of the load
	Errors   int     `json:"errors"` // connect, read, write, timeout and status
	P50      float64 `json:"p50"`    // ms
	P99      float64 `json:"p99"`
	cpu      time.Duration
	unacked  int64
	void     string
}

func (s sample) perSecond() float64 { return float64(s.Requests) / float64(s.Micros) * 1e6 }

func (s sample) cpuMicros() float64 {
	return float64(s.cpu.Microseconds()) / float64(max(1, s.Requests))
}

// script is what wrk runs: another client address with each request, so that
// no hit is a repeat, and headers as browsers send them.
const script = `
local links, hot, base = %d, %t, %d
local tails = {
%s}
local id = 0
function setup(thread) thread:set("part", id); id = id + 1 end
function init() n = part * 7000003; last = 0 end
function request()
	n = n + 1
	local a, b, c = math.floor(n / 65536) %% 256, math.floor(n / 256) %% 256, n %% 256
	local link = hot and 7 or (n * 7919) %% links
	return string.format("GET /jane-%%06d HTTP/1.1\r\nX-Forwarded-For: %%d.%%d.%%d.%%d\r\n", link, base + part, a, b, c) .. tails[n %% #tails + 1]
end
function done(s, latency)
	local e = s.errors
	io.write(string.format('{"requests":%%d,"micros":%%d,"errors":%%d,"p50":%%f,"p99":%%f}\n', s.requests, s.duration,
		e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
`

// browsers are what visitors come with.
var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15",
	"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
	"Mozilla/5.0 (Linux; Android 15; SM-S931B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.7339.52 Mobile Safari/537.36",
	"Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1",
}

// browserHeaders follow the address in each request.
const browserHeaders = `Host: ` + linkHost + `
Connection: keep-alive
Upgrade-Insecure-Requests: 1
User-Agent: %s
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8
Sec-Fetch-Site: cross-site
Sec-Fetch-Mode: navigate
Sec-Fetch-User: ?1
Sec-Fetch-Dest: document
Referer: https://blog.example/posts/what-i-use
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: de-AT,de;q=0.9,en;q=0.8

`

func requestTail(agent string) string {
	return strings.ReplaceAll(fmt.Sprintf(browserHeaders, agent), "\n", "\r\n")
}

// load drives a server once. base is the first byte of the clients' addresses.
func (p plan) load(ctx context.Context, s *server, dir string, l load, base int) (sample, error) {
	var tails strings.Builder
	for _, agent := range browsers {
		fmt.Fprintf(&tails, "%q,\n", requestTail(agent))
	}
	file := filepath.Join(dir, "load.lua")
	if err := os.WriteFile(file, fmt.Appendf(nil, script, p.links, l.hot, base, tails.String()), 0o600); err != nil {
		return sample{}, err
	}
	cmd := exec.CommandContext(ctx, "wrk", "-t2", fmt.Sprintf("-c%d", l.conns), fmt.Sprintf("-d%ds", int(p.spell.Seconds())),
		"--timeout", "10s", "-s", file, "http://"+s.address)
	cmd.Stderr = os.Stderr
	before := s.cpu()
	out, err := cmd.Output()
	if err != nil {
		return sample{}, fmt.Errorf("wrk: %w", err)
	}
	var got sample
	if err := json.Unmarshal(out[bytes.LastIndexByte(out, '{'):], &got); err != nil {
		return got, fmt.Errorf("read wrk's answer %s: %w", out, err)
	}
	got.cpu = s.cpu() - before
	if got.Errors > 0 {
		got.void = fmt.Sprintf("%d errors", got.Errors)
	}
	return got, nil
}

// headerSize asks once, and counts the bytes of the answer's header.
func headerSize(address string) (int, error) {
	var conn net.Conn
	var err error
	for deadline := time.Now().Add(10 * time.Second); ; {
		if conn, err = net.Dial("tcp", address); err == nil {
			break
		}
		if time.Now().After(deadline) {
			return 0, err
		}
		time.Sleep(10 * time.Millisecond)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /jane-000000 HTTP/1.1\r\nX-Forwarded-For: 9.9.9.9\r\n%s", requestTail(browsers[0]))
	r := bufio.NewReader(conn)
	n := 0
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if n == 0 && !strings.Contains(line, " 302 ") {
			return 0, errors.New("answered " + line)
		}
		n += len(line)
		if line == "\r\n" {
			return n, nil
		}
	}
}
