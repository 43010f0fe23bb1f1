package bus

import (
	"cmp"
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

// The time that streams look back; the click journal further, while a reader
// has not stored what is older.
const (
	Retention = 35 * 24 * time.Hour
	Duplicate = 10 * time.Minute
)

// StreamInfo is what a consumer must know of a stream.
type StreamInfo struct {
	Created     time.Time // tells a stream from one that was made anew under its name
	First, Last uint64    // sequences; First is Last+1 when it is empty
	Bytes       int64     // what its messages hold, with what the server adds
}

func (s *station) prepare(ctx context.Context, o Options) error {
	for _, c := range []jetstream.StreamConfig{
		// Trim removes what every reader has stored; the server removes nothing.
		{Name: string(Clicks), Subjects: []string{ClickSubject + "*"}, Discard: jetstream.DiscardNew, MaxBytes: cmp.Or(o.MaxJournalBytes, -1)},
		{Name: string(Events), Subjects: []string{EventSubject + ">"}, MaxAge: Retention, MaxBytes: -1},
	} {
		c.Storage, c.Replicas, c.Duplicates, c.AllowDirect = jetstream.FileStorage, max(1, o.Replicas), Duplicate, true
		if _, err := s.js.CreateOrUpdateStream(ctx, c); err != nil {
			return fmt.Errorf("stream %s: %w", c.Name, err)
		}
	}
	for _, name := range []Bucket{Directory, Salts, Keys} {
		_, err := s.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
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
	return b.now.Load().info(ctx, s)
}

func (s *station) info(ctx context.Context, name Stream) (StreamInfo, error) {
	str, err := s.js.Stream(ctx, string(name))
	if err != nil {
		return StreamInfo{}, fmt.Errorf("stream %s: %w", name, err)
	}
	info := str.CachedInfo()
	return StreamInfo{
		Created: info.Created.UTC().Truncate(time.Microsecond),
		First:   info.State.FirstSeq,
		Last:    info.State.LastSeq,
		Bytes:   int64(info.State.Bytes),
	}, nil
}
