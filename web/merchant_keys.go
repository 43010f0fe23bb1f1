package web

import (
	"net/http"
	"time"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

// callsPath is where the JSON API describes itself.
const callsPath = "/v1/openapi.json"

func (s *Web) showKeys(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	return s.keysPage(w, r, p, nil, wrongs{})
}

func (s *Web) keysPage(w http.ResponseWriter, r *http.Request, p staff, made *merchant.KeyMade, bad wrongs) error {
	frame, err := s.staffFrame(w, r, p, "API keys", merchant.Keys)
	if err != nil {
		return err
	}
	frame.Notices = append(frame.Notices, bad.notices...)
	keys, err := access.Keys(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	f := formOf(r, bad)
	page := merchant.KeysPage{
		Frame: frame, Base: staffBase(p.Program), Made: made, Calls: callsPath, Make: access.Can(p.Role, access.ManageKeys),
		Name: f.field("name", "Name", part.Field{Hint: "production server", Help: "Where the key lives, so that you know it again."}),
		Kind: f.field("kind", "Kind", part.Field{Value: string(access.Secret), Options: []part.Option{
			{Value: string(access.Secret), Name: "Secret", About: "For your server: reports sign-ups and payments."},
			{Value: string(access.Publishable), Name: "Publishable", About: "For a page: quotes coupons, records clicks."},
		}}),
	}
	if made != nil {
		page.Name.Value = ""
	}
	for _, k := range keys {
		page.Rows = append(page.Rows, keyRow(locale(p.Program), k, page.Make, s.DB.Now()))
	}
	return s.show(w, r, bad.status(), merchant.KeysView(page))
}

func keyRow(loc text.Locale, k access.Key, may bool, now time.Time) merchant.KeyRow {
	row := merchant.KeyRow{
		ID: string(k.ID), Name: k.Label, Begin: k.Shown, Kind: capital(string(k.Kind)), State: "active",
		Made: loc.Date(k.CreatedAt), Used: "not yet", Can: may,
	}
	if row.Name == "" {
		row.Name = "Without a name"
	}
	if !k.UsedAt.IsZero() {
		row.Used = loc.Time(k.UsedAt)
	}
	switch {
	case !k.RevokedAt.IsZero():
		row.State, row.Can = "revoked", false
	case !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt):
		row.State = "expired"
	}
	return row
}

// makeKey answers with the page itself: the key is shown this once, and no
// address leads back to it.
func (s *Web) makeKey(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.ManageKeys)
	if err != nil {
		return err
	}
	n := access.NewKey{Kind: access.KeyKind(r.FormValue("kind")), Label: r.FormValue("name")}
	var key access.Key
	var secret string
	if n.Label == "" {
		err = fault.New(fault.Invalid, "Name the key, so that you know it again.").Field("name")
	}
	if err == nil {
		err = s.act(r, p.reader, func(tx *db.Tx) (err error) {
			key, secret, err = access.CreateKey(r.Context(), tx, p.Program, n)
			return err
		})
	}
	if bad, ok := wrongsOf(renamed(err, map[string]string{"label": "name"}), "name", "kind"); ok {
		return s.keysPage(w, r, p, nil, bad)
	}
	if err != nil {
		return err
	}
	made := &merchant.KeyMade{Name: key.Label, Secret: secret}
	if key.Kind == access.Secret {
		made.Try = "curl " + s.URL + "/v1/program -H 'Authorization: Bearer " + secret + "'"
	}
	return s.keysPage(w, r, p, made, wrongs{})
}

func (s *Web) revokeKey(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.ManageKeys)
	if err != nil {
		return err
	}
	err = s.act(r, p.reader, func(tx *db.Tx) error {
		return access.RevokeKey(r.Context(), tx, p.Program.ID, id.Key(r.PathValue("key")))
	})
	if err != nil {
		return err
	}
	return s.done(w, r, staffBase(p.Program)+"/keys", "key-revoked")
}
