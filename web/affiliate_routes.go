package web

import (
	"net/http"
)

// affiliateRoutes is every page and form of an affiliate.
func (s *Web) affiliateRoutes() map[string]handler {
	return map[string]handler{
		"GET /a/{program}":                          s.own(s.showOwnOverview),
		"POST /a/{program}/accept":                  s.acceptInvitation,
		"GET /a/{program}/links":                    s.own(s.showOwnLinks),
		"POST /a/{program}/links":                   s.own(s.makeOwnLink),
		"POST /a/{program}/links/{link}/pause":      s.own(s.pauseOwnLink),
		"POST /a/{program}/links/{link}/resume":     s.own(s.resumeOwnLink),
		"GET /a/{program}/links/{link}/qr.svg":      s.own(s.drawQRVector),
		"GET /a/{program}/links/{link}/qr.png":      s.own(s.drawQRPixels),
		"GET /a/{program}/coupons":                  s.own(s.showOwnCoupons),
		"GET /a/{program}/guide":                    s.own(s.showGuide),
		"GET /a/{program}/referrals":                s.own(s.showOwnReferrals),
		"GET /a/{program}/referrals/{referral}":     s.own(s.showOwnReferral),
		"GET /a/{program}/commissions":              s.own(s.showOwnCommissions),
		"GET /a/{program}/commissions/{commission}": s.own(s.showOwnCommission),
		"GET /a/{program}/payouts":                  s.own(s.showOwnPayouts),
		"GET /a/{program}/payouts/{payout}":         s.own(s.showOwnPayout),
		"GET /a/{program}/payout-details":           s.own(s.showDetails),
		"POST /a/{program}/payout-details":          s.own(s.saveDetails),
	}
}

// ownHandler is a handler of an affiliate who has something to see.
type ownHandler func(w http.ResponseWriter, r *http.Request, m member) error

// own finds the affiliate. Who was never active is told where the enrolment
// stands, whatever page was asked for.
func (s *Web) own(handle ownHandler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		m, err := s.asMember(r)
		if err != nil {
			return err
		}
		if st, ok := standingOf(m); ok && st.Bare {
			return s.showStanding(w, r, m, st)
		}
		return handle(w, r, m)
	}
}
