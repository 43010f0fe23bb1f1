package api

import (
	"context"
	"net/http"
	"time"

	"tributary.example/internal/db"
	"tributary.example/program"
)

type planView struct {
	ID        string    `json:"id"`
	Code      string    `json:"code" doc:"What payments and sign-ups name."`
	Name      string    `json:"name"`
	Currency  string    `json:"currency"`
	Price     int64     `json:"price" doc:"List price in minor units."`
	Period    string    `json:"period" enum:"month,year,once"`
	CreatedAt time.Time `json:"created_at"`
}

func viewPlan(p program.Plan) planView {
	return planView{
		ID: string(p.ID), Code: p.Code, Name: p.Name, Currency: p.Currency, Price: p.PriceMinor, Period: string(p.Period), CreatedAt: p.CreatedAt,
	}
}

func (a API) listPlans(ctx context.Context, _ *struct{}) (*found[list[planView]], error) {
	all, err := program.Plans(ctx, a.DB, callerOf(ctx).prog.ID)
	return show(whole(all, viewPlan), err)
}

type putPlanIn struct {
	Once
	Body struct {
		Code     string `json:"code" maxLength:"40"`
		Name     string `json:"name,omitempty" maxLength:"100"`
		Currency string `json:"currency,omitempty" doc:"The program's when it is not sent."`
		Price    int64  `json:"price" doc:"List price in minor units."`
		Period   string `json:"period,omitempty" enum:"month,year,once" default:"month"`
	}
}

func (a API) putPlan(ctx context.Context, in *putPlanIn) (*answer[planView], error) {
	n := program.NewPlan{
		Code: in.Body.Code, Name: in.Body.Name, Currency: in.Body.Currency, PriceMinor: in.Body.Price, Period: program.Period(in.Body.Period),
	}
	return write(ctx, a, func(tx *db.Tx) (planView, int, error) {
		plan, err := program.PutPlan(ctx, tx, callerOf(ctx).prog, n)
		return viewPlan(plan), http.StatusOK, err
	})
}
