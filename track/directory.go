package track

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"hash/maphash"
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

	mu       sync.RWMutex
	links    links
	programs numbers[id.Program]
	sites    []*site // by the program's number; nil while nobody told of it
	groups   numbers[id.Group]
	utm      []program.GroupRecord // by the group's number
	hosts    numbers[string]
	serving  []serving // by the host's number
	salts    map[id.Program][]click.Salt
	ring     *click.Ring
}

// numbers give each name a small number, counted from 0.
type numbers[T ~string] map[T]uint32

func (n numbers[T]) of(name T) uint32 {
	i, ok := n[name]
	if !ok {
		i = uint32(len(n))
		n[name] = i
	}
	return i
}

// site is a program with what its visits need, made ready once.
type site struct {
	program.Record
	home     *url.URL
	location *time.Location
}

// serving is a host of links.
type serving struct {
	name    string
	program uint32
	cookie  string // the attributes of the cookies that it sets
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
	link    linked
	program *site
	cookie  string // the attributes of the cookie that the link's host sets
	works   bool   // neither paused nor retired
	counts  bool   // the affiliate is active
	utm     map[string]string
}

// linked is what a link says.
type linked struct {
	ID          id.Link
	Affiliate   id.Affiliate
	Slug        string
	Destination string
	Coupon      string
}

func newDirectory(root secret.Root) *directory {
	d := &directory{
		root: root, spare: make([]byte, 32), links: links{seed: maphash.MakeSeed()},
		programs: numbers[id.Program]{}, groups: numbers[id.Group]{}, hosts: numbers[string]{},
		salts: map[id.Program][]click.Salt{}, ring: click.NewRing(nil),
	}
	d.group("") // of affiliates that nobody told of
	rand.Read(d.spare)
	return d
}

// byPath finds the link of a host and slug, both in lower case.
func (d *directory) byPath(host, slug string) (found, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	at, ok := d.hosts[host]
	if !ok {
		return found{}, false
	}
	n, ok := d.links.at(at, slug)
	if !ok {
		return found{}, false
	}
	return d.join(&d.links.rows[n])
}

// byID finds a link by its id.
func (d *directory) byID(lnk id.Link) (found, bool) {
	uuid, err := id.UUID(lnk)
	if err != nil {
		return found{}, false
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	n, ok := d.links.number(uuid)
	if !ok {
		return found{}, false
	}
	return d.join(&d.links.rows[n])
}

func (d *directory) join(r *row) (found, bool) {
	m := &d.links.members[r.affiliate]
	f := found{
		link: linked{
			ID: id.FromUUID[id.Link](r.id), Affiliate: id.FromUUID[id.Affiliate](m.id), Slug: r.slug(),
			Destination: r.text[r.destination:r.coupon], Coupon: r.text[r.coupon:],
		},
		program: d.sites[r.program], cookie: d.serving[r.host].cookie, works: r.works, counts: m.counts, utm: d.utm[m.group].UTM,
	}
	return f, f.program != nil
}

// ofHost is the program whose links a host serves.
func (d *directory) ofHost(host string) (*site, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	n, ok := d.hosts[host]
	if !ok {
		return nil, false
	}
	s := d.sites[d.serving[n].program]
	return s, s != nil
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
		kept = append(kept, salt.Ready())
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
		return d.groupRecord(c.Value)
	case strings.HasPrefix(c.Key, affiliate.KeyPrefix):
		var r affiliate.Record
		if err := json.Unmarshal(c.Value, &r); err != nil {
			return err
		}
		return d.links.tell(&r, d.group(r.Group))
	}
	return nil
}

func (d *directory) groupRecord(value []byte) error {
	var r program.GroupRecord
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	if n := d.group(r.ID); d.utm[n].ID == "" || d.utm[n].Version < r.Version {
		d.utm[n] = r
	}
	return nil
}

func (d *directory) programRecord(value []byte) error {
	var r program.Record
	if err := json.Unmarshal(value, &r); err != nil {
		return err
	}
	n := d.program(r.ID)
	if old := d.sites[n]; old != nil && old.Version >= r.Version {
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
	d.sites[n] = &site{Record: r, home: home, location: location}
	for _, host := range r.Hosts {
		d.host(host, n)
	}
	for i := range d.serving {
		if h := &d.serving[i]; h.program == n {
			h.cookie = cookieAttributes(h.name, d.sites[n])
		}
	}
	return nil
}

func (d *directory) linkRecord(c bus.Change) error {
	if c.Deleted {
		return d.links.remove(id.Link(strings.TrimPrefix(c.Key, link.KeyPrefix)))
	}
	var r link.Record
	if err := json.Unmarshal(c.Value, &r); err != nil {
		return err
	}
	n := d.program(r.Program)
	return d.links.put(&r, d.host(strings.ToLower(r.Host), n), n)
}

// program is the number of a program.
func (d *directory) program(prog id.Program) uint32 {
	n := d.programs.of(prog)
	if int(n) == len(d.sites) {
		d.sites = append(d.sites, nil)
	}
	return n
}

// group is the number of a group.
func (d *directory) group(grp id.Group) uint32 {
	n := d.groups.of(grp)
	if int(n) == len(d.utm) {
		d.utm = append(d.utm, program.GroupRecord{})
	}
	return n
}

// host is the number of a host, which serves the links of a program.
func (d *directory) host(name string, prog uint32) uint32 {
	n := d.hosts.of(name)
	if int(n) == len(d.serving) {
		d.serving = append(d.serving, serving{name: name, program: prog})
	}
	h := &d.serving[n]
	if s := d.sites[prog]; s != nil && (h.cookie == "" || h.program != prog) {
		h.cookie = cookieAttributes(name, s)
	}
	h.program = prog
	return n
}
