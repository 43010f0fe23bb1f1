package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tributary.example/internal/db"
)

const (
	relayPage     = 256
	relayParallel = 16
	relayFailures = 8 // subjects that fail before a pass gives up
	relayEvery    = 100 * time.Millisecond
	relaySlowest  = 5 * time.Second
)

// Relay carries messages from the table to the bus. Several may run: the
// second publication of a message is dropped by the bus.
type Relay struct {
	DB *db.DB
	// Publish hands a message to the bus and returns after the bus has it on
	// disk. It is called from several goroutines, never for two messages of
	// one subject at a time.
	Publish func(ctx context.Context, m Message) error
	// Every is how often an idle relay looks; 0 is 100 ms.
	Every time.Duration
	// Passed, when set, hears of each pass of Run: how many messages were
	// sent, and the error.
	Passed func(n int, err error)
}

// Run passes until ctx ends. After an error it waits longer and longer, at
// most five seconds; the error goes to Passed.
func (r *Relay) Run(ctx context.Context) error {
	every := r.Every
	if every == 0 {
		every = relayEvery
	}
	wait := every
	for ctx.Err() == nil {
		n, err := r.Pass(ctx)
		if ctx.Err() != nil {
			break
		}
		if r.Passed != nil {
			r.Passed(n, err)
		}
		switch {
		case err != nil:
			wait = min(2*wait, relaySlowest)
		case n == relayPage:
			wait = 0
		default:
			wait = every
		}
		if wait > 0 {
			pause(ctx, wait)
		}
		wait = max(wait, every)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Pass publishes one page of unsent messages and marks those that the bus
// acknowledged. It returns how many; with an error, others may have been sent
// nevertheless.
func (r *Relay) Pass(ctx context.Context) (int, error) {
	page, err := db.All(ctx, r.DB, scan, `select `+columns+` from outbox_messages
		where sent_at is null order by at, number, message_id limit $1`, relayPage)
	if err != nil || len(page) == 0 {
		return 0, err
	}
	sent, failed := r.publish(ctx, page)
	if len(sent) > 0 {
		// What is on the bus is marked even when ctx ends now.
		err = r.mark(context.WithoutCancel(ctx), sent)
	}
	return len(sent), errors.Join(err, failed)
}

// publish sends the subjects side by side, each in order. A message that fails
// holds back only its own subject.
func (r *Relay) publish(ctx context.Context, page []Message) ([]Message, error) {
	var (
		mu     sync.Mutex
		sent   []Message
		failed []error
		wg     sync.WaitGroup
	)
	gate := make(chan struct{}, relayParallel)
	for _, subject := range bySubject(page) {
		gate <- struct{}{}
		mu.Lock()
		stop := len(failed) >= relayFailures || ctx.Err() != nil
		mu.Unlock()
		if stop {
			break
		}
		wg.Go(func() {
			defer func() { <-gate }()
			done, err := r.inOrder(ctx, subject)
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, done...)
			if err != nil {
				failed = append(failed, err)
			}
		})
	}
	wg.Wait()
	return sent, errors.Join(failed...)
}

func (r *Relay) inOrder(ctx context.Context, messages []Message) ([]Message, error) {
	for i, m := range messages {
		if err := r.Publish(ctx, m); err != nil {
			return messages[:i], fmt.Errorf("publish %s %s: %w", m.Name, m.ID, err)
		}
	}
	return messages, nil
}

func bySubject(page []Message) [][]Message {
	type owner struct{ program, subject string }
	var order [][]Message
	place := map[owner]int{}
	for _, m := range page {
		k := owner{string(m.Program), m.Subject}
		i, ok := place[k]
		if !ok {
			i = len(order)
			place[k] = i
			order = append(order, nil)
		}
		order[i] = append(order[i], m)
	}
	for _, messages := range order {
		// A transaction's time is its beginning's, so times may cross where
		// numbers do not.
		slices.SortFunc(messages, func(a, b Message) int { return cmp.Compare(a.Number, b.Number) })
	}
	return order
}

func (r *Relay) mark(ctx context.Context, sent []Message) error {
	err := r.DB.Write(ctx, db.Timer("outbox"), func(tx *db.Tx) error {
		for _, m := range sent {
			if err := tx.Queue(ctx, `update outbox_messages set sent_at = $3
				where program_id = $1 and message_id = $2`, m.Program, m.ID, tx.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("mark %d messages as sent: %w", len(sent), err)
	}
	return nil
}
