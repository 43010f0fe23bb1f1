package track

import (
	"fmt"
	"hash/maphash"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"tributary.example/internal/id"
	"tributary.example/link"
)

// TestLinksAreTheNewestRecords plays records in any order, with few slugs, so
// that links take each other's and come and go; the oracle is a map.
func TestLinksAreTheNewestRecords(t *testing.T) {
	t.Parallel()
	at := time.Unix(0, 0)
	var ids []id.Link
	for range 6 {
		ids = append(ids, id.New[id.Link](at))
	}
	aff := id.New[id.Affiliate](at)
	rapid.Check(t, func(t *rapid.T) {
		l := links{seed: maphash.MakeSeed()}
		byID, byPath := map[id.Link]link.Record{}, map[string]id.Link{}
		leave := func(lnk id.Link) {
			if r, ok := byID[lnk]; ok && byPath[string(r.Slug)] == lnk {
				delete(byPath, string(r.Slug))
			}
			delete(byID, lnk)
		}
		for range rapid.IntRange(0, 60).Draw(t, "records") {
			r := link.Record{
				ID: rapid.SampledFrom(ids).Draw(t, "id"), Affiliate: aff, Slug: link.Slug(rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "slug")),
				Destination: rapid.SampledFrom([]string{"", "/x", "https://shop.example/y"}).Draw(t, "to"),
				Coupon:      rapid.SampledFrom([]string{"", "JANE10"}).Draw(t, "coupon"), State: link.Active, Version: rapid.Int64Range(1, 9).Draw(t, "version"),
			}
			if rapid.IntRange(0, 9).Draw(t, "gone") == 0 {
				if err := l.remove(r.ID); err != nil {
					t.Fatal(err)
				}
				leave(r.ID)
				continue
			}
			if err := l.put(&r, 1, 2); err != nil {
				t.Fatal(err)
			}
			if old, ok := byID[r.ID]; !ok || old.Version < r.Version {
				leave(r.ID)
				byID[r.ID], byPath[string(r.Slug)] = r, r.ID
			}
		}
		if diff := cmp.Diff(l.all(ids), sketch(byID, byPath, ids)); diff != "" {
			t.Fatalf("(got, want): %s", diff)
		}
	})
}

// all is what the links say of ids and slugs.
func (l *links) all(ids []id.Link) (out []string) {
	for _, lnk := range ids {
		uuid, _ := id.UUID(lnk)
		if n, ok := l.number(uuid); ok {
			r := &l.rows[n]
			out = append(out, fmt.Sprint(lnk, r.slug(), r.text[r.destination:r.coupon], r.text[r.coupon:], r.version))
		}
	}
	for _, slug := range []string{"a", "b", "c", "d"} {
		if n, ok := l.at(1, slug); ok {
			out = append(out, slug+" "+string(id.FromUUID[id.Link](l.rows[n].id)))
		}
		if _, ok := l.at(2, slug); ok {
			out = append(out, "on another host")
		}
	}
	return out
}

func sketch(byID map[id.Link]link.Record, byPath map[string]id.Link, ids []id.Link) (out []string) {
	for _, lnk := range ids {
		if r, ok := byID[lnk]; ok {
			out = append(out, fmt.Sprint(lnk, r.Slug, r.Destination, r.Coupon, r.Version))
		}
	}
	for _, slug := range []string{"a", "b", "c", "d"} {
		if lnk, ok := byPath[slug]; ok {
			out = append(out, slug+" "+string(lnk))
		}
	}
	return out
}

func TestRowsAreSmall(t *testing.T) {
	t.Parallel()
	if r, m := unsafe.Sizeof(row{}), unsafe.Sizeof(member{}); r != 64 || m != 32 {
		t.Errorf("a row has %d bytes, a member %d, want 64 and 32", r, m)
	}
}
