package click

import (
	"context"
	"fmt"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
)

// SQL is the Store on SQLite (a file of its own) and PostgreSQL.
type SQL struct{ db *db.DB }

// NewSQL is the store on a database that has the click tables.
func NewSQL(d *db.DB) *SQL { return &SQL{d} }

// storing is who writes the click tables.
var storing = db.Timer("clicks")

// Position reads the consumer's sequence.
func (s *SQL) Position(ctx context.Context, p Place) (uint64, bool, error) {
	seq, ok, err := db.Lookup(ctx, s.db, db.Scalar[int64],
		`select sequence from click_positions where consumer = $1 and stream = $2 and created = $3`, p.Consumer, p.Stream, p.Created)
	if err != nil {
		return 0, false, fmt.Errorf("position of %s: %w", p.Consumer, err)
	}
	return uint64(seq), ok, nil
}

// Save stores a batch in one transaction.
func (s *SQL) Save(ctx context.Context, b Batch) (Saved, error) {
	var saved Saved
	err := s.db.Write(ctx, storing, func(tx *db.Tx) error {
		saved = Saved{}
		if err := movePosition(ctx, tx, b); err != nil {
			return err
		}
		for _, g := range b.Gaps {
			if err := putGap(ctx, tx, b.Place, g); err != nil {
				return err
			}
		}
		fresh, err := newFrames(ctx, tx, b.Frames)
		if err != nil {
			return err
		}
		for _, f := range fresh {
			saved.Frames++
			saved.Clicks += len(f.Clicks)
			if err := putClicks(ctx, tx, f.Clicks); err != nil {
				return err
			}
		}
		return count(ctx, tx, fresh)
	})
	if err != nil {
		return Saved{}, fmt.Errorf("save clicks: %w", err)
	}
	return saved, nil
}

func movePosition(ctx context.Context, tx *db.Tx, b Batch) error {
	p := b.Place
	var n int64
	var err error
	if b.From == 0 {
		n, err = tx.Exec(ctx, `insert into click_positions (consumer, stream, created, sequence, moved_at)
			values ($1, $2, $3, $4, $5) on conflict (consumer, stream, created) do nothing`,
			p.Consumer, p.Stream, p.Created, int64(b.To), tx.Now())
	} else {
		n, err = tx.Exec(ctx, `update click_positions set sequence = $4, moved_at = $5
			where consumer = $1 and stream = $2 and created = $3 and sequence = $6`,
			p.Consumer, p.Stream, p.Created, int64(b.To), tx.Now(), int64(b.From))
	}
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "Another consumer %s has moved in %s meanwhile.", p.Consumer, p.Stream)
	}
	return err
}

func putGap(ctx context.Context, tx *db.Tx, p Place, g Gap) error {
	return tx.Queue(ctx, `insert into click_gaps (stream, created, first, last, noticed_at) values ($1, $2, $3, $4, $5)
		on conflict (stream, created, first) do nothing`, p.Stream, p.Created, int64(g.First), int64(g.Last), tx.Now())
}

// newFrames notes the frames' ids and returns those that were not stored yet.
func newFrames(ctx context.Context, tx *db.Tx, frames []Frame) ([]Frame, error) {
	var fresh []Frame
	for _, f := range frames {
		n, err := tx.Exec(ctx, `insert into click_frames (frame_id, clicks, stored_at) values ($1, $2, $3)
			on conflict (frame_id) do nothing`, f.ID, len(f.Clicks), tx.Now())
		if err != nil {
			return nil, fmt.Errorf("note frame: %w", err)
		}
		if n == 1 {
			fresh = append(fresh, f)
		}
	}
	return fresh, nil
}

// Holds reports whether a frame is stored.
func (s *SQL) Holds(ctx context.Context, frame id.Frame) (bool, error) {
	_, ok, err := db.Lookup(ctx, s.db, db.Scalar[int64], `select clicks from click_frames where frame_id = $1`, frame)
	if err != nil {
		return false, fmt.Errorf("look up frame: %w", err)
	}
	return ok, nil
}

// Alone reports whether the consumer has stored from no other stream of that
// name.
func (s *SQL) Alone(ctx context.Context, p Place) (bool, error) {
	n, err := db.One(ctx, s.db, db.Scalar[int64], `select count(*) from click_positions where consumer = $1 and stream = $2 and created <> $3`,
		p.Consumer, p.Stream, p.Created)
	if err != nil {
		return false, fmt.Errorf("positions of %s: %w", p.Consumer, err)
	}
	return n == 0, nil
}

// PutBack stores the rows of clicks where they are missing, without counting
// them.
func (s *SQL) PutBack(ctx context.Context, frames []Frame) error {
	return s.db.Write(ctx, storing, func(tx *db.Tx) error {
		for _, f := range frames {
			if err := putClicks(ctx, tx, f.Clicks); err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveOld deletes a page of a program's clicks from before a time, oldest
// first and after the click given, save those in keep. It returns the last one
// it looked at, "" when there are no more. Counts stay.
func (s *SQL) RemoveOld(ctx context.Context, prog id.Program, before time.Time, keep map[id.Click]bool, after id.Click) (id.Click, error) {
	var at time.Time
	if after != "" {
		at = id.TimeOf(after)
	}
	old, err := db.All(ctx, s.db, db.Scalar[id.Click], `select click_id from clicks
		where program_id = $1 and at < $2 and (at, click_id) > ($3, $4) order by at, click_id limit $5`,
		prog, before, at.UnixMicro(), after, removePage)
	if err != nil || len(old) == 0 {
		return "", err
	}
	err = s.db.Write(ctx, storing, func(tx *db.Tx) error {
		for _, clk := range old {
			if keep[clk] {
				continue
			}
			if err := tx.Queue(ctx, `delete from clicks where program_id = $1 and click_id = $2`, prog, clk); err != nil {
				return fmt.Errorf("remove click: %w", err)
			}
		}
		return nil
	})
	return old[len(old)-1], err
}

// removePage is how many clicks one transaction removes.
const removePage = 1000

// ForgetVisitors deletes who was seen on a program's local days before the one
// of a time: they tell the day's first visits, and no click of these comes any
// more.
func (s *SQL) ForgetVisitors(ctx context.Context, before time.Time) error {
	return s.db.Write(ctx, storing, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `delete from click_visitors where day < $1`, before.Unix()/secondsPerDay-1)
		return err
	})
}

const columns = `program_id, click_id, at, link_id, affiliate_id, repeated, reason, day, visitor, network, country, device, browser, os,
	language, referrer, landing, agent, subs, utm, qr, bot_list`

func putClicks(ctx context.Context, tx *db.Tx, clicks []Click) error {
	for _, c := range clicks {
		err := tx.Queue(ctx, `insert into clicks (`+columns+`) values
			($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
			on conflict (program_id, click_id) do nothing`,
			c.Program, c.ID, c.At, c.Link, c.Affiliate, c.Reason != Counted, c.Reason, c.Day, c.Visitor, c.Network, c.Country,
			c.Device, c.Browser, c.OS, c.Language, c.Referrer, c.Landing, c.Agent, db.JSON(c.Subs), db.JSON(c.UTM), c.QR, c.Lists)
		if err != nil {
			return fmt.Errorf("store click: %w", err)
		}
	}
	return nil
}

func scan(r db.Row) (Click, error) {
	var c Click
	var repeated bool
	err := r.Scan(&c.Program, &c.ID, &c.At, &c.Link, &c.Affiliate, &repeated, &c.Reason, &c.Day, &c.Visitor, &c.Network, &c.Country,
		&c.Device, &c.Browser, &c.OS, &c.Language, &c.Referrer, &c.Landing, &c.Agent, db.JSON(&c.Subs), db.JSON(&c.UTM), &c.QR, &c.Lists)
	return c, err
}

// Gaps are the gaps of a stream.
func (s *SQL) Gaps(ctx context.Context, p Place) ([]Gap, error) {
	gaps, err := db.All(ctx, s.db, func(r db.Row) (Gap, error) {
		var first, last int64
		var at time.Time
		err := r.Scan(&first, &last, &at)
		return Gap{First: uint64(first), Last: uint64(last), NoticedAt: at}, err
	}, `select first, last, noticed_at from click_gaps where stream = $1 and created = $2 order by first`, p.Stream, p.Created)
	if err != nil {
		return nil, fmt.Errorf("gaps of %s: %w", p.Stream, err)
	}
	return gaps, nil
}

// Lookup finds a click of a program.
func (s *SQL) Lookup(ctx context.Context, prog id.Program, clk id.Click) (Click, bool, error) {
	return Find(ctx, s.db, prog, clk)
}

// Find finds a click of a program where the click tables are.
func Find(ctx context.Context, r db.Reader, prog id.Program, clk id.Click) (Click, bool, error) {
	c, ok, err := db.Lookup(ctx, r, scan, `select `+columns+` from clicks where program_id = $1 and click_id = $2`, prog, clk)
	if err != nil {
		return Click{}, false, fmt.Errorf("look up click: %w", err)
	}
	return c, ok, nil
}

// defaultPage is how many clicks a page has when nobody says.
const defaultPage = 50

// List is a page of a program's clicks, newest first.
func (s *SQL) List(ctx context.Context, prog id.Program, f Filter) ([]Click, error) {
	query, args := `select `+columns+` from clicks where program_id = $1`, []any{prog}
	with := func(condition string, arg any) {
		args = append(args, arg)
		query += fmt.Sprintf(" and %s $%d", condition, len(args))
	}
	if f.Affiliate != "" {
		with("affiliate_id =", f.Affiliate)
	}
	if f.Link != "" {
		with("link_id =", f.Link)
	}
	if f.Before != "" { // ids sort by time
		with("click_id <", f.Before)
	}
	if f.Limit <= 0 {
		f.Limit = defaultPage
	}
	args = append(args, f.Limit)
	query += fmt.Sprintf(" order by click_id desc limit $%d", len(args))
	all, err := db.All(ctx, s.db, scan, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list clicks: %w", err)
	}
	return all, nil
}
