package web

import (
	"net/http"
	"strings"

	"tributary.example/coupon"
	"tributary.example/internal/text"
	"tributary.example/program"
	"tributary.example/web/affiliate"
	"tributary.example/web/part"
)

// showGuide compares link and coupon with the affiliate's own.
func (s *Web) showGuide(w http.ResponseWriter, r *http.Request, m member) error {
	loc := locale(m.Program)
	terms, err := program.TermsFor(r.Context(), s.DB, m.Program.ID, ownScopes(m), s.DB.Now())
	if err != nil {
		return err
	}
	policy, err := program.PolicyAt(r.Context(), s.DB, m.Program.ID, s.DB.Now())
	if err != nil {
		return err
	}
	page := affiliate.GuidePage{
		Base: memberBase(m.Program), Tracks: text.T(loc, tracks(m.Program)),
		Rate: rateSentence(loc, m.Program, terms), Both: bothSentence(policy),
	}
	if page.Link, page.Code, err = s.shareOf(r, m); err != nil {
		return err
	}
	if page.Discount, err = s.discountOf(r, m, page.Code.Value); err != nil {
		return err
	}
	if page.Frame, err = s.memberFrame(w, r, m, "Link or coupon", affiliate.Guide); err != nil {
		return err
	}
	if err := s.announce(r, m, &page.Frame); err != nil {
		return err
	}
	return s.show(w, r, http.StatusOK, affiliate.GuideView(page))
}

// announce puts terms that start later on the page, before they do.
func (s *Web) announce(r *http.Request, m member, frame *part.Frame) error {
	all, err := program.ListTerms(r.Context(), s.DB, m.Program.ID)
	if err != nil {
		return err
	}
	now := s.DB.Now()
	var next program.Terms
	for _, t := range all {
		if !t.StartsAt.After(now) || !next.StartsAt.IsZero() && !t.StartsAt.Before(next.StartsAt) {
			continue
		}
		won, err := program.TermsFor(r.Context(), s.DB, m.Program.ID, ownScopes(m), t.StartsAt)
		if err != nil {
			return err
		}
		if won.ID == t.ID {
			next = t
		}
	}
	if !next.StartsAt.IsZero() {
		frame.Notices = append(frame.Notices, announced(m.Program, next))
	}
	return nil
}

// announced says what a later version of the terms will pay, and for whom.
func announced(prog program.Program, next program.Terms) part.Notice {
	loc := locale(prog)
	who := "Customers who signed up before keep their terms."
	if prog.Binding == program.Follow {
		who = "It holds for all your customers' payments from then on."
	}
	if next.Note != "" {
		who = strings.TrimSuffix(next.Note, ".") + ". " + who
	}
	return part.Notice{Text: text.T(loc, text.S("New terms from %s: %s.", text.Date(next.StartsAt), rateSentence(loc, prog, next))), Hint: who}
}

// tracks says what a click does, by what the program lets it store.
func tracks(p program.Program) text.Sentence {
	switch p.Mode {
	case program.ModeConsent:
		return text.S("A click is remembered for %s days in a first-party cookie, once the visitor agrees.", p.WindowDays)
	case program.ModeCookieless:
		return text.S("A click travels with the visitor from page to page, without a cookie, and counts for %s days.", p.WindowDays)
	}
	return text.S("A click stores a first-party cookie, for %s days.", p.WindowDays)
}

// ownScopes is where an affiliate's terms may stand, the most specific first.
func ownScopes(m member) []program.Scope {
	return []program.Scope{
		{Kind: program.ScopeAffiliate, ID: string(m.Affiliate.ID)}, {Kind: program.ScopeGroup, ID: string(m.Affiliate.Group)}, m.Program.Scope(),
	}
}

// rateSentence says what a payment earns.
func rateSentence(loc text.Locale, prog program.Program, terms program.Terms) string {
	rates, d := paymentRates(loc, prog, terms)
	if rates == "" {
		return "As your terms say"
	}
	return ofPayments(rates, "each payment") + durationText(d) + ", while the customer is active"
}

// bothSentence says what happens when a customer uses a link and a code.
func bothSentence(p program.Policy) string {
	const own = "If one customer uses both of yours, it is one referral and one commission, with both pieces recorded. "
	switch p.Credit {
	case program.LinkFirst:
		return own + "Against another affiliate's code a click on your link wins in this program."
	case program.CouponIfInvolved:
		return own + "Against another affiliate's link your code wins in this program if the customer also clicked a link of yours."
	}
	return own + "Against another affiliate's link your code wins in this program, because typing a code is a deliberate act."
}

// discountOf is what a code gives, "" when it gives nothing.
func (s *Web) discountOf(r *http.Request, m member, code string) (string, error) {
	if code == "" {
		return "", nil
	}
	canonical, err := coupon.ParseCode(code)
	if err != nil {
		return "", err
	}
	c, ok, err := coupon.ByCode(r.Context(), s.DB, m.Program.ID, canonical)
	if err != nil || !ok || c.Discount.None() {
		return "", err
	}
	return text.T(locale(m.Program), c.Discount.Sentence()), nil
}
