package web

import (
	"net/http"
	"strings"

	"tributary.example/coupon"
	"tributary.example/internal/text"
	"tributary.example/report"
	"tributary.example/web/affiliate"
)

func (s *Web) showOwnCoupons(w http.ResponseWriter, r *http.Request, m member) error {
	coupons, err := coupon.OfAffiliate(r.Context(), s.DB, m.Program.ID, m.Affiliate.ID)
	if err != nil {
		return err
	}
	// From the first day that there could be anything.
	since := report.Period{From: m.Affiliate.CreatedAt, To: s.DB.Now().AddDate(0, 0, 1), Zone: m.Program.Location()}
	brought, err := report.CouponBrings(r.Context(), s.DB, ownAsk(m, since))
	if err != nil {
		return err
	}
	page := affiliate.CouponsPage{Base: memberBase(m.Program)}
	for _, c := range coupons {
		loc := locale(m.Program)
		one := affiliate.Coupon{
			ID: string(c.ID), Code: c.Code, Offer: offer(loc, c), Limits: s.limits(loc, c), State: s.couponState(c),
			Counts: counted(m, c.Used, "use", "uses"),
		}
		one.Counts = append(one.Counts, broughtCounts(m, brought[string(c.ID)])[1:]...)
		page.Coupons = append(page.Coupons, one)
	}
	if page.Frame, err = s.memberFrame(w, r, m, "Coupons", affiliate.Coupons); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.CouponsView(page))
}

// offer says what the customer gets.
func offer(loc text.Locale, c coupon.Coupon) string {
	if c.Discount.None() {
		return "No discount"
	}
	return text.T(loc, c.Discount.Sentence())
}

// couponState is the state as it is for customers: a code whose end has come
// is ended.
func (s *Web) couponState(c coupon.Coupon) string {
	if !c.EndsAt.IsZero() && !s.DB.Now().Before(c.EndsAt) {
		return "ended"
	}
	return string(c.State)
}

// limits says until when and how often a code may be used, and by whom.
func (s *Web) limits(loc text.Locale, c coupon.Coupon) string {
	var list []string
	add := func(key string, args ...any) { list = append(list, text.T(loc, text.S(key, args...))) }
	now := s.DB.Now()
	if now.Before(c.StartsAt) {
		add("Valid from %s.", text.Date(c.StartsAt))
	}
	switch {
	case c.EndsAt.IsZero():
	case now.Before(c.EndsAt):
		add("Until %s.", text.Date(c.EndsAt))
	default:
		add("Ended on %s.", text.Date(c.EndsAt))
	}
	if c.TotalLimit > 0 {
		add("%s of %s were used.", c.Used, c.TotalLimit)
	}
	if c.NewCustomers {
		add("For new customers only.")
	}
	return strings.Join(list, " ")
}
