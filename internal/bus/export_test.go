package bus

import (
	"context"
	"errors"
)

// DeleteStream takes a stream away, as an operator of a cluster might.
func (b *Bus) DeleteStream(ctx context.Context, s Stream) error {
	return b.now.Load().js.DeleteStream(ctx, string(s))
}

// Prepare makes what is missing of the streams.
func (b *Bus) Prepare(ctx context.Context) error { return b.now.Load().prepare(ctx, b.o) }

// Suspect tells the guard that the server cannot write.
func (b *Bus) Suspect(cause string) { b.suspect(b.now.Load(), errors.New(cause)) }
