package web

import (
	"net/http"
	"strings"

	"tributary.example/click"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/link"
	"tributary.example/report"
	"tributary.example/web/affiliate"
	"tributary.example/web/part"
)

// countedDays is the period of the figures beside links.
const countedDays = 365

func (s *Web) showOwnLinks(w http.ResponseWriter, r *http.Request, m member) error {
	return s.ownLinksPage(w, r, http.StatusOK, m, wrongs{})
}

func (s *Web) ownLinksPage(w http.ResponseWriter, r *http.Request, status int, m member, bad wrongs) error {
	loc, form := locale(m.Program), formOf(r, bad)
	site := strings.TrimPrefix(strings.TrimPrefix(m.Program.SiteURL, "https://"), "http://")
	page := affiliate.LinksPage{
		Base:   memberBase(m.Program),
		Rules:  text.T(loc, text.S("Whoever signs up within %s days of a click is registered under you.", m.Program.WindowDays)),
		Period: "the last 12 months", May: m.active(),
		Slug: form.field("slug", "Ending", part.Field{
			Before: m.Program.LinkHost + "/", Hint: "podcast", Code: true, Help: "3 to 64 letters, digits, hyphens or underscores.",
		}),
		Destination: form.field("destination", "Leads to", part.Field{
			Optional: true, Hint: m.Program.SiteURL + "/pricing", Help: text.T(loc, text.S("A page of %s. Empty means its start page.", site)),
		}),
	}
	var err error
	if page.Links, err = s.ownLinks(r, m, site); err != nil {
		return err
	}
	ask := ownAsk(m, report.LastDays(s.DB.Now(), countedDays, m.Program.Location()))
	drops, err := report.Drops(r.Context(), s.Clicks, ask)
	if err != nil {
		return err
	}
	for _, d := range drops {
		words := dropWords[click.Reason(d.Reason)]
		page.Drops = append(page.Drops, affiliate.Drop{Reason: words[0], Why: words[1], Hits: loc.Int(d.Hits)})
	}
	if page.Frame, err = s.memberFrame(w, r, m, "Links", affiliate.Links); err != nil {
		return err
	}
	page.Frame.Notices = append(page.Frame.Notices, bad.notices...)
	return s.show(w, r, status, affiliate.LinksView(page))
}

// dropWords is each reason for which a hit does not count: a name and what it
// means.
var dropWords = map[click.Reason][2]string{
	click.Head:          {"Link checker", "A program asked whether the link works, without opening the page."},
	click.Prefetch:      {"Loaded ahead", "A browser loaded the page before anybody clicked."},
	click.NotNavigation: {"Not opened as a page", "The link was loaded as an image, a frame or a script."},
	click.Preview:       {"Link preview", "A messenger or network fetched a preview of your link."},
	click.Bot:           {"Robot", "A program that says so itself, such as a search engine."},
	click.BlockedNet:    {"Blocked network", "The hit came from a network that the program does not count. If a person signs up after it, that still counts."},
	click.Paused:        {"Paused", "The link was paused or retired."},
	click.Suspended:     {"Not active", "You were not an active affiliate at that time."},
	click.Repeat:        {"Repeated", "The same visitor clicked the same link again within 30 seconds. If they sign up, that counts."},
}

// ownLinks are an affiliate's links that are not retired, with their figures.
func (s *Web) ownLinks(r *http.Request, m member, site string) ([]affiliate.Link, error) {
	links, err := link.OfAffiliate(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID)
	if err != nil {
		return nil, err
	}
	ask := ownAsk(m, report.LastDays(s.DB.Now(), countedDays, m.Program.Location()))
	figures, err := report.Links(r.Context(), s.Clicks, ask)
	if err != nil {
		return nil, err
	}
	clicks := map[id.Link]int64{}
	for _, f := range figures {
		clicks[f.Link] = f.Clicks
	}
	brought, err := report.LinkBrings(r.Context(), s.DB, ask)
	if err != nil {
		return nil, err
	}
	var list []affiliate.Link
	for _, l := range links {
		if l.State == link.Retired {
			continue
		}
		one := affiliate.Link{
			ID: string(l.ID), Name: string(l.Slug), URL: l.URL(), Destination: site, State: string(l.State), Default: l.Default,
			Counts: append(counted(m, clicks[l.ID], "click", "clicks"), broughtCounts(m, brought[string(l.ID)])...),
			Pause:  l.State == link.Active && m.active(), Resume: l.State == link.Paused && m.active(),
		}
		if l.Destination != "" {
			one.Destination = strings.TrimPrefix(strings.TrimPrefix(l.Destination, "https://"), "http://")
		}
		list = append(list, one)
	}
	return list, nil
}

// counted is a figure with the word for it, in its number.
func counted(m member, n int64, one, many string) []affiliate.Count {
	word := many
	if n == 1 {
		word = one
	}
	return []affiliate.Count{{Figure: locale(m.Program).Int(n), Word: word}}
}

func broughtCounts(m member, b report.Brings) []affiliate.Count {
	list := append(counted(m, b.Signups, "sign-up", "sign-ups"), counted(m, b.Customers, "customer", "customers")...)
	return append(list, affiliate.Count{Figure: locale(m.Program).Money(b.Earned, m.Program.Currency), Word: "earned"})
}

// mostOwnLinks is how many links an affiliate makes without asking: each is
// kept in the memory of every edge. The program may make more.
const mostOwnLinks = 500

func (s *Web) makeOwnLink(w http.ResponseWriter, r *http.Request, m member) error {
	err := link.CheckOwner(m.Affiliate)
	if err == nil && strings.TrimSpace(r.FormValue("slug")) == "" {
		err = fault.New(fault.Invalid, "Choose an ending for the link.").Field("slug")
	}
	if err == nil {
		err = s.act(r, m.reader, func(tx *db.Tx) error {
			all, err := link.OfAffiliate(r.Context(), tx, m.Program.ID, m.Affiliate.ID)
			if err != nil {
				return err
			}
			if len(all) >= mostOwnLinks {
				return fault.New(fault.Conflict, "You have %s links already.", len(all)).Hint("Tell places apart by sub-ids: ?sub1=newsletter.")
			}
			_, err = link.Create(r.Context(), tx, m.Program, link.New{
				Affiliate: m.Affiliate.ID, Slug: r.FormValue("slug"), Destination: r.FormValue("destination"),
			})
			return err
		})
	}
	if bad, ok := wrongsOf(err, "slug", "destination"); ok {
		return s.ownLinksPage(w, r, http.StatusUnprocessableEntity, m, bad)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, memberBase(m.Program)+"/links", "own-link-made")
}

func (s *Web) pauseOwnLink(w http.ResponseWriter, r *http.Request, m member) error {
	return s.setOwnLink(w, r, m, link.Paused, "own-paused")
}

func (s *Web) resumeOwnLink(w http.ResponseWriter, r *http.Request, m member) error {
	return s.setOwnLink(w, r, m, link.Active, "own-resumed")
}

func (s *Web) setOwnLink(w http.ResponseWriter, r *http.Request, m member, state link.State, f flash) error {
	if err := link.CheckOwner(m.Affiliate); err != nil {
		return err
	}
	err := s.act(r, m.reader, func(tx *db.Tx) error {
		l, err := ownLink(r, tx, m)
		if err != nil {
			return err
		}
		_, err = link.SetState(r.Context(), tx, m.Program.ID, l.ID, state)
		return err
	})
	if err != nil {
		return err
	}
	return s.done(w, r, memberBase(m.Program)+"/links", f)
}

// ownLink is the link of the path when it is the affiliate's own. Kinds:
// NotFound.
func ownLink(r *http.Request, q db.Reader, m member) (link.Link, error) {
	l, err := link.Get(r.Context(), q, m.Program.ID, id.Link(r.PathValue("link")))
	if err == nil && l.Affiliate != m.Affiliate.ID {
		err = fault.New(fault.NotFound, "There is no link %s.", r.PathValue("link"))
	}
	return l, err
}

// qrWidth is how many pixels a drawn code is about wide: enough for print.
const qrWidth = 1024

func (s *Web) drawQRVector(w http.ResponseWriter, r *http.Request, m member) error {
	l, err := ownLink(r, s.DB, m)
	if err != nil {
		return err
	}
	drawing, err := l.QRSVG()
	if err != nil {
		return err
	}
	return sendImage(w, "image/svg+xml", string(l.Slug)+".svg", []byte(drawing))
}

func (s *Web) drawQRPixels(w http.ResponseWriter, r *http.Request, m member) error {
	l, err := ownLink(r, s.DB, m)
	if err != nil {
		return err
	}
	drawing, err := l.QRPNG(qrWidth)
	if err != nil {
		return err
	}
	return sendImage(w, "image/png", string(l.Slug)+".png", drawing)
}

// sendImage sends a file to keep; a slug needs no quoting in its name.
func sendImage(w http.ResponseWriter, kind, name string, content []byte) error {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, _ = w.Write(content) // the reader may have gone
	return nil
}
