// Package once lets a caller repeat a request without its happening twice: the
// first answer is kept with the work it tells of, and given again.
//
// Nouns: Request, Answer.
//
// Invariants:
//  1. An answer below 400 is stored in the transaction of its work, and only
//     such an answer.
//  2. Of two requests with one key at most one does its work; the other waits
//     for it and gets its answer.
//  3. A stored answer opens only with the caller's own key, which is not
//     stored.
//
// It owns the table once_answers. It knows no HTTP and not what is asked.
package once

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
)

const (
	// Keep is how long an answer is kept.
	Keep = 24 * time.Hour

	longestKey = 255
)

// longestWait is how long the second request waits for the first.
var longestWait = 10 * time.Second

// ErrWaiting is the cause of the Conflict that a request gets whose twin takes
// longer than ten seconds. It may be sent again after RetryAfter.
var ErrWaiting = errors.New("the first request with this key is still at work")

// RetryAfter is what a surface tells who got ErrWaiting.
const RetryAfter = 2 * time.Second

// Request names what is asked, by whom, and under which key.
type Request struct {
	Program id.Program
	Caller  string // the API key's id, so that callers' keys never meet
	Key     string // the Idempotency-Key; "" just runs
	Body    []byte // method, path and body: all that makes it the same request
}

// Answer is what was answered.
type Answer struct {
	Status int
	Body   []byte
	Again  bool // it was stored before
}

type asked struct {
	Request
	keyHash, requestHash string
}

// Do runs fn in a transaction, or gives the answer that was given before. Kinds
// of errors beside fn's own: Invalid when the key was used for another request
// or is too long, Conflict (with ErrWaiting) when the first is still at work.
func Do(ctx context.Context, d *db.DB, actor db.Actor, req Request, fn func(tx *db.Tx) (Answer, error)) (Answer, error) {
	if req.Key == "" {
		return just(ctx, d, actor, fn)
	}
	if len(req.Key) > longestKey {
		return Answer{}, fault.New(fault.Invalid, "The Idempotency-Key is longer than %s characters.", longestKey).
			Field("Idempotency-Key").Hint("A random UUID is a good key.")
	}
	a := asked{req, hash([]byte(req.Caller), []byte(req.Key)), hash(req.Body)}
	leave, err := enter(ctx, place{d, req.Program, a.keyHash})
	if err != nil {
		return Answer{}, err
	}
	defer leave()
	var answer Answer
	err = d.Write(ctx, actor, func(tx *db.Tx) error {
		var err error
		answer, err = a.do(ctx, tx, fn)
		return err
	})
	if db.IsLocked(err) {
		return Answer{}, waiting()
	}
	if err != nil {
		return Answer{}, err
	}
	return answer, nil
}

func just(ctx context.Context, d *db.DB, actor db.Actor, fn func(tx *db.Tx) (Answer, error)) (Answer, error) {
	var answer Answer
	err := d.Write(ctx, actor, func(tx *db.Tx) error {
		var err error
		answer, err = fn(tx)
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	return answer, nil
}

func (a asked) do(ctx context.Context, tx *db.Tx, fn func(tx *db.Tx) (Answer, error)) (Answer, error) {
	first, err := a.claim(ctx, tx)
	if err != nil {
		return Answer{}, err
	}
	if !first {
		return a.stored(ctx, tx)
	}
	answer, err := fn(tx)
	if err != nil {
		return Answer{}, err
	}
	if answer.Status >= 400 {
		_, err = tx.Exec(ctx, `delete from once_answers where program_id = $1 and key_hash = $2`, a.Program, a.keyHash)
		return answer, err
	}
	_, err = tx.Exec(ctx, `update once_answers set status = $3, answer = $4 where program_id = $1 and key_hash = $2`,
		a.Program, a.keyHash, answer.Status, a.root().Seal("once", a.keyHash, answer.Body))
	return answer, err
}

// claim writes the key's row before the work. On PostgreSQL it waits here for
// a twin in another process.
func (a asked) claim(ctx context.Context, tx *db.Tx) (bool, error) {
	if err := tx.WaitForLocks(ctx, longestWait); err != nil {
		return false, err
	}
	n, err := tx.Exec(ctx, `insert into once_answers (program_id, key_hash, request_hash, status, answer, created_at)
		values ($1, $2, $3, 0, '', $4)
		on conflict (program_id, key_hash) do update
			set request_hash = excluded.request_hash, status = 0, answer = '', created_at = excluded.created_at
			where once_answers.created_at <= $5`,
		a.Program, a.keyHash, a.requestHash, tx.Now(), tx.Now().Add(-Keep))
	if err != nil {
		return false, err
	}
	return n == 1, tx.WaitForLocks(ctx, 0)
}

func (a asked) stored(ctx context.Context, tx *db.Tx) (Answer, error) {
	type row struct {
		request, sealed string
		status          int
	}
	kept, err := db.One(ctx, tx, func(r db.Row) (row, error) {
		var k row
		err := r.Scan(&k.request, &k.status, &k.sealed)
		return k, err
	}, `select request_hash, status, answer from once_answers where program_id = $1 and key_hash = $2`,
		a.Program, a.keyHash)
	if err != nil {
		return Answer{}, fmt.Errorf("read stored answer: %w", err)
	}
	if kept.request != a.requestHash {
		return Answer{}, fault.New(fault.Invalid, "This Idempotency-Key was used for another request.").
			Field("Idempotency-Key").Hint("Use a new key for a new request, and the same key only to repeat one.")
	}
	body, err := a.root().Open("once", a.keyHash, kept.sealed)
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: kept.status, Body: body, Again: true}, nil
}

// root is a key that only who knows the Idempotency-Key can make.
func (a asked) root() secret.Root {
	root, err := secret.NewRoot(secret.Derive([]byte(a.Key), "once"))
	if err != nil {
		panic(err) // Derive gives 32 bytes
	}
	return root
}

// Sweep removes at most limit answers that are too old to be given, and
// returns how many.
func Sweep(ctx context.Context, tx *db.Tx, limit int) (int64, error) {
	return tx.Exec(ctx, `delete from once_answers where (program_id, key_hash) in (
		select program_id, key_hash from once_answers where created_at <= $1 order by created_at limit $2)`,
		tx.Now().Add(-Keep), limit)
}

func hash(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:", len(p))
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func waiting() error {
	return fault.New(fault.Conflict, "The first request with this Idempotency-Key is still at work.").
		Field("Idempotency-Key").Hint("Send it again after %s.", RetryAfter).Because(ErrWaiting)
}

// place is one key in one database.
type place struct {
	d       *db.DB
	program id.Program
	key     string
}

// under holds the keys at work in this process: twins wait here, without a
// connection of their own.
var under = struct {
	sync.Mutex
	keys map[place]chan struct{}
}{keys: map[place]chan struct{}{}}

// enter waits until nobody in this process works under the key.
func enter(ctx context.Context, p place) (leave func(), err error) {
	limit := time.NewTimer(longestWait)
	defer limit.Stop()
	for {
		mine := make(chan struct{})
		other := occupy(p, mine)
		if other == nil {
			return func() { vacate(p, mine) }, nil
		}
		select {
		case <-other:
		case <-limit.C:
			return nil, waiting()
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func occupy(p place, mine chan struct{}) (other chan struct{}) {
	under.Lock()
	defer under.Unlock()
	if other, taken := under.keys[p]; taken {
		return other
	}
	under.keys[p] = mine
	return nil
}

func vacate(p place, mine chan struct{}) {
	under.Lock()
	defer under.Unlock()
	delete(under.keys, p)
	close(mine)
}
