package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Stream names a stream.
type Stream string

// The streams. Their subjects begin with what is in them and the version of
// its shape.
const (
	Clicks Stream = "CLICKS" // clicks.v1.<partition>: frames of clicks
	Events Stream = "EVENTS" // events.v1.<program id>.<type>: what happened
)

// The beginnings of the streams' subjects.
const (
	ClickSubject = "clicks.v1."
	EventSubject = "events.v1."
)

// Bucket names a key-value bucket.
type Bucket string

// The buckets.
const (
	Directory Bucket = "DIRECTORY" // what the edge must know of programs, affiliates, links
	Salts     Bucket = "SALTS"     // the days' visitor salts, sealed
	Keys      Bucket = "KEYS"      // the token key ring, sealed
)

// The time that streams look back.
const (
	Retention = 35 * 24 * time.Hour
	Duplicate = 10 * time.Minute
)

// StreamInfo is what a consumer must know of a stream.
type StreamInfo struct {
	Created     time.Time // tells a stream from one that was made anew under its name
	First, Last uint64    // sequences; First is Last+1 when it is empty
}

func (b *Bus) prepare(ctx context.Context, o Options) error {
	for _, s := range []struct {
		name     Stream
		subject  string
		maxBytes int64
	}{{Clicks, ClickSubject + "*", o.MaxJournalBytes}, {Events, EventSubject + ">", 0}} {
		maxBytes := int64(-1)
		if s.maxBytes > 0 {
			maxBytes = s.maxBytes
		}
		_, err := b.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name:        string(s.name),
			Subjects:    []string{s.subject},
			Storage:     jetstream.FileStorage,
			Replicas:    max(1, o.Replicas),
			MaxAge:      Retention,
			MaxBytes:    maxBytes,
			Duplicates:  Duplicate,
			AllowDirect: true,
		})
		if err != nil {
			return fmt.Errorf("stream %s: %w", s.name, err)
		}
	}
	for _, name := range []Bucket{Directory, Salts, Keys} {
		_, err := b.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket:   string(name),
			History:  1,
			Storage:  jetstream.FileStorage,
			Replicas: max(1, o.Replicas),
		})
		if err != nil {
			return fmt.Errorf("bucket %s: %w", name, err)
		}
	}
	return nil
}

// Info reads a stream's creation time and range.
func (b *Bus) Info(ctx context.Context, s Stream) (StreamInfo, error) {
	str, err := b.js.Stream(ctx, string(s))
	if err != nil {
		return StreamInfo{}, fmt.Errorf("stream %s: %w", s, err)
	}
	info := str.CachedInfo()
	return StreamInfo{
		Created: info.Created.UTC().Truncate(time.Microsecond),
		First:   info.State.FirstSeq,
		Last:    info.State.LastSeq,
	}, nil
}
