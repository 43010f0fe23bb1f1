package track

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/id"
)

// journal groups clicks into frames and hands them to the bus. A frame leaves
// when the one before it is acknowledged, or when it is full; so an idle edge
// sends at once and a busy one groups by itself.
type journal struct {
	publish func(context.Context, bus.Message) error
	count   *Counters
	log     *slog.Logger

	mu     sync.Mutex
	open   *batch   // being filled
	full   []*batch // waiting for their turn
	bytes  int      // of all that is not acknowledged
	flying int
	idle   chan struct{} // closed and made anew whenever a frame has landed
	drops  map[click.Drop]int64
	stop   context.Context // ends when there is no time left to try again
	cancel context.CancelFunc
}

// batch is a frame on its way.
type batch struct {
	id     id.Frame
	data   []byte
	lines  int
	clicks int64
	born   time.Time
	acked  chan struct{}
}

const (
	maxFlying   = 2
	maxUnacked  = 64 << 20 // bytes kept in memory while the bus does not answer
	keepTrying  = 5 * time.Minute
	publishWait = 5 * time.Second
	firstPause  = 50 * time.Millisecond
	longPause   = 2 * time.Second
	dropsEvery  = 5 * time.Second
	maxDropKeys = 10_000
)

func newJournal(publish func(context.Context, bus.Message) error, count *Counters, log *slog.Logger) *journal {
	j := &journal{publish: publish, count: count, log: log, idle: make(chan struct{}), drops: map[click.Drop]int64{}}
	j.stop, j.cancel = context.WithCancel(context.Background())
	return j
}

// buffers hold one line each while it is written.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// frames hold the data of a frame until it is in the journal.
var frames = sync.Pool{New: func() any { return new([]byte) }}

// never is the answer for a click that there is no room for.
var never = make(chan struct{})

// add puts a click into the open frame. The channel is closed when the frame
// is in the journal.
func (j *journal) add(c click.Click) <-chan struct{} {
	room := buffers.Get().(*[]byte)
	defer buffers.Put(room)
	*room = click.AppendClick((*room)[:0], c)
	line := *room
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.bytes+len(line) > maxUnacked {
		j.count.ClicksLost.Add(1)
		return never
	}
	b := j.append(line)
	b.clicks++
	j.launch()
	return b.acked
}

// append writes a line into the open frame, and closes the one that is full
// with it.
func (j *journal) append(line []byte) *batch {
	if j.open != nil && len(j.open.data)+len(line) > click.MaxFrameBytes {
		j.shut()
	}
	if j.open == nil {
		j.open = &batch{id: id.New[id.Frame](time.Now()), born: time.Now(), acked: make(chan struct{}), data: (*frames.Get().(*[]byte))[:0]}
	}
	b := j.open
	b.data = append(b.data, line...)
	b.lines++
	j.bytes += len(line)
	if b.lines >= click.MaxFrameClicks {
		j.shut()
	}
	return b
}

func (j *journal) shut() {
	j.full = append(j.full, j.open)
	j.open = nil
}

// launch sends what may leave now.
func (j *journal) launch() {
	for j.flying < maxFlying {
		var b *batch
		switch {
		case len(j.full) > 0:
			b, j.full = j.full[0], j.full[1:]
		case j.open != nil && j.flying == 0:
			b, j.open = j.open, nil
		default:
			return
		}
		j.flying++
		go j.send(b)
	}
}

// send publishes a frame, again and again under its one id, and gives up after
// five minutes: the bus knows an id for ten.
func (j *journal) send(b *batch) {
	m := bus.Message{
		Subject: bus.ClickSubject + "0", ID: string(b.id), Header: click.FrameHeader(b.lines, b.data), Data: b.data,
	}
	pause := firstPause
	for {
		err := j.try(m)
		if err == nil {
			close(b.acked)
			break
		}
		if time.Since(b.born) > keepTrying || j.stop.Err() != nil {
			j.count.ClicksLost.Add(b.clicks)
			j.log.Error("clicks lost: the journal does not take them", "clicks", b.clicks, "err", err)
			break
		}
		select {
		case <-j.stop.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longPause)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.flying--
	j.bytes -= len(b.data)
	frames.Put(&b.data)
	close(j.idle)
	j.idle = make(chan struct{})
	j.launch()
}

func (j *journal) try(m bus.Message) error {
	ctx, cancel := context.WithTimeout(j.stop, publishWait)
	defer cancel()
	return j.publish(ctx, m)
}

// drop counts a hit that is no click. Nobody waits for it.
func (j *journal) drop(d click.Drop) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drops[d]++
	if len(j.drops) >= maxDropKeys {
		j.flushDrops()
	}
}

// flushDrops puts the counts into the open frame, as long as there is room.
// The mutex is held.
func (j *journal) flushDrops() {
	for d, hits := range j.drops {
		d.Hits = hits
		line := click.AppendDrop(nil, d)
		if j.bytes+len(line) > maxUnacked {
			j.count.DropsLost.Add(hits)
			continue
		}
		j.append(line)
	}
	clear(j.drops)
	j.launch()
}

// tick sends the counts of dropped hits every few seconds.
func (j *journal) tick(ctx context.Context) {
	t := time.NewTicker(dropsEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			j.mu.Lock()
			j.flushDrops()
			j.mu.Unlock()
		}
	}
}

// close sends what is left and waits for it until ctx ends.
func (j *journal) close(ctx context.Context) error {
	defer j.cancel()
	for {
		j.mu.Lock()
		j.flushDrops()
		left, idle := j.bytes, j.idle
		j.mu.Unlock()
		if left == 0 {
			return nil
		}
		select {
		case <-idle:
		case <-ctx.Done():
			return fmt.Errorf("stop edge: %d bytes of clicks are not in the journal", left)
		}
	}
}
