package bus

import (
	"context"
	"errors"
	"fmt"

	"encoding/json"

	"github.com/nats-io/nats.go/jetstream"
)

// Change is a record of a bucket as a watcher sees it.
type Change struct {
	Key     string
	Value   []byte
	Deleted bool
}

// Put stores a record.
func (b *Bus) Put(ctx context.Context, bucket Bucket, key string, value []byte) error {
	kv, err := b.now.Load().js.KeyValue(ctx, string(bucket))
	if err != nil {
		return fmt.Errorf("bucket %s: %w", bucket, err)
	}
	if _, err := kv.Put(ctx, key, value); err != nil {
		return fmt.Errorf("put %s in %s: %w", key, bucket, err)
	}
	return nil
}

// versioned is the one field that every versioned record has.
type versioned struct {
	Version int64 `json:"version"`
}

// PutNewer stores a JSON record with a field "version" unless the bucket holds
// that version or a newer one: so records may be sent twice and in any order.
func (b *Bus) PutNewer(ctx context.Context, bucket Bucket, key string, value []byte) error {
	kv, err := b.now.Load().js.KeyValue(ctx, string(bucket))
	if err != nil {
		return fmt.Errorf("bucket %s: %w", bucket, err)
	}
	for {
		err := putNewer(ctx, kv, key, value)
		if errors.Is(err, jetstream.ErrKeyExists) && ctx.Err() == nil {
			continue // somebody stored another version since we looked
		}
		if err != nil {
			return fmt.Errorf("put %s in %s: %w", key, bucket, err)
		}
		return nil
	}
}

func putNewer(ctx context.Context, kv jetstream.KeyValue, key string, value []byte) error {
	var ours, theirs versioned
	if err := json.Unmarshal(value, &ours); err != nil {
		return fmt.Errorf("record without a version: %w", err)
	}
	entry, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		_, err = kv.Create(ctx, key, value)
		return err
	}
	if err != nil {
		return err
	}
	if json.Unmarshal(entry.Value(), &theirs) == nil && theirs.Version >= ours.Version {
		return nil
	}
	_, err = kv.Update(ctx, key, value, entry.Revision())
	return err
}

// Get reads a record.
func (b *Bus) Get(ctx context.Context, bucket Bucket, key string) ([]byte, bool, error) {
	kv, err := b.now.Load().js.KeyValue(ctx, string(bucket))
	if err != nil {
		return nil, false, fmt.Errorf("bucket %s: %w", bucket, err)
	}
	entry, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("get %s of %s: %w", key, bucket, err)
	}
	return entry.Value(), true, nil
}

// Purge removes a record and its history.
func (b *Bus) Purge(ctx context.Context, bucket Bucket, key string) error {
	kv, err := b.now.Load().js.KeyValue(ctx, string(bucket))
	if err != nil {
		return fmt.Errorf("bucket %s: %w", bucket, err)
	}
	if err := kv.Purge(ctx, key); err != nil {
		return fmt.Errorf("purge %s of %s: %w", key, bucket, err)
	}
	return nil
}

// Watch hands every record of a bucket to fn, calls loaded when fn has seen
// all that were there, and goes on with changes until ctx ends (its error is
// then nil) or the embedded server is started again: the caller begins again.
// fn is called from one goroutine.
func (b *Bus) Watch(ctx context.Context, bucket Bucket, fn func(Change), loaded func()) error {
	st := b.now.Load()
	watching, cancel := st.bound(ctx)
	defer cancel(nil)
	err := st.watch(watching, bucket, fn, loaded)
	switch {
	case ctx.Err() != nil:
		return nil
	case watching.Err() != nil:
		return fmt.Errorf("watch %s: %w", bucket, context.Cause(watching))
	}
	return err
}

func (st *station) watch(ctx context.Context, bucket Bucket, fn func(Change), loaded func()) error {
	kv, err := st.js.KeyValue(ctx, string(bucket))
	if err != nil {
		return fmt.Errorf("bucket %s: %w", bucket, err)
	}
	w, err := kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("watch %s: %w", bucket, err)
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case entry, ok := <-w.Updates():
			switch {
			case !ok:
				return fmt.Errorf("watch %s: ended", bucket)
			case entry == nil:
				loaded()
			default:
				fn(Change{Key: entry.Key(), Value: entry.Value(), Deleted: entry.Operation() != jetstream.KeyValuePut})
			}
		}
	}
}
