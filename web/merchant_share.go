package web

import (
	"net/http"
	"strings"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/coupon"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/link"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

// allDays is longer than the journal's counts reach back.
const allDays = 3650

func (s *Web) fillShared(r *http.Request, p staff, aff affiliate.Affiliate, page *merchant.AffiliatePage) error {
	loc, may := locale(p.Program), access.Can(p.Role, access.ManagePromotion)
	page.Share = may && aff.State == affiliate.Active
	links, err := link.OfAffiliate(r.Context(), s.DB, p.Program.ID, aff.ID)
	if err != nil {
		return err
	}
	ask := report.Ask{Program: p.Program.ID, Affiliate: aff.ID, Period: report.LastDays(s.DB.Now(), allDays, p.Program.Location())}
	figures, err := report.Links(r.Context(), s.Clicks, ask)
	if err != nil {
		return err
	}
	clicks := map[id.Link]int64{}
	for _, f := range figures {
		clicks[f.Link] = f.Clicks
	}
	for _, l := range links {
		page.Links = append(page.Links, merchant.Shared{
			ID: string(l.ID), Kind: merchant.Link, Value: l.Host + "/" + string(l.Slug), About: linkAbout(p.Program, l), State: string(l.State),
			Counts: text.T(loc, plural(clicks[l.ID], text.S("1 click"), text.S("%s clicks", clicks[l.ID]))),
			Pause:  may && l.State == link.Active, Resume: may && l.State == link.Paused, Retire: may && l.State != link.Retired,
		})
	}
	coupons, err := coupon.OfAffiliate(r.Context(), s.DB, p.Program.ID, aff.ID)
	for _, c := range coupons {
		page.Coupons = append(page.Coupons, merchant.Shared{
			ID: string(c.ID), Kind: merchant.Coupon, Value: c.Code, About: couponAbout(loc, c), State: string(c.State),
			Counts: text.T(loc, text.S("%s used", c.Used)),
			Pause:  may && c.State == coupon.Active, Resume: may && c.State == coupon.Paused, Retire: may && c.State != coupon.Retired,
		})
	}
	return err
}

func linkAbout(p program.Program, l link.Link) string {
	to := l.Destination
	if to == "" {
		to = p.SiteURL
	}
	if l.Label != "" {
		return l.Label + ", leads to " + hostOf(to)
	}
	return "Leads to " + hostOf(to)
}

// couponAbout says what a code gives, and its limits.
func couponAbout(loc text.Locale, c coupon.Coupon) string {
	about := "No discount"
	if d := c.Discount.Sentence(); !d.IsZero() {
		about = text.T(loc, d)
	}
	var more []string
	if c.NewCustomers {
		more = append(more, "new customers only")
	}
	if c.TotalLimit > 0 {
		more = append(more, text.T(loc, text.S("at most %s times", c.TotalLimit)))
	}
	if !c.StartsAt.IsZero() {
		more = append(more, text.T(loc, text.S("from %s", text.Date(c.StartsAt))))
	}
	if !c.EndsAt.IsZero() {
		more = append(more, text.T(loc, text.S("until %s", c.EndsAt)))
	}
	return strings.Join(append([]string{about}, more...), ", ")
}

// linkAct answers the forms that pause, resume or retire a link.
func (s *Web) linkAct(next link.State) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, aff, err := s.staffAffiliate(r, access.ManagePromotion)
		if err != nil {
			return err
		}
		lnk, err := link.Get(r.Context(), s.DB, p.Program.ID, id.Link(r.PathValue("link")))
		if err != nil {
			return err
		}
		if lnk.Affiliate != aff.ID {
			return s.showNothing(w, r)
		}
		err = s.act(r, p.reader, func(tx *db.Tx) error {
			_, err := link.SetState(r.Context(), tx, p.Program.ID, lnk.ID, next)
			return err
		})
		if err != nil {
			return err
		}
		return s.done(w, r, affiliatePath(p.Program, aff.ID), "link-state")
	}
}

// couponAct answers the forms that pause, resume or retire a code.
func (s *Web) couponAct(next coupon.State) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, aff, err := s.staffAffiliate(r, access.ManagePromotion)
		if err != nil {
			return err
		}
		cpn, err := coupon.Get(r.Context(), s.DB, p.Program.ID, id.Coupon(r.PathValue("coupon")))
		if err != nil {
			return err
		}
		if cpn.Affiliate != aff.ID {
			return s.showNothing(w, r)
		}
		err = s.act(r, p.reader, func(tx *db.Tx) error {
			_, err := coupon.SetState(r.Context(), tx, p.Program.ID, cpn.ID, next)
			return err
		})
		if err != nil {
			return err
		}
		return s.done(w, r, affiliatePath(p.Program, aff.ID), "coupon-state")
	}
}

func (s *Web) showNewLink(w http.ResponseWriter, r *http.Request) error {
	p, aff, err := s.staffAffiliate(r, access.ManagePromotion)
	if err != nil {
		return err
	}
	return s.newLinkPage(w, r, p, aff, wrongs{})
}

func (s *Web) newLinkPage(w http.ResponseWriter, r *http.Request, p staff, aff affiliate.Affiliate, bad wrongs) error {
	frame, err := s.staffFrame(w, r, p, "New link", merchant.Affiliates)
	if err != nil {
		return err
	}
	frame.Notices = append(frame.Notices, bad.notices...)
	f := formOf(r, bad)
	return s.show(w, r, bad.status(), merchant.NewLinkView(merchant.NewLinkPage{
		Frame: frame, Back: affiliatePath(p.Program, aff.ID), Name: aff.Name,
		Slug:        f.field("slug", "Ending", part.Field{Before: p.Program.LinkHost + "/", Code: true, Optional: true, Help: "3 to 64 letters, digits, hyphens and underscores. Empty makes one from the name."}),
		Destination: f.field("destination", "Leads to", part.Field{Optional: true, Code: true, Hint: "/pricing", Help: "A path on your site, or a whole address on one of your sites. Empty is " + hostOf(p.Program.SiteURL) + "."}),
		Label:       f.field("label", "Label", part.Field{Optional: true, Help: "Where it will stand, such as newsletter."}),
	}))
}

func (s *Web) makeLink(w http.ResponseWriter, r *http.Request) error {
	p, aff, err := s.staffAffiliate(r, access.ManagePromotion)
	if err != nil {
		return err
	}
	if err = link.CheckOwner(aff); err == nil {
		err = s.act(r, p.reader, func(tx *db.Tx) error {
			_, err := link.Create(r.Context(), tx, p.Program, link.New{
				Affiliate: aff.ID, Name: aff.Name, Slug: r.FormValue("slug"), Destination: r.FormValue("destination"), Label: r.FormValue("label"),
			})
			return err
		})
	}
	if bad, ok := wrongsOf(err, "slug", "destination", "label"); ok {
		return s.newLinkPage(w, r, p, aff, bad)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, affiliatePath(p.Program, aff.ID), "link-made")
}
