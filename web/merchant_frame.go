package web

import (
	"net/http"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/program"
	"tributary.example/report"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

// staffFlashes is what the staff's forms confirm.
var staffFlashes = map[flash]string{
	"invited":         "The invitation is on its way.",
	"approved":        "Approved. Link and code are ready, and an e-mail says so.",
	"rejected":        "The application is rejected, and an e-mail says so.",
	"suspended":       "Suspended. Nothing counts or is paid until you reinstate.",
	"reinstated":      "Reinstated. Links and codes count again from now on.",
	"link-made":       "The link is ready.",
	"link-state":      "The link is changed. It takes effect within a second.",
	"coupon-made":     "The code is ready.",
	"coupon-state":    "The code is changed, from now on.",
	"settings-saved":  "Settings saved.",
	"plan-saved":      "Plan saved.",
	"plan-archived":   "Plan archived. Past payments keep it.",
	"terms-made":      "The new version of the terms is written.",
	"key-revoked":     "The key is revoked.",
	"run-approved":    "The run is approved. Download the file and pay it.",
	"run-sent":        "The run is marked as sent.",
	"draft-discarded": "The draft is discarded. Nothing had moved.",
	"run-cancelled":   "The run is cancelled. Its money is payable again.",
	"run-settled":     "All sent payouts are settled.",
	"payout-settled":  "The payout is settled.",
	"payout-failed":   "The payout is marked as failed. Its money is payable again.",
}

// staffBase is where the pages of a program's staff begin.
func staffBase(p program.Program) string { return "/p/" + p.Slug }

// staffFrame is what stands around every page of the staff.
func (s *Web) staffFrame(w http.ResponseWriter, r *http.Request, p staff, title string, here merchant.Place) (part.Frame, error) {
	f := part.Frame{
		Title: title, Program: p.Program.Name, Person: p.Person.Name, Mail: p.Person.Email, SignOut: "/sign-out",
		Side: part.Side(p.Program.Side), Notices: takeFlash(w, r),
	}
	waits, err := s.waits(r, p)
	if err != nil {
		return f, err
	}
	f.Places = merchant.Places(staffBase(p.Program), here, waits)
	return f, s.staffPrograms(r, p, here, &f)
}

// waits counts what waits for the staff, by place.
func (s *Web) waits(r *http.Request, p staff) (map[merchant.Place]string, error) {
	waiting, err := report.WaitingFor(r.Context(), s.DB, p.Program.ID)
	waits := map[merchant.Place]string{}
	for place, n := range map[merchant.Place]int64{
		merchant.Affiliates: waiting.Applications, merchant.Commissions: waiting.Reviews, merchant.Payouts: waiting.Runs,
	} {
		if n > 0 {
			waits[place] = locale(p.Program).Int(n)
		}
	}
	return waits, err
}

// staffPrograms lists where else the reader is on the staff: other programs by
// their live side, and this one's other side.
func (s *Web) staffPrograms(r *http.Request, p staff, here merchant.Place, f *part.Frame) error {
	places, err := access.ProgramsOf(r.Context(), s.DB, p.Person.ID)
	if err != nil {
		return err
	}
	for _, place := range places {
		prog, err := program.Get(r.Context(), s.DB, place.Program)
		if err != nil {
			return err
		}
		if prog.ID == p.Program.ID || prog.ID == p.Program.Twin {
			linkSide(f, prog, here)
		}
		if prog.Side == program.Live || !hasPlace(places, prog.Twin) {
			f.Programs = append(f.Programs, part.Choice{
				Name: prog.Name, Href: staffBase(prog), Here: prog.ID == p.Program.ID || prog.Twin == p.Program.ID,
			})
		}
	}
	return nil
}

func linkSide(f *part.Frame, prog program.Program, here merchant.Place) {
	href := staffBase(prog) + placePath(here)
	if prog.Side == program.Test {
		f.TestHref = href
		return
	}
	f.LiveHref = href
}

func hasPlace(places []access.Staff, prog id.Program) bool {
	for _, p := range places {
		if p.Program == prog {
			return true
		}
	}
	return false
}

// placePath is a place's address below the base.
func placePath(here merchant.Place) string {
	if here == merchant.Overview {
		return ""
	}
	return "/" + string(here)
}

// act runs a use case in a transaction in which the reader acts.
func (s *Web) act(r *http.Request, p reader, fn func(tx *db.Tx) error) error {
	return s.DB.Write(r.Context(), p.actor(r), fn)
}
