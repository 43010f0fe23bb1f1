package track

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"tributary.example/affiliate"
	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/link"
	"tributary.example/program"
)

// directory is everything the edge knows, joined in memory and kept up to date
// from the bus.
type directory struct {
	root  secret.Root
	spare []byte // salt of visitors while a program has none of its own

	mu         sync.RWMutex
	programs   map[id.Program]*site
	groups     map[id.Group]program.GroupRecord
	affiliates map[id.Affiliate]affiliate.Record
	links      map[id.Link]*link.Record
	paths      map[string]*link.Record // host/slug
	hosts      map[string]id.Program
	salts      map[id.Program][]click.Salt
	ring       *click.Ring
}

// site is a program with its site's address parsed once.
type site struct {
	program.Record
	home     *url.URL
	location *time.Location
}

func (s *site) window() time.Duration { return time.Duration(s.WindowDays) * 24 * time.Hour }

// verified reports whether links may lead to an address and our script may
// tell of landings on it: https, or the site's own scheme, on a listed host.
func (s *site) verified(u *url.URL) bool {
	if u.User != nil || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != s.home.Scheme) {
		return false
	}
	host := strings.ToLower(u.Host)
	return host != "" && (host == s.home.Host || slices.Contains(s.Sites, host))
}

// found is a link with all that a visit through it needs.
type found struct {
	link    *link.Record
	program *site
	counts  bool // the affiliate is active
	utm     map[string]string
}

func newDirectory(root secret.Root) *directory {
	d := &directory{
		root: root, spare: make([]byte, 32),
		programs: map[id.Program]*site{}, groups: map[id.Group]program.GroupRecord{},
		affiliates: map[id.Affiliate]affiliate.Record{}, links: map[id.Link]*link.Record{},
		paths: map[string]*link.Record{}, hosts: map[string]id.Program{}, salts: map[id.Program][]click.Salt{},
		ring: click.NewRing(nil),
	}
	rand.Read(d.spare)
	return d
}

// byPath finds the link of a host and slug, both in lower case.
func (d *directory) byPath(host, slug string) (found, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.join(d.paths[host+"/"+slug])
}

// byID finds a link by its id.
func (d *directory) byID(lnk id.Link) (found, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.join(d.links[lnk])
}

func (d *directory) join(l *link.Record) (found, bool) {
	if l == nil {
		return found{}, false
	}
	f := found{link: l, program: d.programs[l.Program], counts: true}
	if f.program == nil {
		return found{}, false
	}
	// A link is made on approval, and the record of that may come a moment
	// after the link's: who has only applied, by what is known here, counts.
	// Attribution looks at the affiliate's state once more.
	if a, ok := d.affiliates[l.Affiliate]; ok {
		f.counts = a.State == affiliate.Active || a.State == affiliate.Applied || a.State == affiliate.Invited
		f.utm = d.groups[a.Group].UTM
	}
	return f, true
}

// ofHost is the program whose links a host serves.
func (d *directory) ofHost(host string) (*site, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	s, ok := d.programs[d.hosts[host]]
	return s, ok
}

func (d *directory) keys() *click.Ring {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.ring
}

// salt is the salt of a program at a time. While the bus has none, visitors
// are told apart by one of this process.
func (d *directory) salt(s *site, at time.Time) click.Salt {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, salt := range d.salts[s.ID] {
		if salt.Covers(at) {
			return salt
		}
	}
	return click.Salt{Program: s.ID, Day: click.LocalDay(at, s.location), Secret: d.spare}
}

// follow loads the buckets and keeps following them until ctx ends. It returns
// when all are loaded.
func (d *directory) follow(ctx context.Context, b *bus.Bus, log *slog.Logger) error {
	buckets := map[bus.Bucket]func(bus.Change) error{bus.Directory: d.record, bus.Keys: d.keyRing, bus.Salts: d.daySalt}
	loaded := make(chan struct{}, len(buckets))
	for bucket, apply := range buckets {
		go followBucket(ctx, b, bucket, func(c bus.Change) {
			if err := apply(c); err != nil {
				log.Error("directory record unreadable", "bucket", bucket, "key", c.Key, "err", err)
			}
		}, sync.OnceFunc(func() { loaded <- struct{}{} }))
	}
	for range buckets {
		select {
		case <-loaded:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

const followAgain = time.Second

// followBucket watches a bucket, and begins again when the watch breaks: the
// records' versions make that harmless.
func followBucket(ctx context.Context, b *bus.Bus, bucket bus.Bucket, apply func(bus.Change), loaded func()) {
	for ctx.Err() == nil {
		if err := b.Watch(ctx, bucket, apply, loaded); err == nil {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(followAgain):
		}
	}
}

func (d *directory) keyRing(c bus.Change) error {
	if c.Key != click.RingKey || c.Deleted {
		return nil
	}
	ring, err := click.OpenRing(d.root, c.Value)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ring = ring
	return nil
}

func (d *directory) daySalt(c bus.Change) error {
	prog, _, _ := strings.Cut(c.Key, ".")
	key := id.Program(prog)
	var salt click.Salt
	if !c.Deleted {
		var err error
		if salt, err = click.OpenSalt(d.root, c.Key, c.Value); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := slices.DeleteFunc(slices.Clone(d.salts[key]), func(s click.Salt) bool { return s.Key() == c.Key })
	if !c.Deleted {
		kept = append(kept, salt)
	}
	d.salts[key] = kept
	return nil
}

// record takes a record of the directory, unless it is older than ours.
func (d *directory) record(c bus.Change) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case strings.HasPrefix(c.Key, link.KeyPrefix):
		return d.linkRecord(c)
	case c.Deleted:
		return nil
	case strings.HasPrefix(c.Key, program.KeyPrefix):
		return d.programRecord(c.Value)
	case strings.HasPrefix(c.Key, program.GroupKeyPrefix):
		var r program.GroupRecord
		if err := json.Unmarshal(c.Value, &r); err != nil {
			return err
		}
		if old, ok := d.groups[r.ID]; !ok || old.Version < r.Version {
			d.groups[r.ID] = r
		}
	case strings.HasPrefix(c.Key, affiliate.KeyPrefix):
		var r affiliate.Record
		if err := json.Unmarshal(c.Value, &r); err != nil {
			return err
		}
		if old, ok := d.affiliates[r.ID]; !ok || old.Version < r.Version {
			d.affiliates[r.ID] = r
		}
	}
	return nil
}

func (d *directory) programRecord(value []byte) error {
	var r program.Record
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	if old, ok := d.programs[r.ID]; ok && old.Version >= r.Version {
		return nil
	}
	home, err := url.Parse(r.SiteURL)
	if err != nil {
		return err
	}
	location, err := time.LoadLocation(r.Zone)
	if err != nil {
		location = time.UTC
	}
	home.Host = strings.ToLower(home.Host)
	d.programs[r.ID] = &site{Record: r, home: home, location: location}
	for _, host := range r.Hosts {
		d.hosts[host] = r.ID
	}
	return nil
}

func (d *directory) linkRecord(c bus.Change) error {
	lnk := id.Link(strings.TrimPrefix(c.Key, link.KeyPrefix))
	old := d.links[lnk]
	var r link.Record
	if !c.Deleted {
		if err := json.Unmarshal(c.Value, &r); err != nil {
			return err
		}
		if old != nil && old.Version >= r.Version {
			return nil
		}
	}
	if old != nil && d.paths[pathOf(old)] == old {
		delete(d.paths, pathOf(old))
	}
	if c.Deleted {
		delete(d.links, lnk)
		return nil
	}
	d.links[lnk], d.paths[pathOf(&r)], d.hosts[r.Host] = &r, &r, r.Program
	return nil
}

func pathOf(r *link.Record) string { return strings.ToLower(r.Host) + "/" + string(r.Slug) }
