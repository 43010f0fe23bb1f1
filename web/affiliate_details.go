package web

import (
	"net/http"

	"tributary.example/affiliate"
	"tributary.example/internal/db"
	"tributary.example/internal/text"
	"tributary.example/web/part"
)

// rails are the ways to be paid that an affiliate may choose.
var rails = []part.Option{
	{Value: string(affiliate.RailBank), Name: "Bank transfer", About: "To an account with an IBAN."},
	{Value: string(affiliate.RailPayPal), Name: "PayPal", About: "To the e-mail address that you sign in with there."},
	{Value: string(affiliate.RailManual), Name: "As agreed", About: "In the words that you and the program agreed on."},
}

var detailFields = []string{"rail", "holder", "account"}

// detailsOf shows the payout details in use, masked; ok is false when there
// are none.
func (s *Web) detailsOf(r *http.Request, m member) (facts []part.Fact, ok bool, err error) {
	stored, ok, err := affiliate.DetailsOf(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID)
	if err != nil || !ok {
		return nil, false, err
	}
	facts = []part.Fact{
		{Name: "Paid by", Value: part.Words(railName(stored.Rail))},
		{Name: "Account", Value: part.Words(stored.Shown)},
		{Name: "Since", Value: part.Words(locale(m.Program).Date(stored.CreatedAt))},
	}
	return facts, true, nil
}

func railName(rail affiliate.Rail) string {
	for _, o := range rails {
		if o.Value == string(rail) {
			return o.Name
		}
	}
	return text.Unknown
}

func (s *Web) showDetails(w http.ResponseWriter, r *http.Request, m member) error {
	return s.detailsPage(w, r, http.StatusOK, m, wrongs{})
}

func (s *Web) saveDetails(w http.ResponseWriter, r *http.Request, m member) error {
	err := s.act(r, m.reader, func(tx *db.Tx) error {
		_, err := affiliate.PutDetails(r.Context(), tx, s.Root, m.Program.ID, m.Affiliate.ID, affiliate.Details{
			Rail: affiliate.Rail(r.FormValue("rail")), Holder: r.FormValue("holder"), Account: r.FormValue("account"),
		})
		return err
	})
	if bad, ok := wrongsOf(err, detailFields...); ok {
		return s.detailsPage(w, r, http.StatusUnprocessableEntity, m, bad)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, memberBase(m.Program)+"/payouts", "own-details")
}
