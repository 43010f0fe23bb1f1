package api

import (
	"context"
	"net/http"
	"time"

	"tributary.example/access"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

func (a API) customerRoutes() {
	handle(a, get("/v1/customers").as("listCustomers", access.ReadCustomers, "Customers", "List customers, the newest first"), a.listCustomers)
	handle(a, get("/v1/customers/{customer_id}").as("getCustomer", access.ReadCustomers, "Customers", "Read a customer by your own id"), a.getCustomer)
	handle(a, post("/v1/customers/{customer_id}/state").as("setCustomerState", access.WriteCustomers, "Customers", "Report a customer's state").
		saying("Late news is placed by its own time. An inactive customer's payments still earn; a program may let the claim lapse after a while."), a.setCustomerState)
}

type customerView struct {
	ID          string     `json:"id"`
	CustomerID  string     `json:"customer_id" doc:"Your own id."`
	Email       string     `json:"email,omitempty"`
	Plan        string     `json:"plan,omitempty" doc:"Chosen last."`
	State       string     `json:"state,omitempty" doc:"Absent while nothing but the id is known."`
	StateAt     *time.Time `json:"state_at,omitempty"`
	SignedUpAt  *time.Time `json:"signed_up_at,omitempty"`
	OnboardedAt *time.Time `json:"onboarded_at,omitempty"`
	FirstPaidAt *time.Time `json:"first_paid_at,omitempty" doc:"Of the first payment above zero."`
	CreatedAt   time.Time  `json:"created_at"`
}

func viewCustomer(c customer.Customer) customerView {
	v := customerView{
		ID: string(c.ID), CustomerID: c.ExternalID, Email: c.Email, Plan: c.PlanCode, State: string(c.State), StateAt: known(c.StateAt),
		SignedUpAt: known(c.SignedUpAt), OnboardedAt: known(c.OnboardedAt), FirstPaidAt: known(c.FirstPaidAt), CreatedAt: c.CreatedAt,
	}
	if c.State == "" {
		v.StateAt = nil
	}
	return v
}

type listCustomersIn struct {
	Page
	State string `query:"state" enum:"signed_up,trial,onboarded,active,past_due,paused,inactive,erased"`
}

func (a API) listCustomers(ctx context.Context, in *listCustomersIn) (*found[list[customerView]], error) {
	before, err := afterID[id.Customer](in.Page)
	if err != nil {
		return nil, err
	}
	page := customer.Page{State: customer.State(in.State), Before: before, Limit: in.ask()}
	all, err := customer.List(ctx, a.DB, callerOf(ctx).prog.ID, page)
	return show(pageOf(all, in.Limit, func(c customer.Customer) string { return string(c.ID) }, viewCustomer), err)
}

type customerIn struct {
	CustomerID string `path:"customer_id" doc:"Your own id."`
}

func (a API) getCustomer(ctx context.Context, in *customerIn) (*found[customerView], error) {
	external, err := pathText(in.CustomerID)
	if err != nil {
		return nil, err
	}
	cus, err := customer.ByExternalID(ctx, a.DB, callerOf(ctx).prog.ID, external)
	return show(viewCustomer(cus), err)
}

type setCustomerStateIn struct {
	Once
	CustomerID string `path:"customer_id" doc:"Your own id."`
	Body       struct {
		State string    `json:"state" enum:"signed_up,trial,onboarded,active,past_due,paused,inactive"`
		At    time.Time `json:"at,omitzero" doc:"When it began; now when it is not sent."`
	}
}

func (a API) setCustomerState(ctx context.Context, in *setCustomerStateIn) (*answer[customerView], error) {
	external, err := pathText(in.CustomerID)
	if err != nil {
		return nil, err
	}
	c := callerOf(ctx)
	change := customer.Change{At: in.Body.At, State: customer.State(in.Body.State), Source: customer.SourceAPI}
	return write(ctx, a, func(tx *db.Tx) (customerView, int, error) {
		cus, err := customer.ByExternalID(ctx, tx, c.prog.ID, external)
		if err != nil {
			return customerView{}, 0, err
		}
		cus, err = flow.SetCustomerState(ctx, tx, c.prog, cus.ID, change)
		return viewCustomer(cus), http.StatusOK, err
	})
}
