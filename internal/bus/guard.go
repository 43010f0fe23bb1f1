package bus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// Notice tells of the embedded server: that it stalled, or that it has been
// started again.
type Notice struct {
	Cause     error // what the stall was noticed by, or what the last try to end it met
	Recovered bool
}

// suspect is a sign that a station can no longer write.
type suspect struct {
	of    *station
	cause error
}

// stallAfter is how long a publish must have waited for its silence to be
// suspicious.
const stallAfter = 2 * time.Second

// The pauses between probes of the folder.
const (
	firstProbe = 100 * time.Millisecond
	longProbe  = 2 * time.Second
)

// probeBytes must fit on the disk before the server is started again.
const probeBytes = 2 * maxPayload

var errAgain = errors.New("the journal's server has been started again")

// suspect makes the guard look after a station of ours. It never waits.
func (b *Bus) suspect(s *station, cause error) {
	if s.server == nil {
		return
	}
	select {
	case b.suspects <- suspect{s, cause}:
	default: // the guard is at it already
	}
}

// guard starts the embedded server again when it can no longer write. A stream
// that met a full disk refuses for ever, however much is free later.
func (b *Bus) guard(ctx context.Context) {
	defer close(b.stopped)
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-b.suspects:
			if s.of == b.now.Load() { // not of a station that has been replaced
				b.revive(ctx, s)
			}
		}
	}
}

// revive probes the folder until it takes data, and starts the server again.
// Until then the old one still reads.
func (b *Bus) revive(ctx context.Context, s suspect) {
	b.count.Stalls.Add(1)
	b.stall(s.cause)
	for pause := firstProbe; ; pause = min(2*pause, longProbe) {
		err := probe(b.o.Dir)
		if err == nil {
			err = b.renew(ctx, s.of)
		}
		if err == nil {
			break
		}
		b.stalled.Store(&Notice{Cause: err})
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
	b.stalled.Store(nil)
	b.count.Restarts.Add(1)
	b.tell(Notice{Cause: s.cause, Recovered: true})
}

func (b *Bus) stall(cause error) {
	n := Notice{Cause: cause}
	b.stalled.Store(&n)
	b.tell(n)
}

func (b *Bus) tell(n Notice) {
	if b.o.Told != nil {
		b.o.Told(n)
	}
}

// renew puts a new station in the place of an old one.
func (b *Bus) renew(ctx context.Context, old *station) error {
	old.close(errAgain)
	s, err := b.begin(ctx)
	if err != nil {
		return fmt.Errorf("start the journal's server again: %w", err)
	}
	b.now.Store(s)
	return nil
}

// probe writes what some frames hold into a folder, syncs it and removes it.
func probe(dir string) error {
	f, err := os.CreateTemp(dir, "probe-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(make([]byte, probeBytes))
	return errors.Join(err, f.Sync(), f.Close())
}
