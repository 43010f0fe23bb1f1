package web

import (
	"net/http"

	"tributary.example/affiliate"
	"tributary.example/customer"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/text"
	"tributary.example/link"
	"tributary.example/program"
	"tributary.example/referral"
)

// namer finds the names of one page's ids, each once.
type namer struct {
	s          *Web
	r          *http.Request
	prog       program.Program
	loc        text.Locale
	affiliates map[id.Affiliate]string
}

func (s *Web) namerOf(r *http.Request, prog program.Program) *namer {
	return &namer{s: s, r: r, prog: prog, loc: locale(prog), affiliates: map[id.Affiliate]string{}}
}

// affiliate is an affiliate's name, "" for nobody.
func (n *namer) affiliate(aff id.Affiliate) (string, error) {
	if name, ok := n.affiliates[aff]; ok || aff == "" {
		return name, nil
	}
	a, err := affiliate.Get(n.r.Context(), n.s.DB, n.prog.ID, aff)
	n.affiliates[aff] = a.Name
	return a.Name, err
}

// stepWords is when evidence was handed in.
var stepWords = map[customer.StepKind]string{
	customer.SignedUp: "at sign-up", customer.Onboarded: "at onboarding", customer.AtPayment: "with the first payment",
}

// touch names a piece of evidence: "Link go.shop.example/jane of Jane Doe".
func (n *namer) touch(e referral.Evidence) (string, error) {
	of := ""
	if name, err := n.affiliate(e.Affiliate); err != nil {
		return "", err
	} else if name != "" {
		of = " of " + name
	}
	switch {
	case e.Kind == referral.ByClaim:
		return "Claim" + of, nil
	case e.Kind == referral.ByCoupon && e.Flaw == referral.FlawUnreadable:
		return "Something that is no code", nil
	case e.Kind == referral.ByCoupon:
		return "Code " + e.Source + of, nil
	case e.Link == "":
		return "A token", nil
	}
	lnk, err := link.Get(n.r.Context(), n.s.DB, n.prog.ID, e.Link)
	if fault.Is(err, fault.NotFound) {
		return "A link" + of, nil
	}
	return "Link " + lnk.Host + "/" + string(lnk.Slug) + of, err
}
