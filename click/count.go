package click

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

// quarter is the quarter-hour of a click since 1970-01-01 UTC; a drop's is its
// minute's.
const (
	secondsPerQuarter = 15 * 60
	minutesPerQuarter = 15
	secondsPerDay     = 24 * 3600
)

type quarterKey struct {
	prog id.Program
	lnk  id.Link
	n    int64
	aff  id.Affiliate
}

type dropKey struct {
	quarterKey
	reason Reason
}

type dayKey struct {
	prog      id.Program
	aff       id.Affiliate // "": of the whole program
	day       int64
	dimension string
	value     string
}

type visitorKey struct {
	prog    id.Program
	day     int64
	scope   string // 'p', 'a' and the affiliate, 'l' and the link
	visitor string
}

type sum struct{ clicks, uniques int64 }

// tally is what a batch adds to the counts.
type tally struct {
	quarters map[quarterKey]sum
	days     map[dayKey]sum
	drops    map[dropKey]int64
}

// count adds the clicks and drops of frames to the counts. In the order of the
// journal, the day's first click of a visitor is the unique one.
func count(ctx context.Context, tx *db.Tx, frames []Frame) error {
	t := tally{map[quarterKey]sum{}, map[dayKey]sum{}, map[dropKey]int64{}}
	first, err := firstSeen(ctx, tx, frames)
	if err != nil {
		return err
	}
	for _, f := range frames {
		for _, c := range f.Clicks {
			t.click(c, first)
		}
		for _, d := range f.Drops {
			t.drops[dropKey{quarterKey{d.Program, d.Link, d.Minute / minutesPerQuarter, d.Affiliate}, d.Reason}] += d.Hits
		}
	}
	return t.write(ctx, tx)
}

// scopes are the three scopes in which a click's visitor is unique once a day.
func scopes(c Click) (program, affiliate, link visitorKey) {
	key := visitorKey{c.Program, c.Day, "p", c.Visitor}
	program = key
	key.scope = "a" + string(c.Affiliate)
	affiliate = key
	key.scope = "l" + string(c.Link)
	return program, affiliate, key
}

func (t tally) click(c Click, first map[visitorKey]id.Click) {
	at := quarterKey{c.Program, c.Link, c.At.Unix() / secondsPerQuarter, c.Affiliate}
	if c.Reason != Counted {
		t.drops[dropKey{at, c.Reason}]++
		return
	}
	ofProgram, ofAffiliate, ofLink := scopes(c)
	unique := func(k visitorKey) int64 {
		if first[k] == c.ID {
			return 1
		}
		return 0
	}
	s := t.quarters[at]
	t.quarters[at] = sum{s.clicks + 1, s.uniques + unique(ofLink)}
	for _, v := range dimensions(c) {
		t.day(dayKey{c.Program, "", c.Day, v.dimension, v.value}, unique(ofProgram))
		t.day(dayKey{c.Program, c.Affiliate, c.Day, v.dimension, v.value}, unique(ofAffiliate))
	}
}

func (t tally) day(k dayKey, uniques int64) {
	s := t.days[k]
	t.days[k] = sum{s.clicks + 1, s.uniques + uniques}
}

type dimensionValue struct{ dimension, value string }

// dimensions are the values under which a click is counted. What a click does
// not have is not counted: it is the total less the sum of the values.
func dimensions(c Click) []dimensionValue {
	referrer, _, _ := strings.Cut(c.Referrer, "/")
	all := []dimensionValue{
		{"country", c.Country}, {"device", c.Device}, {"browser", c.Browser}, {"os", c.OS}, {"language", c.Language},
		{"referrer", referrer}, {"landing", c.Landing},
	}
	for _, name := range subNames {
		all = append(all, dimensionValue{name, c.Subs[name]})
	}
	for _, name := range utmNames {
		all = append(all, dimensionValue{name, c.UTM[name]})
	}
	if c.QR {
		all = append(all, dimensionValue{"qr", "1"})
	}
	kept := []dimensionValue{{"", ""}} // the total
	for _, v := range all {
		if v.value != "" {
			kept = append(kept, v)
		}
	}
	return kept
}

// firstSeen notes the frames' visitors, and says of each that is new today
// which click was its first.
func firstSeen(ctx context.Context, tx *db.Tx, frames []Frame) (map[visitorKey]id.Click, error) {
	first, keys := visitorsOf(frames)
	fresh := make(map[visitorKey]bool, len(keys))
	for len(keys) > 0 {
		n := visitorRows
		if len(keys) < visitorRows {
			n = 1
		}
		if err := noteVisitors(ctx, tx, keys[:n], fresh); err != nil {
			return nil, err
		}
		keys = keys[n:]
	}
	for k := range first {
		if !fresh[k] {
			delete(first, k)
		}
	}
	return first, nil
}

// visitorsOf are the frames' visitors in order, each with its first click.
func visitorsOf(frames []Frame) (map[visitorKey]id.Click, []visitorKey) {
	first := map[visitorKey]id.Click{}
	var keys []visitorKey
	note := func(k visitorKey, clk id.Click) {
		if _, ok := first[k]; !ok {
			first[k] = clk
			keys = append(keys, k)
		}
	}
	for _, f := range frames {
		for _, c := range f.Clicks {
			if c.Reason == Counted {
				p, a, l := scopes(c)
				note(p, c.ID)
				note(a, c.ID)
				note(l, c.ID)
			}
		}
	}
	return first, keys
}

// visitorRows is how many visitors one statement notes: there are two texts
// only, of that many rows and of one, so that both stay prepared.
const visitorRows = 32

var manyVisitors = visitorInsert(visitorRows)
var oneVisitor = visitorInsert(1)

func visitorInsert(rows int) string {
	var b strings.Builder
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "($%d, $%d, $%d, $%d)", 4*i+1, 4*i+2, 4*i+3, 4*i+4)
	}
	return `insert into click_visitors (program_id, day, scope, visitor) values ` + b.String() +
		` on conflict (program_id, day, scope, visitor) do nothing returning program_id, day, scope, visitor`
}

func noteVisitors(ctx context.Context, tx *db.Tx, keys []visitorKey, fresh map[visitorKey]bool) error {
	query, args := manyVisitors, make([]any, 0, 4*len(keys))
	if len(keys) == 1 {
		query = oneVisitor
	}
	for _, k := range keys {
		args = append(args, k.prog, k.day, k.scope, k.visitor)
	}
	noted, err := db.All(ctx, tx, func(r db.Row) (visitorKey, error) {
		var k visitorKey
		return k, r.Scan(&k.prog, &k.day, &k.scope, &k.visitor)
	}, query, args...)
	if err != nil {
		return fmt.Errorf("note visitors: %w", err)
	}
	for _, k := range noted {
		fresh[k] = true
	}
	return nil
}

// write adds the tally to the tables, rows in the order of their keys so that
// two writers never wait for each other in a circle.
func (t tally) write(ctx context.Context, tx *db.Tx) error {
	for _, k := range sorted(t.quarters) {
		s := t.quarters[k]
		err := tx.Queue(ctx, `insert into click_quarters (program_id, link_id, quarter, affiliate_id, clicks, uniques)
			values ($1, $2, $3, $4, $5, $6) on conflict (program_id, link_id, quarter)
			do update set clicks = click_quarters.clicks + excluded.clicks, uniques = click_quarters.uniques + excluded.uniques`,
			k.prog, k.lnk, k.n, k.aff, s.clicks, s.uniques)
		if err != nil {
			return fmt.Errorf("count quarter: %w", err)
		}
	}
	for _, k := range sorted(t.drops) {
		err := tx.Queue(ctx, `insert into click_drops (program_id, link_id, quarter, reason, affiliate_id, hits)
			values ($1, $2, $3, $4, $5, $6) on conflict (program_id, link_id, quarter, reason)
			do update set hits = click_drops.hits + excluded.hits`,
			k.prog, k.lnk, k.n, k.reason, k.aff, t.drops[k])
		if err != nil {
			return fmt.Errorf("count drops: %w", err)
		}
	}
	for _, k := range sorted(t.days) {
		s := t.days[k]
		err := tx.Queue(ctx, `insert into click_days (program_id, affiliate_id, day, dimension, value, clicks, uniques)
			values ($1, $2, $3, $4, $5, $6, $7) on conflict (program_id, affiliate_id, day, dimension, value)
			do update set clicks = click_days.clicks + excluded.clicks, uniques = click_days.uniques + excluded.uniques`,
			k.prog, k.aff, k.day, k.dimension, k.value, s.clicks, s.uniques)
		if err != nil {
			return fmt.Errorf("count day: %w", err)
		}
	}
	return nil
}

// sorted is a map's keys in one order, the same for all writers.
func sorted[K comparable, V any](m map[K]V) []K {
	type named struct {
		key  K
		name string
	}
	all := make([]named, 0, len(m))
	for k := range m {
		all = append(all, named{k, fmt.Sprintf("%v", k)})
	}
	slices.SortFunc(all, func(a, b named) int { return cmp.Compare(a.name, b.name) })
	keys := make([]K, len(all))
	for i := range all {
		keys[i] = all[i].key
	}
	return keys
}

// floor is where counts begin that are made anew: the first quarter-hour and
// the first local day that began after a time, in whichever zone.
type floor struct{ quarter, day int64 }

func floorOf(since time.Time) floor {
	if since.IsZero() {
		return floor{}
	}
	const farthestEast = 14 * 3600
	s := since.Unix()
	return floor{s/secondsPerQuarter + 1, (s+farthestEast)/secondsPerDay + 1}
}

// openDays is how many local days may still take clicks; who was seen on an
// older one is of no use any more.
const openDays = 4

// Recount replaces the counts of all whole quarter-hours and days since a time
// (zero: all) by those of another store, which holds the same frames up to the
// consumer's sequence. Its kind of error is Conflict when the consumer is not
// there any more.
func (s *SQL) Recount(ctx context.Context, from *SQL, p Place, at uint64, since time.Time) error {
	begin := floorOf(since)
	t, seen, err := from.counted(ctx, begin)
	if err != nil {
		return fmt.Errorf("read counts: %w", err)
	}
	return s.db.Write(ctx, storing, func(tx *db.Tx) error {
		if err := movePosition(ctx, tx, Batch{Place: p, From: at, To: at}); err != nil {
			return err
		}
		newest := begin.day
		for k := range t.days {
			newest = max(newest, k.day-openDays)
		}
		for _, q := range []struct {
			text string
			from int64
		}{
			{`delete from click_quarters where quarter >= $1`, begin.quarter},
			{`delete from click_drops where quarter >= $1`, begin.quarter},
			{`delete from click_days where day >= $1`, begin.day},
			{`delete from click_visitors where day >= $1`, newest},
		} {
			if _, err := tx.Exec(ctx, q.text, q.from); err != nil {
				return fmt.Errorf("remove counts: %w", err)
			}
		}
		for _, k := range seen {
			if k.day < newest {
				continue
			}
			err := tx.Queue(ctx, `insert into click_visitors (program_id, day, scope, visitor) values ($1, $2, $3, $4)`, k.prog, k.day, k.scope, k.visitor)
			if err != nil {
				return fmt.Errorf("note visitor: %w", err)
			}
		}
		return t.write(ctx, tx)
	})
}

// counted reads the counts from a floor on, and who was seen.
func (s *SQL) counted(ctx context.Context, begin floor) (tally, []visitorKey, error) {
	t := tally{map[quarterKey]sum{}, map[dayKey]sum{}, map[dropKey]int64{}}
	_, err := db.All(ctx, s.db, func(r db.Row) (k quarterKey, err error) {
		var n sum
		err = r.Scan(&k.prog, &k.lnk, &k.n, &k.aff, &n.clicks, &n.uniques)
		t.quarters[k] = n
		return k, err
	}, `select program_id, link_id, quarter, affiliate_id, clicks, uniques from click_quarters where quarter >= $1`, begin.quarter)
	if err != nil {
		return t, nil, err
	}
	_, err = db.All(ctx, s.db, func(r db.Row) (k dropKey, err error) {
		var hits int64
		err = r.Scan(&k.prog, &k.lnk, &k.n, &k.aff, &k.reason, &hits)
		t.drops[k] = hits
		return k, err
	}, `select program_id, link_id, quarter, affiliate_id, reason, hits from click_drops where quarter >= $1`, begin.quarter)
	if err != nil {
		return t, nil, err
	}
	_, err = db.All(ctx, s.db, func(r db.Row) (k dayKey, err error) {
		var n sum
		err = r.Scan(&k.prog, &k.aff, &k.day, &k.dimension, &k.value, &n.clicks, &n.uniques)
		t.days[k] = n
		return k, err
	}, `select program_id, affiliate_id, day, dimension, value, clicks, uniques from click_days where day >= $1`, begin.day)
	if err != nil {
		return t, nil, err
	}
	seen, err := db.All(ctx, s.db, func(r db.Row) (k visitorKey, err error) {
		return k, r.Scan(&k.prog, &k.day, &k.scope, &k.visitor)
	}, `select program_id, day, scope, visitor from click_visitors where day >= $1`, begin.day)
	return t, seen, err
}
