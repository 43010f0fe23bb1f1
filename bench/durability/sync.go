package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// syncs watches two runs of the server: one as it is, in which no redirect may
// leave before the sync that covers its click, and one that does not sync, in
// which that must be seen to happen.
func syncs(ctx context.Context, o options) error {
	if _, err := exec.LookPath("strace"); err != nil {
		return fmt.Errorf("strace is needed (Debian: apt-get install strace): %w", err)
	}
	p, err := newPlace(o.binary)
	if err != nil {
		return err
	}
	defer os.RemoveAll(p.dir)
	var from atomic.Uint32
	from.Store(firstVisitor)
	if err := p.furnish(ctx, &from); err != nil {
		return err
	}
	real, err := p.watch(ctx, o, &from)
	if err != nil {
		return fmt.Errorf("the run that syncs: %w", err)
	}
	control, err := p.watch(ctx, o, &from, "--test-no-sync")
	if err != nil {
		return fmt.Errorf("the run that does not sync: %w", err)
	}
	fmt.Printf("with sync: %s\n", real)
	fmt.Printf("sync off:  %s\n", control)
	fmt.Printf("redirects=%d before_sync=%d sync_off_before_sync=%d\n", real.redirects, real.early, control.early)
	if real.redirects < o.clicks || real.early != 0 || control.redirects < o.clicks || control.early == 0 {
		return errBroken
	}
	return nil
}

// furnish makes the sample, which takes long under strace.
func (p place) furnish(ctx context.Context, from *atomic.Uint32) error {
	s, err := p.start(ctx, nil)
	if err != nil {
		return err
	}
	err = newVisitors(s, from, 0).wait(ctx)
	return errors.Join(err, s.stop())
}

// watch runs the server under strace, clicks, and reads the trace.
func (p place) watch(ctx context.Context, o options, from *atomic.Uint32, more ...string) (verdict, error) {
	trace := filepath.Join(p.dir, "trace")
	// -D leaves the server our child, so that we can stop it; -s is enough for
	// a whole frame, -y names the file or socket of each call.
	strace := []string{"strace", "-D", "-f", "--seccomp-bpf", "-y", "-s", "2097152", "-o", trace,
		"-e", "trace=write,writev,sendto,sendmsg,pwrite64,pwritev,fsync,fdatasync", "-e", "signal=none"}
	s, err := p.start(ctx, strace, more...)
	if err != nil {
		return verdict{}, err
	}
	v := newVisitors(s, from, o.clicks)
	err = v.wait(ctx)
	if err == nil {
		v.run(ctx, o.visitors)
		err = errors.Join(v.odd, ctx.Err())
	}
	if stopped := s.stop(); err != nil || stopped != nil {
		return verdict{}, errors.Join(err, stopped)
	}
	if v.cut > 0 {
		return verdict{}, fmt.Errorf("%d requests had no answer", v.cut)
	}
	return readTrace(ctx, trace)
}

// readTrace reads a trace that is written to its end.
func readTrace(ctx context.Context, name string) (verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	for {
		b, err := os.ReadFile(name)
		if err != nil {
			return verdict{}, err
		}
		all := string(b)
		if i := strings.LastIndex(all[:max(0, len(all)-1)], "\n"); strings.Contains(all[i+1:], "+++ exited with") {
			return judge(strings.Lines(all))
		}
		select {
		case <-ctx.Done():
			return verdict{}, errors.New("the trace has no end")
		case <-time.After(50 * time.Millisecond):
		}
	}
}
