package worker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"

	"tributary.example/affiliate"
	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/link"
	"tributary.example/program"
)

const directoryPage = 500

// Directory compares the edge's directory with the database and hands over
// again what is missing or older there: after the loss of the bus's folder,
// and after a restore. It returns how many records that were. What differs in
// any other way is only told: PublishDirectory mends it.
func Directory(ctx context.Context, d *db.DB, b *bus.Bus, log *slog.Logger) (int, error) {
	n := 0
	all, err := compareDirectory(ctx, d, b, func(rec outbox.Record, held heldRecord) error {
		if held.version >= rec.Version {
			return nil
		}
		n++
		return d.Write(ctx, db.Timer("directory"), func(tx *db.Tx) error { return outbox.Direct(ctx, tx, rec) })
	})
	if err != nil {
		return n, err
	}
	if n > 0 {
		log.Info("directory published again", "records", n)
	}
	for _, c := range all {
		if c.Odd > 0 {
			log.Error("directory differs from the database; tributary links publish mends it", "program", c.Slug, "records", c.Odd)
		}
	}
	return n, nil
}

// PublishDirectory makes the edge's directory equal to the database, and
// returns what there was of each program before. An edge that runs meanwhile
// may go on with a newer record that is no more until it is started again.
func PublishDirectory(ctx context.Context, d *db.DB, b *bus.Bus) ([]Compared, error) {
	return compareDirectory(ctx, d, b, func(rec outbox.Record, held heldRecord) error {
		if rec.Value == nil {
			return b.Purge(ctx, bus.Directory, rec.Key)
		}
		value, err := json.Marshal(rec.Value)
		if err != nil {
			return fmt.Errorf("record %s: %w", rec.Key, err)
		}
		return b.Put(ctx, bus.Directory, rec.Key, value)
	})
}

// Compared is a program's part of the directory beside its database.
type Compared struct {
	Program  id.Program
	Slug     string // "" when the database knows no such program
	Database Sum
	Edge     Sum
	Odd      int // records that the edge has and the database has not, or not so
}

// Sum is a count of records and a checksum over keys and contents, which does
// not depend on their order.
type Sum struct {
	Records  int
	checksum [sha256.Size]byte
}

// Checksum is the sum in 16 hexadecimal digits.
func (s Sum) Checksum() string { return hex.EncodeToString(s.checksum[:8]) }

func (s *Sum) add(h [sha256.Size]byte) {
	s.Records++
	for i := range h {
		s.checksum[i] ^= h[i]
	}
}

// heldRecord is what the bucket holds under a key.
type heldRecord struct {
	program id.Program
	version int64
	hash    [sha256.Size]byte
}

func hashOf(key string, value []byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(key+"\n"), value...))
}

// heldRecords reads the bucket.
func heldRecords(ctx context.Context, b *bus.Bus) (map[string]heldRecord, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	held := map[string]heldRecord{}
	err := b.Watch(ctx, bus.Directory, func(c bus.Change) {
		var v struct {
			ID      string     `json:"id"`
			Program id.Program `json:"program"`
			Version int64      `json:"version"`
		}
		if c.Deleted || json.Unmarshal(c.Value, &v) != nil {
			return
		}
		if v.Program == "" { // the program's own record
			v.Program = id.Program(v.ID)
		}
		held[c.Key] = heldRecord{v.Program, v.Version, hashOf(c.Key, c.Value)}
	}, cancel)
	if err != nil {
		return nil, fmt.Errorf("read directory: %w", err)
	}
	return held, nil
}

// compareDirectory hands each record that the two do not have alike to mend;
// one that the database has not comes without a value. The bucket is read
// first, so that what changes meanwhile is newer in the database.
func compareDirectory(ctx context.Context, d *db.DB, b *bus.Bus, mend func(outbox.Record, heldRecord) error) ([]Compared, error) {
	held, err := heldRecords(ctx, b)
	if err != nil {
		return nil, err
	}
	programs, err := program.List(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("read programs: %w", err)
	}
	all := make([]Compared, len(programs))
	place := map[id.Program]int{}
	for i, p := range programs {
		place[p.ID] = i
		all[i].Program, all[i].Slug = p.ID, p.Slug
		if err := all[i].compare(ctx, d, held, mend); err != nil {
			return nil, fmt.Errorf("directory of %s: %w", p.Slug, err)
		}
	}
	for key, h := range held { // what is left is in the bucket only
		i, ok := place[h.program]
		if !ok {
			i, all = len(all), append(all, Compared{Program: h.program})
			place[h.program] = i
		}
		all[i].Edge.add(h.hash)
		all[i].Odd++
		if err := mend(outbox.Record{Program: h.program, Key: key}, h); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// compare takes the program's records out of held, one by one.
func (c *Compared) compare(ctx context.Context, d *db.DB, held map[string]heldRecord, mend func(outbox.Record, heldRecord) error) error {
	return eachRecord(ctx, d, c.Program, func(rec outbox.Record) error {
		value, err := json.Marshal(rec.Value)
		if err != nil {
			return fmt.Errorf("record %s: %w", rec.Key, err)
		}
		hash := hashOf(rec.Key, value)
		c.Database.add(hash)
		h, ok := held[rec.Key]
		delete(held, rec.Key)
		if ok {
			c.Edge.add(h.hash)
		}
		if ok && h.hash == hash {
			return nil
		}
		if ok && h.version >= rec.Version {
			c.Odd++
		}
		return mend(rec, h)
	})
}

// eachRecord hands the records that the database has of a program to fn.
func eachRecord(ctx context.Context, d *db.DB, prog id.Program, fn func(outbox.Record) error) error {
	records, err := program.Records(ctx, d, prog)
	if err != nil {
		return err
	}
	before, last := affiliate.First, link.First
	for len(records) > 0 {
		for _, rec := range records {
			if err := fn(rec); err != nil {
				return err
			}
		}
		if records, err = nextRecords(ctx, d, prog, &before, &last); err != nil {
			return err
		}
	}
	return nil
}

// nextRecords is a page of affiliates and, after their last, of links.
func nextRecords(ctx context.Context, d *db.DB, prog id.Program, before *id.Affiliate, last *id.Link) ([]outbox.Record, error) {
	var records []outbox.Record
	affiliates, err := affiliate.List(ctx, d, prog, "", *before, directoryPage)
	if err != nil {
		return nil, err
	}
	for _, a := range affiliates {
		*before = a.ID
		records = append(records, affiliate.RecordOf(prog, a))
	}
	if len(records) > 0 {
		return records, nil
	}
	links, err := link.List(ctx, d, prog, *last, directoryPage)
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		*last = l.ID
		records = append(records, link.RecordOf(prog, l))
	}
	return records, nil
}
