package web

import (
	"net/http"

	"tributary.example/access"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/money"
	"tributary.example/program"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

var planFields = []string{"code", "name", "price", "period"}

// everyWords is how often a plan is paid, in words.
var everyWords = map[program.Period]string{program.Monthly: "each month", program.Yearly: "each year", program.Once: "once"}

func (s *Web) showPlans(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.See)
	if err != nil {
		return err
	}
	return s.plansPage(w, r, p, wrongs{})
}

func (s *Web) plansPage(w http.ResponseWriter, r *http.Request, p staff, bad wrongs) error {
	frame, err := s.staffFrame(w, r, p, "Plans", merchant.Settings)
	if err != nil {
		return err
	}
	frame.Notices = append(frame.Notices, bad.notices...)
	plans, err := program.Plans(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	f, loc := formOf(r, bad), locale(p.Program)
	page := merchant.PlansPage{
		Frame: frame, Base: staffBase(p.Program), Add: access.Can(p.Role, access.ChangeTerms),
		Code:  f.field("code", "Code", part.Field{Code: true, Hint: "starter", Help: "Your server names the plan like this."}),
		Name:  f.field("name", "Name", part.Field{Optional: true}),
		Price: f.field("price", "Price", part.Field{After: p.Program.Currency, Mode: "decimal", Help: "The list price; a commission is on what was really paid."}),
		Every: f.field("period", "Paid", part.Field{Value: string(program.Monthly), Options: []part.Option{
			{Value: string(program.Monthly), Name: "each month"}, {Value: string(program.Yearly), Name: "each year"}, {Value: string(program.Once), Name: "once"},
		}}),
	}
	for _, plan := range plans {
		page.Rows = append(page.Rows, merchant.PlanRow{
			ID: string(plan.ID), Code: plan.Code, Name: plan.Name, Price: loc.Money(plan.PriceMinor, plan.Currency),
			Every: everyWords[plan.Period], Can: page.Add,
		})
	}
	return s.show(w, r, bad.status(), merchant.PlansView(page))
}

func (s *Web) savePlan(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.ChangeTerms)
	if err != nil {
		return err
	}
	in := inputOf(r, p.Program)
	n := program.NewPlan{
		Code: in.text("code"), Name: in.text("name"), PriceMinor: in.minor("price", money.Currency(p.Program.Currency)),
		Period: program.Period(in.text("period")),
	}
	if err = in.err(); err == nil {
		err = s.act(r, p.reader, func(tx *db.Tx) error {
			_, err := program.PutPlan(r.Context(), tx, p.Program, n)
			return err
		})
	}
	if bad, ok := wrongsOf(err, planFields...); ok {
		return s.plansPage(w, r, p, bad)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, staffBase(p.Program)+"/settings/plans", "plan-saved")
}

func (s *Web) archivePlan(w http.ResponseWriter, r *http.Request) error {
	p, err := s.asStaff(r, access.ChangeTerms)
	if err != nil {
		return err
	}
	err = s.act(r, p.reader, func(tx *db.Tx) error {
		_, err := program.ArchivePlan(r.Context(), tx, p.Program.ID, id.Plan(r.PathValue("plan")))
		return err
	})
	if err != nil {
		return err
	}
	return s.done(w, r, staffBase(p.Program)+"/settings/plans", "plan-archived")
}
