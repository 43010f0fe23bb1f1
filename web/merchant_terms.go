package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/text"
	"tributary.example/program"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

const planRate = "plan_" // begins the names of the plans' own rates

func (s *Web) showTerms(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	return s.termsPage(w, r, p, wrongs{})
}

func (s *Web) termsPage(w http.ResponseWriter, r *http.Request, p staff, bad wrongs) error {
	frame, err := s.staffFrame(w, r, p, "Terms", merchant.Settings)
	if err != nil {
		return err
	}
	frame.Notices = append(frame.Notices, bad.notices...)
	all, err := program.ListTerms(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(t program.Terms) bool { return t.Scope != p.Program.Scope() })
	present, err := program.TermsFor(r.Context(), s.DB, p.Program.ID, []program.Scope{p.Program.Scope()}, s.DB.Now())
	if err != nil {
		return err
	}
	plans, err := program.Plans(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	shape, whole := shapeOf(present.Rules)
	page := merchant.TermsPage{
		Frame: frame, Base: staffBase(p.Program), Change: access.Can(p.Role, access.ChangeTerms), Beyond: !whole,
		Versions: termsVersions(p.Program, all, present, s.DB.Now()),
	}
	f := formOf(r, bad)
	page.Fields = f.termsFields(shape, p.Program)
	for _, plan := range plans {
		page.Plans = append(page.Plans, f.field(planRate+plan.Code, "On "+plan.Name, part.Field{Optional: true, Help: "Empty is the general rate.", Value: rateInput(shape.Plans[plan.Code])}))
	}
	page.Keep = f.field("binding", "Customers who signed up before", part.Field{Value: string(p.Program.Binding), Options: []part.Option{
		{Value: string(program.Keep), Name: "Keep their terms", About: "Nobody's deal gets worse behind their back."},
		{Value: string(program.Follow), Name: "Follow the new version", About: "For their payments from its start on."},
	}})
	return s.show(w, r, bad.status(), merchant.TermsView(page))
}

func (f form) termsFields(shape termsShape, p program.Program) []part.Field {
	n := figure(shape.Duration.N)
	return []part.Field{
		f.field("rate", "Each payment earns", part.Field{Value: rateInput(shape.Rate), Help: "A percentage such as 20, or an amount such as 5.00 " + p.Currency + ". For several currencies: 5.00 EUR / 6.00 USD."}),
		f.field("first_rate", "The first payment earns", part.Field{Optional: true, Value: rateInput(shape.First), Help: "Empty means the same as each."}),
		f.field("duration", "For", part.Field{Value: string(shape.Duration.Kind), Options: []part.Option{
			{Value: string(program.Lifetime), Name: "life, while the customer stays"}, {Value: string(program.Months), Name: "a number of months from the first payment"}, {Value: string(program.Payments), Name: "a number of payments"},
		}}),
		f.field("duration_n", "How many", part.Field{Optional: true, Mode: "numeric", Value: n, Help: "Of months or payments."}),
		f.field("signup", "A sign-up earns", part.Field{Optional: true, Value: rateInput(shape.Signup), Help: "An amount, once per customer, with the first payment."}),
		f.field("onboarding", "An onboarding earns", part.Field{Optional: true, Value: rateInput(shape.Onboarding), Help: "An amount, once per customer, with the first payment."}),
		f.field("starts_at", "In force from", part.Field{Optional: true, Type: "date", Help: "Empty is at once."}),
		f.field("note", "Note", part.Field{Optional: true, Help: "What is new; affiliates read it."}),
	}
}

// termsVersions are all versions, the newest first.
func termsVersions(p program.Program, all []program.Terms, present program.Terms, now time.Time) []merchant.TermsVersion {
	loc := locale(p)
	var list []merchant.TermsVersion
	for _, t := range all {
		v := merchant.TermsVersion{Name: "Version " + strconv.Itoa(t.Version), State: "archived", Since: text.T(loc, text.S("From %s", text.Date(t.StartsAt)))}
		switch {
		case t.ID == present.ID:
			v.State, v.Since = "in_force", text.T(loc, text.S("Since %s", text.Date(t.StartsAt)))
		case t.StartsAt.After(now):
			v.State = "announced"
		}
		if t.Note != "" {
			v.Since += ". " + t.Note
		}
		for _, rule := range t.Rules {
			v.Lines = append(v.Lines, part.Line{Name: ruleName(rule), Note: ruleNote(loc, rule), Figure: rateShown(loc, rule.Rate)})
		}
		list = append(list, v)
	}
	return list
}

func (s *Web) saveTerms(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.ChangeTerms)
	if err != nil {
		return err
	}
	plans, err := program.Plans(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	known := []string{"rate", "first_rate", "signup", "onboarding", "duration", "duration_n", "starts_at", "note", "binding"}
	for _, plan := range plans {
		known = append(known, planRate+plan.Code)
	}
	terms, settings, err := newTerms(r, p.Program, plans, s.DB.Now())
	if err == nil {
		err = s.act(r, p.reader, func(tx *db.Tx) error {
			if _, err := program.PutTerms(r.Context(), tx, p.Program.ID, terms); err != nil || settings.Binding == p.Program.Binding {
				return err
			}
			_, err := program.Update(r.Context(), tx, p.Program.ID, settings)
			return err
		})
	}
	if bad, ok := wrongsOf(err, known...); ok {
		return s.termsPage(w, r, p, bad)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, staffBase(p.Program)+"/settings/terms", "terms-made")
}

const longestNote = 300

// newTerms reads the form. Each mistake is told beside its field.
func newTerms(r *http.Request, p program.Program, plans []program.Plan, now time.Time) (program.Terms, program.Settings, error) {
	in := inputOf(r, p)
	shape := termsShape{
		Rate: in.rate("rate"), First: in.rate("first_rate"), Signup: in.amounts("signup"), Onboarding: in.amounts("onboarding"),
		Duration: program.Duration{Kind: program.DurationKind(in.text("duration")), N: in.number("duration_n")}, Plans: map[string]program.Rate{},
	}
	if in.text("rate") == "" {
		in.fail("rate", fault.New(fault.Invalid, "Say what each payment earns; 0 is nothing."))
	}
	if shape.Duration.Kind == program.Lifetime {
		shape.Duration.N = 0
	} else if shape.Duration.N == 0 {
		in.fail("duration_n", fault.New(fault.Invalid, "Say for how many, from 1 on."))
	}
	for _, plan := range plans {
		if in.text(planRate+plan.Code) != "" {
			shape.Plans[plan.Code] = in.rate(planRate + plan.Code)
		}
	}
	t := program.Terms{Scope: p.Scope(), StartsAt: in.day("starts_at"), Note: in.text("note"), Rules: shape.rules()}
	if len(t.Note) > longestNote {
		in.fail("note", fault.New(fault.Invalid, "The note is longer than %s characters.", longestNote))
	}
	if !t.StartsAt.IsZero() && !t.StartsAt.After(now) && now.Before(t.StartsAt.AddDate(0, 0, 1)) {
		t.StartsAt = time.Time{} // today: at once
	}
	settings := p.Settings
	if settings.Binding = program.Binding(in.text("binding")); settings.Binding == "" {
		settings.Binding = p.Binding
	}
	return t, settings, in.err()
}

// amounts is a rate that must not be a percentage.
func (in *input) amounts(field string) program.Rate {
	rate := in.rate(field)
	if rate.PPM > 0 {
		in.fail(field, fault.New(fault.Invalid, "A sign-up or onboarding commission is a fixed amount.").Hint("Write an amount such as 5.00 EUR."))
	}
	return rate
}
