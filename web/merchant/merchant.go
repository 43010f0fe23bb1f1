// Package merchant is the pages that a program's staff read.
//
// Its nouns are a page (a struct of texts, and the templ function that shows
// it) and a place of the navigation. Invariants:
//
//  1. A page gets texts and addresses only: whatever is money, a date or a
//     reason was put into words before.
//  2. Every address of a page begins with its Base, "/p/" and the program's
//     slug; every form says in its page's comment what it sends and where.
//  3. What cannot be done now is not shown: an action stands on the page when
//     its page struct says so.
//
// It owns no tables and must not know the domain, requests or sessions.
package merchant

import "tributary.example/web/part"

// Place is one of the places of the staff's navigation.
type Place string

// The places, in their order.
const (
	Overview    Place = "overview"
	Affiliates  Place = "affiliates"
	Referrals   Place = "referrals"
	Commissions Place = "commissions"
	Payouts     Place = "payouts"
	Settings    Place = "settings"
	Keys        Place = "keys"
)

// Places returns the navigation below base ("/p/riverbank"), with the present
// place marked and the counts of what waits, as texts, by place.
func Places(base string, here Place, waits map[Place]string) []part.Place {
	list := []struct {
		place Place
		entry part.Place
	}{
		{Overview, part.Place{Name: "Overview", Icon: part.IconOverview, Href: base, Dock: true}},
		{Affiliates, part.Place{Name: "Affiliates", Icon: part.IconAffiliates, Href: base + "/affiliates", Dock: true}},
		{Referrals, part.Place{Name: "Referrals", Icon: part.IconReferrals, Href: base + "/referrals", Dock: true}},
		{Commissions, part.Place{Name: "Commissions", Icon: part.IconCommissions, Href: base + "/commissions"}},
		{Payouts, part.Place{Name: "Payouts", Icon: part.IconPayouts, Href: base + "/payouts", Dock: true}},
		{Settings, part.Place{Name: "Settings", Icon: part.IconSettings, Href: base + "/settings", Rule: true}},
		{Keys, part.Place{Name: "API keys", Icon: part.IconKeys, Href: base + "/keys"}},
	}
	var places []part.Place
	for _, e := range list {
		e.entry.Here = e.place == here
		e.entry.Wait = waits[e.place]
		places = append(places, e.entry)
	}
	return places
}
