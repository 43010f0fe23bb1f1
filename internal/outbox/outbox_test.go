package outbox_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
)

var ctx = context.Background()

type payload struct {
	Amount int64 `json:"amount"`
}

func emit(t *testing.T, d *dbtest.DB, prog id.Program, subject string, times int) {
	t.Helper()
	d.Write(t, func(tx *db.Tx) error {
		for i := range times {
			err := outbox.Emit(ctx, tx, outbox.Event{Program: prog, Type: "a.b", Subject: subject, Payload: payload{int64(i)}})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// bus keeps what is published, and fails where it is told to.
type bus struct {
	mu     sync.Mutex
	got    []outbox.Message
	refuse func(m outbox.Message) error
}

func (b *bus) publish(_ context.Context, m outbox.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		if err := b.refuse(m); err != nil {
			return err
		}
	}
	b.got = append(b.got, m)
	return nil
}

func (b *bus) lines() []string {
	var out []string
	for _, m := range b.got {
		out = append(out, fmt.Sprintf("%s %s %d", m.Program, m.Subject, m.Number))
	}
	slices.Sort(out)
	return out
}

func TestMessagesCarryEverything(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		actor := db.Actor{Kind: db.ActorKey, ID: "key_1", Address: "203.0.113.9"}
		err := d.DB.Write(ctx, actor, func(tx *db.Tx) error {
			if err := outbox.Emit(ctx, tx, outbox.Event{Program: "prg_1", Type: "commission.earned", Version: 2, Subject: "com_1", Payload: payload{7}}); err != nil {
				return err
			}
			return outbox.Direct(ctx, tx, outbox.Record{Program: "prg_1", Key: "link.lnk_1", Version: 41, Value: payload{8}})
		})
		if err != nil {
			t.Fatal(err)
		}
		b := &bus{}
		if n, err := (&outbox.Relay{DB: d.DB, Publish: b.publish}).Pass(ctx); n != 2 || err != nil {
			t.Fatalf("pass: %d, %v", n, err)
		}
		if b.got[0].Topic == outbox.TopicDirectory {
			slices.Reverse(b.got)
		}
		actor.Address = "" // stays in the audit log
		want := []outbox.Message{
			{
				ID: b.got[0].ID, Program: "prg_1", Topic: outbox.TopicEvent, Name: "commission.earned", Subject: "com_1",
				Number: 1, Version: 2, At: dbtest.Epoch, Actor: actor, Payload: json.RawMessage(`{"amount":7}`),
			},
			{
				ID: b.got[1].ID, Program: "prg_1", Topic: outbox.TopicDirectory, Name: "link.lnk_1", Subject: "link.lnk_1",
				Number: 41, Version: 1, At: dbtest.Epoch, Actor: actor, Payload: json.RawMessage(`{"amount":8}`),
			},
		}
		if diff := cmp.Diff(want, b.got); diff != "" {
			t.Error(diff)
		}
		events, err := outbox.Events(ctx, d, "prg_1", "", 10)
		want[0].SentAt = d.Now()
		if diff := cmp.Diff(want[:1], events); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestNumbersPerSubject(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		emit(t, d, "prg_1", "a", 2)
		emit(t, d, "prg_1", "b", 1)
		emit(t, d, "prg_2", "a", 1)
		err := d.DB.Write(ctx, dbtest.Actor, func(tx *db.Tx) error {
			if err := outbox.Emit(ctx, tx, outbox.Event{Program: "prg_1", Type: "a.b", Subject: "a"}); err != nil {
				return err
			}
			return errors.New("the fact did not happen")
		})
		if err == nil {
			t.Fatal("no error")
		}
		emit(t, d, "prg_1", "a", 1)
		b := &bus{}
		if _, err := (&outbox.Relay{DB: d.DB, Publish: b.publish}).Pass(ctx); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"prg_1 a 1", "prg_1 a 2", "prg_1 a 3", "prg_1 b 1", "prg_2 a 1"}, b.lines()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestNumbersUnderConcurrency(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 5 {
					emit(t, d, "prg_1", "a", 1)
				}
			})
		}
		wg.Wait()
		got, err := db.All(ctx, d, db.Scalar[int64], `select number from outbox_messages order by number`)
		want := make([]int64, 40)
		for i := range want {
			want[i] = int64(i + 1)
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestRefusedIsTriedAgainAndHoldsItsSubjectBack(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		emit(t, d, "prg_1", "a", 3)
		emit(t, d, "prg_1", "b", 2)
		down := errors.New("no answer")
		b := &bus{}
		b.refuse = func(m outbox.Message) error {
			if m.Subject == "a" && m.Number == 2 {
				return down
			}
			return nil
		}
		relay := &outbox.Relay{DB: d.DB, Publish: b.publish}
		if n, err := relay.Pass(ctx); n != 3 || !errors.Is(err, down) {
			t.Errorf("first pass: %d, %v, want 3 and the refusal", n, err)
		}
		if diff := cmp.Diff([]string{"prg_1 a 1", "prg_1 b 1", "prg_1 b 2"}, b.lines()); diff != "" {
			t.Error(diff)
		}
		if n, since, err := outbox.Unsent(ctx, d); n != 2 || !since.Equal(dbtest.Epoch) || err != nil {
			t.Errorf("unsent: %d since %s, %v", n, since, err)
		}
		b.refuse, b.got = nil, nil
		if n, err := relay.Pass(ctx); n != 2 || err != nil {
			t.Errorf("second pass: %d, %v", n, err)
		}
		if b.got[0].Number != 2 || b.got[1].Number != 3 {
			t.Errorf("out of order: %v", b.lines())
		}
		if n, since, err := outbox.Unsent(ctx, d); n != 0 || !since.IsZero() || err != nil {
			t.Errorf("unsent: %d since %s, %v", n, since, err)
		}
	})
}

// A transaction that began later may number first: its number decides.
func TestOrderIsTheNumbers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		for range 3 {
			emit(t, d, "prg_1", "a", 1)
			d.Clock.Advance(-time.Second)
		}
		b := &bus{}
		if n, err := (&outbox.Relay{DB: d.DB, Publish: b.publish}).Pass(ctx); n != 3 || err != nil {
			t.Fatalf("pass: %d, %v", n, err)
		}
		for i, m := range b.got {
			if m.Number != int64(i+1) {
				t.Errorf("number %d came as the %dth", m.Number, i+1)
			}
		}
	})
}

// A relay that dies between the bus's answer and the mark publishes the same
// id again, which the bus drops.
func TestMarkLostPublishesTheSameID(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		emit(t, d, "prg_1", "a", 1)
		dying, die := context.WithCancel(ctx)
		b := &bus{refuse: func(outbox.Message) error { die(); return nil }}
		relay := &outbox.Relay{DB: d.DB, Publish: b.publish}
		if n, err := relay.Pass(dying); n != 1 || err != nil {
			t.Errorf("what the bus has is marked even in the end: %d, %v", n, err)
		}
		d.Write(t, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `update outbox_messages set sent_at = null`)
			return err
		})
		if n, err := relay.Pass(ctx); n != 1 || err != nil {
			t.Errorf("second pass: %d, %v", n, err)
		}
		if b.got[0].ID != b.got[1].ID {
			t.Errorf("two ids for one message: %s and %s", b.got[0].ID, b.got[1].ID)
		}
	})
}

func TestManyMessagesManyPages(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		for i := range 30 {
			emit(t, d, "prg_1", fmt.Sprint(i), 20)
		}
		b := &bus{}
		ctx, cancel := context.WithCancel(ctx)
		relay := &outbox.Relay{DB: d.DB, Publish: b.publish, Every: time.Hour}
		relay.Passed = func(n int, err error) {
			if err != nil {
				t.Error(err)
			}
			if n < 256 {
				cancel() // the last page; waiting an hour would fail the test
			}
		}
		if err := relay.Run(ctx); err != nil {
			t.Fatal(err)
		}
		last := map[string]int64{}
		for _, m := range b.got {
			if m.Number != last[m.Subject]+1 {
				t.Fatalf("subject %s: %d after %d", m.Subject, m.Number, last[m.Subject])
			}
			last[m.Subject] = m.Number
		}
		if len(b.got) != 600 {
			t.Errorf("%d published, want 600", len(b.got))
		}
	})
}

func TestSweep(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		emit(t, d, "prg_1", "a", 3)
		b := &bus{}
		if _, err := (&outbox.Relay{DB: d.DB, Publish: b.publish}).Pass(ctx); err != nil {
			t.Fatal(err)
		}
		emit(t, d, "prg_1", "a", 1)
		d.Clock.Advance(time.Hour)
		d.Write(t, func(tx *db.Tx) error {
			for _, want := range []int64{2, 1, 0} {
				if n, err := outbox.Sweep(ctx, tx, tx.Now(), 2); n != want || err != nil {
					t.Errorf("swept %d, %v, want %d", n, err, want)
				}
			}
			return nil
		})
		if n, _, err := outbox.Unsent(ctx, d); n != 1 || err != nil {
			t.Errorf("an unsent message was swept: %d left, %v", n, err)
		}
	})
}
