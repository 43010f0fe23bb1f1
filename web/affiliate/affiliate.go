// Package affiliate is the pages that an affiliate reads.
//
// Its nouns are a page (a struct of texts, and the templ function that shows
// it) and a place of the navigation. Invariants:
//
//  1. A page gets texts and addresses only: whatever is money, a date or a
//     reason was put into words before, and customers' e-mails were masked.
//  2. Every address of a page begins with its Base, "/a/" and the program's
//     slug; every form says in its page's comment what it sends and where.
//  3. No page has room for another affiliate's name.
//
// It owns no tables and must not know the domain, requests or sessions.
package affiliate

import "tributary.example/web/part"

// Place is one of the places of an affiliate's navigation.
type Place string

// The places, in their order.
const (
	Overview    Place = "overview"
	Links       Place = "links"
	Coupons     Place = "coupons"
	Guide       Place = "guide"
	Referrals   Place = "referrals"
	Commissions Place = "commissions"
	Payouts     Place = "payouts"
)

// Places returns the navigation below base ("/a/riverbank"), with the present
// place marked.
func Places(base string, here Place) []part.Place {
	list := []struct {
		place Place
		entry part.Place
	}{
		{Overview, part.Place{Name: "Overview", Icon: part.IconOverview, Href: base, Dock: true}},
		{Links, part.Place{Name: "Links", Icon: part.IconLinks, Href: base + "/links", Dock: true}},
		{Coupons, part.Place{Name: "Coupons", Icon: part.IconCoupons, Href: base + "/coupons", Dock: true}},
		{Guide, part.Place{Name: "Link or coupon", Icon: part.IconGuide, Href: base + "/guide"}},
		{Referrals, part.Place{Name: "Referrals", Icon: part.IconReferrals, Href: base + "/referrals", Rule: true}},
		{Commissions, part.Place{Name: "Commissions", Icon: part.IconCommissions, Href: base + "/commissions", Dock: true}},
		{Payouts, part.Place{Name: "Payouts", Icon: part.IconPayouts, Href: base + "/payouts"}},
	}
	var places []part.Place
	for _, e := range list {
		e.entry.Here = e.place == here
		places = append(places, e.entry)
	}
	return places
}
