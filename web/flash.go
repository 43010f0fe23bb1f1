package web

import (
	"net/http"

	"tributary.example/internal/serve"
	"tributary.example/web/part"
)

// flash is a quiet confirmation, shown once on the page that a form leads to.
// The cookie holds its key only: whoever writes another one sees nothing.
type flash string

const (
	flashCookie  = "trb_flash"
	flashSeconds = 60
)

// done answers a form that worked: to another page, with a confirmation there.
func (s *Web) done(w http.ResponseWriter, r *http.Request, to string, f flash) error {
	setFlash(w, r, string(f), flashSeconds)
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// takeFlash returns the confirmation that waits, once.
func takeFlash(w http.ResponseWriter, r *http.Request) []part.Notice {
	cookie, err := r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	setFlash(w, r, "", -1)
	for _, known := range []map[flash]string{staffFlashes, memberFlashes} {
		if words, ok := known[flash(cookie.Value)]; ok {
			return []part.Notice{{Tint: part.Good, Text: words}}
		}
	}
	return nil
}

func setFlash(w http.ResponseWriter, r *http.Request, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: flashCookie, Value: value, Path: "/", MaxAge: seconds,
		HttpOnly: true, Secure: serve.SecureOf(r), SameSite: http.SameSiteLaxMode,
	})
}
