package main

import (
	"context"
	"encoding/json"
	"fmt"
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

// The one program of the measurement. Each affiliate has one link, which is
// the dearest case for memory.
const (
	linkHost = "go.shop.example"
	siteURL  = "https://www.shop.example/"
	fillers  = 64
)

func root() secret.Root {
	r, err := secret.NewRoot([]byte(strings.Repeat("k", 32)))
	if err != nil {
		panic(err) // the length is right
	}
	return r
}

// slug is the address of the n-th link.
func slug(n int) string { return fmt.Sprintf("jane-%06d", n) }

// fill writes a program with its keys and links into the bus's buckets.
func fill(ctx context.Context, b *bus.Bus, links int) error {
	at := time.Now()
	prog := program.Record{
		ID: id.New[id.Program](at), Slug: "shop", Name: "Shop", SiteURL: siteURL, Hosts: []string{linkHost},
		Sites: []string{"www.shop.example", "docs.shop.example"}, Mode: program.ModeFull, ViaName: "via", CookieName: "trb_shop",
		WindowDays: 60, Zone: "Europe/Vienna", Version: 1,
	}
	group := program.GroupRecord{ID: id.New[id.Group](at), Program: prog.ID, Version: 1}
	ring, err := click.NewRing([]click.Key{{ID: 1, Serial: 1, Secret: []byte(strings.Repeat("m", 32)), CreatedAt: at}}).Seal(root())
	if err != nil {
		return err
	}
	salt := click.Salt{
		Program: prog.ID, Day: at.Unix() / 86400, StartsAt: at.Add(-time.Hour), EndsAt: at.Add(24 * time.Hour), Secret: []byte(strings.Repeat("s", 32)),
	}
	box, err := salt.Seal(root())
	if err != nil {
		return err
	}
	puts := []put{
		{bus.Keys, click.RingKey, ring}, {bus.Salts, salt.Key(), box},
		record(program.KeyPrefix+string(prog.ID), prog), record(program.GroupKeyPrefix+string(group.ID), group),
	}
	for _, p := range puts {
		if err := b.Put(ctx, p.bucket, p.key, p.value); err != nil {
			return err
		}
	}
	return putAll(ctx, b, links, func(n int) []put {
		aff := affiliate.Record{ID: id.New[id.Affiliate](at), Program: prog.ID, Group: group.ID, State: affiliate.Active, Version: 1}
		lnk := link.Record{ID: id.New[id.Link](at), Program: prog.ID, Affiliate: aff.ID, Host: linkHost, Slug: link.Slug(slug(n)), State: link.Active, Version: 1}
		if n%2 == 1 { // half of the links lead deeper
			lnk.Destination = fmt.Sprintf("https://docs.shop.example/topics/%d", n)
		}
		return []put{record(affiliate.KeyPrefix+string(aff.ID), aff), record(link.KeyPrefix+string(lnk.ID), lnk)}
	})
}

// put is a record on its way.
type put struct {
	bucket bus.Bucket
	key    string
	value  []byte
}

func record(key string, value any) put {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // records are plain
	}
	return put{bus.Directory, key, text}
}

func putAll(ctx context.Context, b *bus.Bus, n int, of func(int) []put) error {
	var group sync.WaitGroup
	failed := make(chan error, fillers)
	for part := range fillers {
		group.Go(func() {
			for i := part; i < n; i += fillers {
				for _, p := range of(i) {
					if err := b.Put(ctx, p.bucket, p.key, p.value); err != nil {
						failed <- err
						return
					}
				}
			}
		})
	}
	group.Wait()
	close(failed)
	return <-failed
}
