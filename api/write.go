package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"tributary.example/internal/db"
	"tributary.example/internal/once"
)

// Once is the part of every write's input that makes it repeatable.
type Once struct {
	IdempotencyKey string `header:"Idempotency-Key" doc:"A random text of at most 255 characters. The same key with the same request gets the first answer again, for 24 hours."`
}

// answer is a write's answer; a repeated one says so.
type answer[B any] struct {
	Status   int
	Replayed string `header:"Idempotency-Replayed" doc:"true when the answer was given before."`
	Body     B
}

// created is the status of a write that may be a repetition.
func created(first bool) int {
	if first {
		return http.StatusCreated
	}
	return http.StatusOK
}

// write runs fn in one transaction under the caller's Idempotency-Key, or gives
// the answer that was given before. fn returns the answer's body and status.
func write[B any](ctx context.Context, a API, fn func(tx *db.Tx) (B, int, error)) (*answer[B], error) {
	c := callerOf(ctx)
	kept, err := once.Do(ctx, a.DB, c.actor, c.request, func(tx *db.Tx) (once.Answer, error) {
		body, status, err := fn(tx)
		if err != nil {
			return once.Answer{}, err
		}
		content, err := json.Marshal(body)
		return once.Answer{Status: status, Body: content}, err
	})
	if err != nil {
		return nil, err
	}
	out := &answer[B]{Status: kept.Status}
	if kept.Again {
		out.Replayed = "true"
	}
	if err := json.Unmarshal(kept.Body, &out.Body); err != nil {
		return nil, fmt.Errorf("read stored answer: %w", err)
	}
	return out, nil
}

// found is the answer to a read.
type found[B any] struct{ Body B }

func show[B any](body B, err error) (*found[B], error) {
	if err != nil {
		return nil, err
	}
	return &found[B]{body}, nil
}
