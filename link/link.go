// Package link is tracking links: host and slug, and where they lead.
//
// Nouns: Link, Slug, Record.
//
// Invariants:
//  1. A slug on a host names one link for ever: a retired one is never given
//     to somebody else.
//  2. A link leads only to hosts that the program verified.
//  3. The edge hears of each change in the transaction that makes it.
//
// It owns links. It must not know coupons, clicks or money.
package link

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"tributary.example/affiliate"
	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/outbox"
	"tributary.example/program"
)

// State is whether a link works.
type State string

// The states.
const (
	Active  State = "active"
	Paused  State = "paused"
	Retired State = "retired"
)

// Link is a tracking link of an affiliate.
type Link struct {
	ID          id.Link      `json:"id"`
	Affiliate   id.Affiliate `json:"affiliate_id"`
	Host        string       `json:"host"`
	Slug        Slug         `json:"slug"`
	Destination string       `json:"destination"` // "" is the program's site
	Label       string       `json:"label"`
	Coupon      id.Coupon    `json:"coupon_id,omitempty"`
	State       State        `json:"state"`
	Default     bool         `json:"default"`
	Version     int64        `json:"-"`
	CreatedAt   time.Time    `json:"created_at"`
}

// URL is the address that the affiliate shares. The scheme is https save on
// this machine's own names.
func (l Link) URL() string {
	scheme := "https://"
	name, _, _ := strings.Cut(l.Host, ":")
	if name == "localhost" || strings.HasSuffix(name, ".localhost") || strings.HasPrefix(name, "127.") {
		scheme = "http://"
	}
	return scheme + l.Host + "/" + string(l.Slug)
}

const columns = `link_id, affiliate_id, host, slug, destination, label, coupon_id, state, is_default, version, created_at`

func scan(r db.Row) (Link, error) {
	var l Link
	err := r.Scan(&l.ID, &l.Affiliate, &l.Host, &l.Slug, &l.Destination, &l.Label, &l.Coupon, &l.State, &l.Default, &l.Version, &l.CreatedAt)
	return l, err
}

// New is what a link is created from.
type New struct {
	Affiliate   id.Affiliate
	Slug        string // "" picks a free one from Name
	Name        string
	Destination string // an address on a verified host, a path on the site, or ""
	Label       string
	Default     bool
}

const (
	maxLabel       = 100
	maxDestination = 1000
	slugTries      = 200
)

// Create makes a link on the program's link host. Kinds: Invalid, Conflict
// (the slug is taken).
func Create(ctx context.Context, tx *db.Tx, prog program.Program, n New) (Link, error) {
	destination, err := CheckDestination(ctx, tx, prog, n.Destination)
	if err != nil {
		return Link{}, err
	}
	if len(n.Label) > maxLabel {
		return Link{}, fault.New(fault.Invalid, "A label has at most %s characters.", maxLabel).Field("label")
	}
	lnk := Link{
		ID: id.New[id.Link](tx.Now()), Affiliate: n.Affiliate, Host: prog.LinkHost, Destination: destination,
		Label: strings.TrimSpace(n.Label), State: Active, Default: n.Default, Version: 1, CreatedAt: tx.Now(),
	}
	if n.Slug == "" {
		return createFree(ctx, tx, prog.ID, lnk, n.Name)
	}
	if lnk.Slug, err = ParseSlug(n.Slug); err != nil {
		return Link{}, err
	}
	made, err := insert(ctx, tx, prog.ID, lnk)
	if err == nil && !made {
		err = fault.New(fault.Conflict, "The address %s is taken.", lnk.Host+"/"+string(lnk.Slug)).Field("slug").Hint("Choose another ending.")
	}
	if err != nil {
		return Link{}, err
	}
	return lnk, finish(ctx, tx, prog.ID, lnk, EventCreated)
}

// createFree takes the first free slug made from a name: jane, jane-2, jane-3 …
func createFree(ctx context.Context, tx *db.Tx, prog id.Program, lnk Link, name string) (Link, error) {
	base := SlugOf(name)
	for n := 1; n <= slugTries; n++ {
		lnk.Slug = base
		if n > 1 {
			lnk.Slug = Slug(fmt.Sprintf("%s-%d", base, n))
		}
		made, err := insert(ctx, tx, prog, lnk)
		if err != nil {
			return Link{}, err
		}
		if made {
			return lnk, finish(ctx, tx, prog, lnk, EventCreated)
		}
	}
	return Link{}, fault.New(fault.Conflict, "No free address was found for %s.", name).Field("slug").Hint("Choose an ending.")
}

func insert(ctx context.Context, tx *db.Tx, prog id.Program, l Link) (bool, error) {
	n, err := tx.Exec(ctx, `
		insert into links (program_id, link_id, affiliate_id, host, slug, destination, label, coupon_id, state, is_default, version, created_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict (program_id, host, slug) do nothing`,
		prog, l.ID, l.Affiliate, l.Host, l.Slug, l.Destination, l.Label, l.Coupon, l.State, l.Default, l.Version, l.CreatedAt)
	if err != nil {
		return false, fmt.Errorf("insert link: %w", err)
	}
	return n == 1, nil
}

func finish(ctx context.Context, tx *db.Tx, prog id.Program, l Link, event string) error {
	if err := Publish(ctx, tx, prog, l); err != nil {
		return err
	}
	if err := audit.Write(ctx, tx, audit.Entry{Program: prog, Action: event, Subject: string(l.ID), After: l}); err != nil {
		return err
	}
	return outbox.Emit(ctx, tx, outbox.Event{Program: prog, Type: event, Version: 1, Subject: string(l.ID), Payload: Changed{Link: l}})
}

// Publish hands a link's record to the edge, as it is.
func Publish(ctx context.Context, tx *db.Tx, prog id.Program, l Link) error {
	return outbox.Direct(ctx, tx, RecordOf(prog, l))
}

// CheckDestination reads where a link shall lead: "" is the program's site, a
// path is on it, and an address must be https on a verified host. Kinds:
// Invalid.
func CheckDestination(ctx context.Context, q db.Reader, prog program.Program, s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return "", nil
	}
	refused := fault.New(fault.Invalid, "%s is not an address that links of this program may lead to.", s).Field("destination")
	if len(s) > maxDestination {
		return "", refused
	}
	base, err := url.Parse(prog.SiteURL)
	if err != nil {
		return "", fmt.Errorf("program's site: %w", err)
	}
	u, err := base.Parse(s)
	if err != nil || u.User != nil || u.Scheme != "https" && u.Scheme != base.Scheme {
		return "", refused.Hint("Write a path such as /pricing, or a whole address that begins with https://.")
	}
	sites, err := program.Sites(ctx, q, prog.ID)
	if err != nil {
		return "", fmt.Errorf("read sites: %w", err)
	}
	if !slices.Contains(sites, strings.ToLower(u.Host)) {
		return "", refused.Hint("The program's verified sites are: %s.", strings.Join(sites, ", "))
	}
	return u.String(), nil
}

// SetState pauses, resumes or retires a link. Kinds: NotFound, Conflict (a
// retired link stays retired).
func SetState(ctx context.Context, tx *db.Tx, prog id.Program, lnk id.Link, state State) (Link, error) {
	l, err := Get(ctx, tx, prog, lnk)
	if err != nil || l.State == state {
		return l, err
	}
	if l.State == Retired {
		return l, fault.New(fault.Conflict, "A retired link stays retired.").Hint("Create a new one.")
	}
	l, err = db.One(ctx, tx, scan, `
		update links set state = $3, version = version + 1 where program_id = $1 and link_id = $2
		returning `+columns, prog, lnk, state)
	if err != nil {
		return l, fmt.Errorf("update link: %w", err)
	}
	return l, finish(ctx, tx, prog, l, EventChanged)
}

// Get returns a link. Kinds: NotFound.
func Get(ctx context.Context, q db.Reader, prog id.Program, lnk id.Link) (Link, error) {
	l, err := db.One(ctx, q, scan, `select `+columns+` from links where program_id = $1 and link_id = $2`, prog, lnk)
	if errors.Is(err, db.ErrNoRow) {
		return l, fault.New(fault.NotFound, "There is no link %s.", string(lnk))
	}
	return l, err
}

// ProgramOf finds the program of a link by its id alone, for tokens: a token
// is verified with the key of its own link's program.
func ProgramOf(ctx context.Context, q db.Reader, lnk id.Link) (id.Program, bool, error) {
	return db.Lookup(ctx, q, db.Scalar[id.Program], `select program_id from links where link_id = $1`, lnk)
}

// OfAffiliate are an affiliate's links, the default one first.
func OfAffiliate(ctx context.Context, q db.Reader, prog id.Program, aff id.Affiliate) ([]Link, error) {
	return db.All(ctx, q, scan, `
		select `+columns+` from links where program_id = $1 and affiliate_id = $2
		order by is_default desc, link_id limit 1000`, prog, aff)
}

// First begins a list with the newest link.
const First id.Link = ""

// List is a page of a program's links older than the id before, the newest
// first.
func List(ctx context.Context, q db.Reader, prog id.Program, before id.Link, limit int) ([]Link, error) {
	return db.All(ctx, q, scan, `
		select `+columns+` from links where program_id = $1 and ($2 = '' or link_id < $2)
		order by link_id desc limit $3`, prog, before, limit)
}

// CheckOwner reports an error of the kind Forbidden when an affiliate may not
// create links now.
func CheckOwner(aff affiliate.Affiliate) error {
	if aff.State == affiliate.Active {
		return nil
	}
	return fault.New(fault.Forbidden, "Only an active affiliate creates links.").Hint("This one is %s.", string(aff.State))
}
