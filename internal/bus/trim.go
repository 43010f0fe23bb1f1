package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// The click journal's fill, in hundredths of its bound, at which Trim removes
// frames before their time, and what it leaves.
const (
	fullAt  = 90
	leaveAt = 80
)

// Trim removes messages of the click journal that are older than Retention at
// a time, and the oldest ones when the journal is nearly full; but none after
// stored, the sequence up to which every reader has stored. It returns how
// many it removed.
func (b *Bus) Trim(ctx context.Context, stored uint64, now time.Time) (uint64, error) {
	n, err := b.trim(ctx, stored, now)
	if err != nil {
		return n, fmt.Errorf("trim %s: %w", Clicks, err)
	}
	return n, nil
}

func (b *Bus) trim(ctx context.Context, stored uint64, now time.Time) (uint64, error) {
	str, err := b.now.Load().js.Stream(ctx, string(Clicks))
	if err != nil {
		return 0, err
	}
	state := str.CachedInfo().State
	first, end := state.FirstSeq, min(stored, state.LastSeq)+1
	if state.Msgs == 0 || end <= first {
		return 0, nil
	}
	keep, err := firstSince(ctx, str, first, end, now.Add(-Retention))
	if err != nil {
		return 0, err
	}
	keep = max(keep, min(end, firstThatFits(state, b.o.MaxJournalBytes)))
	if keep == first {
		return 0, nil
	}
	if err := str.Purge(ctx, jetstream.WithPurgeSequence(keep)); err != nil {
		return 0, err
	}
	return keep - first, nil
}

// firstSince is the first sequence in [first, end) whose message came at a
// time or later, or end.
func firstSince(ctx context.Context, str jetstream.Stream, first, end uint64, since time.Time) (uint64, error) {
	for first < end {
		middle := first + (end-first)/2
		m, err := str.GetMsg(ctx, middle)
		switch {
		case err != nil && !errors.Is(err, jetstream.ErrMsgNotFound):
			return 0, err
		case err == nil && !m.Time.Before(since):
			end = middle
		default: // older, or damaged and gone
			first = middle + 1
		}
	}
	return first, nil
}

// firstThatFits is the sequence with which the journal ought to begin for its
// bound, taking each message for as long as their mean. The next pass removes
// more where that was too little.
func firstThatFits(state jetstream.StreamState, bound int64) uint64 {
	if bound <= 0 || int64(state.Bytes) <= bound/100*fullAt {
		return state.FirstSeq
	}
	mean := max(1, int64(state.Bytes)/int64(state.Msgs))
	surplus := int64(state.Bytes) - bound/100*leaveAt
	return state.FirstSeq + uint64((surplus+mean-1)/mean)
}

// At reads the message at a sequence of a stream, and whether it is there.
func (b *Bus) At(ctx context.Context, s Stream, sequence uint64) (Message, bool, error) {
	str, err := b.now.Load().js.Stream(ctx, string(s))
	if err != nil {
		return Message{}, false, fmt.Errorf("stream %s: %w", s, err)
	}
	raw, err := str.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Message{}, false, nil
	}
	if err != nil {
		return Message{}, false, fmt.Errorf("message %d of %s: %w", sequence, s, err)
	}
	return message(raw.Subject, raw.Header, raw.Data), true, nil
}
