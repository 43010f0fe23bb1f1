package dbtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startPatience is how long a new server may take until it answers.
const startPatience = 60 * time.Second

// Cluster is one running PostgreSQL server with its own data directory, made for tests: it trusts
// everybody on loopback and does not wait for the disk.
type Cluster struct {
	// URL is the address of the server's maintenance database.
	URL string

	dir  string
	cmd  *exec.Cmd
	done chan struct{}
}

// Start makes an empty PostgreSQL cluster in dir, which must not exist yet, and starts it on a free
// port of 127.0.0.1. It runs as the user `postgres` when we are root, because the server refuses root.
func Start(dir string) (*Cluster, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	who, err := runAs()
	if err != nil {
		return nil, err
	}
	if err := makeDir(dir, who); err != nil {
		return nil, err
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "postgres",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	initdb.Dir, initdb.SysProcAttr = dir, &syscall.SysProcAttr{Credential: who}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	var last error
	for range 3 { // a free port may be taken before the server binds it
		c, err := launch(bin, dir, who)
		if err == nil {
			return c, nil
		}
		last = err
	}
	return nil, last
}

// OwnedBy stops the cluster when the process pid is gone, also when that was killed.
func (c *Cluster) OwnedBy(pid int) error { return c.watch(fmt.Sprintf("kill -0 %d", pid)) }

// Stop ends the server, breaking what is connected to it, and removes its directory.
func (c *Cluster) Stop() error {
	if err := c.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop PostgreSQL: %w", err)
	}
	select {
	case <-c.done:
	case <-time.After(startPatience):
		_ = c.cmd.Process.Kill()
		<-c.done
	}
	return os.RemoveAll(c.dir)
}

func (c *Cluster) pid() int { return c.cmd.Process.Pid }

// watch leaves a small shell behind that stops the server as soon as the condition, asked every few
// seconds, is false. It outlives this process, which is its purpose.
func (c *Cluster) watch(condition string) error {
	script := fmt.Sprintf("while kill -0 %[1]d 2>/dev/null && %[2]s 2>/dev/null; do sleep 5; done; kill -INT %[1]d 2>/dev/null; true",
		c.pid(), condition)
	dog := exec.Command("sh", "-c", script)
	dog.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := dog.Start(); err != nil {
		return fmt.Errorf("start PostgreSQL's watchdog: %w", err)
	}
	go func() { _ = dog.Wait() }()
	return nil
}

// launch starts the server and waits until it answers.
func launch(bin, dir string, who *syscall.Credential) (*Cluster, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	args := []string{"-D", filepath.Join(dir, "data"), "-p", strconv.Itoa(port), "-k", filepath.Join(dir, "socket")}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "max_connections=300", "fsync=off", "synchronous_commit=off",
		"full_page_writes=off", "wal_level=minimal", "max_wal_senders=0", "log_min_messages=fatal",
	} {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(filepath.Join(bin, "postgres"), args...)
	// A session of its own: Ctrl-C reaches the tests first, and the server ends after them.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setsid: true}
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	c := &Cluster{
		URL: fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port),
		dir: dir, cmd: cmd, done: make(chan struct{}),
	}
	go func() { _ = cmd.Wait(); close(c.done) }()
	return c, c.waitReady()
}

func (c *Cluster) waitReady() error {
	tick, late := time.NewTicker(50*time.Millisecond), time.After(startPatience)
	defer tick.Stop()
	for {
		select {
		case <-c.done:
			said, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("PostgreSQL ended while starting: %s", bytes.TrimSpace(said))
		case <-late:
			_ = c.cmd.Process.Kill()
			return fmt.Errorf("PostgreSQL did not answer within %s", startPatience)
		case <-tick.C:
			if execute(c.URL, "select 1") == nil {
				return nil
			}
		}
	}
}

// binaries finds the server's programs: pg_config's directory, else the newest of Debian's.
func binaries() (string, error) {
	var found []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		found = append(found, strings.TrimSpace(string(out)))
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	sort.Sort(sort.Reverse(sort.StringSlice(debian)))
	for _, dir := range append(found, debian...) {
		if _, err := os.Stat(filepath.Join(dir, "initdb")); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("PostgreSQL's server is not installed: install it (Debian: apt-get install postgresql), or set %s to a server's URL", EnvPostgres)
}

// runAs is nil (ourselves) unless we are root.
func runAs() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL refuses to run as root, and there is no user postgres: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// makeDir makes dir with a folder for the unix socket, owned by whom the server runs as.
func makeDir(dir string, who *syscall.Credential) error {
	for _, d := range []string{dir, filepath.Join(dir, "socket")} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return fmt.Errorf("make PostgreSQL's directory: %w", err)
		}
		if who == nil {
			continue
		}
		if err := os.Chown(d, int(who.Uid), int(who.Gid)); err != nil {
			return fmt.Errorf("hand PostgreSQL its directory: %w", err)
		}
	}
	return nil
}

// killStale ends a server that still holds dir but no longer answers.
func killStale(dir string) error {
	raw, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		return nil // no server was left
	}
	first, _, _ := strings.Cut(string(raw), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil || pid <= 1 {
		return nil
	}
	// The number may belong to another process by now; only a server of this directory is ours.
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if !bytes.Contains(line, []byte(dir)) {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGQUIT); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("end the stale PostgreSQL: %w", err)
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
