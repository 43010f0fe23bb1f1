package web

import (
	"net/http"

	"tributary.example/web/affiliate"
	"tributary.example/web/part"
)

// detailsPage shows the form of payout details: what is kept is shown masked
// and never put into the fields.
func (s *Web) detailsPage(w http.ResponseWriter, r *http.Request, status int, m member, bad wrongs) error {
	known, _, err := s.detailsOf(r, m)
	if err != nil {
		return err
	}
	f := formOf(r, bad)
	page := affiliate.DetailsPage{
		Base: memberBase(m.Program), Known: known, Note: "They are kept sealed, and used by every payout that is approved from now on.",
		Rail:   f.field("rail", "How you want to be paid", part.Field{Value: rails[0].Value, Options: append([]part.Option(nil), rails...)}),
		Holder: f.field("holder", "Account holder", part.Field{Value: m.Affiliate.Name, Auto: "name"}),
		Account: f.field("account", "Account", part.Field{
			Code: true, Help: "The IBAN, the PayPal address, or what you agreed on.", Auto: "off",
		}),
	}
	if page.Frame, err = s.memberFrame(w, r, m, "Payout details", affiliate.Payouts); err != nil {
		return err
	}
	page.Frame.Notices = append(page.Frame.Notices, bad.notices...)
	return s.show(w, r, status, affiliate.DetailsView(page))
}
