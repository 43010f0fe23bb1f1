package click

import (
	"context"
	"time"

	"tributary.example/internal/id"
)

// Place is a consumer's place in the journal: the stream of one creation time.
type Place struct {
	Consumer string
	Stream   string
	Created  time.Time // microseconds
}

// Batch is consecutive frames of the journal with the move of the consumer
// that read them. Frames may have been stored before.
type Batch struct {
	Place    Place
	From, To uint64 // the consumer's sequence before and after; 0 is the beginning
	Frames   []Frame
	Gaps     []Gap
}

// Gap is a range of sequences whose frames were gone, or damaged, before they
// were stored.
type Gap struct {
	First, Last uint64
	NoticedAt   time.Time // set when it is stored
}

// Saved is what a batch brought.
type Saved struct {
	Frames int // stored now; the others were there already
	Clicks int // rows of these
}

// Filter chooses clicks, newest first.
type Filter struct {
	Affiliate id.Affiliate // "" is all
	Link      id.Link      // "" is all
	Before    id.Click     // older than this one; "" begins with the newest
	Limit     int
}

// Store keeps clicks and their counts. SQL is one; click/clickhouse is for
// more than one machine holds. click/clicktest says what each must do.
type Store interface {
	// Position is the sequence up to which the consumer has stored, and
	// whether it has begun on this stream.
	Position(ctx context.Context, p Place) (uint64, bool, error)
	// Save stores a batch in one step. Its kind of error is Conflict when the
	// consumer is not at From.
	Save(ctx context.Context, b Batch) (Saved, error)
	// Holds reports whether a frame is stored.
	Holds(ctx context.Context, frame id.Frame) (bool, error)
	// Gaps are the gaps of a stream, in order.
	Gaps(ctx context.Context, p Place) ([]Gap, error)
	// Lookup finds a click of a program.
	Lookup(ctx context.Context, prog id.Program, clk id.Click) (Click, bool, error)
	// List is a page of a program's clicks.
	List(ctx context.Context, prog id.Program, f Filter) ([]Click, error)
}
