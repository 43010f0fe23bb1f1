package api

import (
	"context"
	"time"

	"tributary.example/access"
	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/payment"
)

func (a API) paymentRoutes() {
	handle(a, post("/v1/payments").as("createPayment", access.WritePayments, "Payments", "Report a payment").creates().repeats().
		saying("Renewals too, and payments of customers without a referral: they are recorded and earn nothing, until a sign-up with an "+
			"earlier time arrives. The same payment_id again is the same payment; with another content it is refused."), a.createPayment)
	handle(a, get("/v1/payments").as("listPayments", access.ReadPayments, "Payments", "List payments, those recorded last first"), a.listPayments)
	handle(a, get("/v1/payments/{payment_id}").as("getPayment", access.ReadPayments, "Payments", "Read a payment with its refunds and commissions"), a.getPayment)
	handle(a, post("/v1/payments/{payment_id}/refunds").as("createRefund", access.WritePayments, "Payments", "Report money given back").creates().repeats().
		saying("The commission follows in proportion; after a full refund it is zero."), a.createRefund)
}

type paymentLine struct {
	Plan   string `json:"plan,omitempty" maxLength:"40"`
	Amount int64  `json:"amount" doc:"Without tax, after discounts and credits, in minor units; a credit is negative."`
}

type paymentView struct {
	ID          string        `json:"id"`
	PaymentID   string        `json:"payment_id" doc:"Your own id."`
	CustomerID  string        `json:"customer_id" doc:"Your own id of the customer."`
	At          time.Time     `json:"at"`
	Currency    string        `json:"currency"`
	Amount      int64         `json:"amount" doc:"Gross, in minor units."`
	Tax         int64         `json:"tax"`
	Refunded    int64         `json:"refunded" doc:"Gross, of all refunds so far."`
	Dispute     string        `json:"dispute,omitempty" enum:"open,won,lost"`
	Plan        string        `json:"plan,omitempty"`
	PeriodStart *time.Time    `json:"period_start,omitempty"`
	Lines       []paymentLine `json:"lines"`
	RecordedAt  time.Time     `json:"recorded_at"`
}

func viewPayment(p payment.Payment, cus customer.Customer) paymentView {
	v := paymentView{
		ID: string(p.ID), PaymentID: p.ExternalID, CustomerID: cus.ExternalID, At: p.At, Currency: string(p.Currency), Amount: p.AmountMinor,
		Tax: p.TaxMinor, Refunded: p.RefundedMinor, Dispute: string(p.Dispute), Plan: p.PlanCode, PeriodStart: known(p.PeriodStart),
		Lines: []paymentLine{}, RecordedAt: p.RecordedAt,
	}
	for _, l := range p.Lines {
		v.Lines = append(v.Lines, paymentLine{l.PlanCode, l.AmountMinor})
	}
	return v
}

type createPaymentIn struct {
	Once
	Body struct {
		PaymentID   string        `json:"payment_id" maxLength:"200" doc:"Your own id, such as the invoice's."`
		CustomerID  string        `json:"customer_id" maxLength:"200" doc:"Your own id of the customer."`
		At          time.Time     `json:"at,omitzero" doc:"When the money was received; now when it is not sent."`
		Currency    string        `json:"currency" doc:"ISO 4217." example:"EUR"`
		Amount      int64         `json:"amount" doc:"What the customer paid, with tax, in minor units."`
		Tax         int64         `json:"tax,omitempty" doc:"The tax in it, in minor units."`
		Plan        string        `json:"plan,omitempty" maxLength:"40" doc:"The plan's code, when there is one."`
		Lines       []paymentLine `json:"lines,omitempty" maxItems:"100" doc:"When several plans are paid at once; their sum is the amount without tax."`
		PeriodStart time.Time     `json:"period_start,omitzero" doc:"When the period began that it settles. A late invoice for a time before a customer left does not bring the customer back."`
		Email       string        `json:"email,omitempty" maxLength:"254"`
	}
}

func (in *createPaymentIn) fact() payment.Fact {
	b := in.Body
	f := payment.Fact{
		ExternalID: b.PaymentID, At: b.At, Currency: b.Currency, AmountMinor: b.Amount, TaxMinor: b.Tax, PlanCode: b.Plan,
		PeriodStart: b.PeriodStart, Source: payment.SourceAPI,
	}
	for _, l := range b.Lines {
		f.Lines = append(f.Lines, payment.Line{PlanCode: l.Plan, AmountMinor: l.Amount})
	}
	return f
}

type paymentAnswer struct {
	Payment     paymentView      `json:"payment"`
	Commissions []commissionView `json:"commissions" doc:"What it earns, one per affiliate and level."`
}

func viewBooked(b flow.Booked) paymentAnswer {
	return paymentAnswer{Payment: viewPayment(b.Payment, b.Customer), Commissions: whole(b.Commissions, viewCommission).Data}
}

func (a API) createPayment(ctx context.Context, in *createPaymentIn) (*answer[paymentAnswer], error) {
	who := customer.Seen{ExternalID: in.Body.CustomerID, Email: in.Body.Email}
	return write(ctx, a, func(tx *db.Tx) (paymentAnswer, int, error) {
		booked, err := flow.Book(ctx, tx, callerOf(ctx).prog, who, in.fact())
		return viewBooked(booked), created(booked.Created), err
	})
}

type listPaymentsIn struct {
	Page
	CustomerID string `query:"customer_id" doc:"Your own id: only this customer's."`
}

func (a API) listPayments(ctx context.Context, in *listPaymentsIn) (*found[list[paymentView]], error) {
	prog := callerOf(ctx).prog.ID
	page := payment.Page{Limit: in.ask()}
	var err error
	if page.Before, err = afterID[id.Payment](in.Page); err != nil {
		return nil, err
	}
	if in.CustomerID != "" {
		external, err := pathText(in.CustomerID)
		if err != nil {
			return nil, err
		}
		cus, err := customer.ByExternalID(ctx, a.DB, prog, external)
		if err != nil {
			return nil, err
		}
		page.Customer = cus.ID
	}
	all, err := payment.List(ctx, a.DB, prog, page)
	if err != nil {
		return nil, err
	}
	payers := map[id.Customer]customer.Customer{}
	for _, p := range all {
		if _, ok := payers[p.Customer]; ok {
			continue
		}
		if payers[p.Customer], err = customer.Get(ctx, a.DB, prog, p.Customer); err != nil {
			return nil, err
		}
	}
	return show(pageOf(all, in.Limit, func(p payment.Payment) string { return string(p.ID) }, func(p payment.Payment) paymentView {
		return viewPayment(p, payers[p.Customer])
	}), nil)
}

type paymentIn struct {
	PaymentID string `path:"payment_id" doc:"Your own id."`
}

type paymentDetail struct {
	Payment     paymentView      `json:"payment"`
	Commissions []commissionView `json:"commissions" doc:"What it earns, one per affiliate and level."`
	Refunds     []refundView     `json:"refunds"`
}

func (a API) getPayment(ctx context.Context, in *paymentIn) (*found[paymentDetail], error) {
	external, err := pathText(in.PaymentID)
	if err != nil {
		return nil, err
	}
	prog := callerOf(ctx).prog.ID
	pay, err := payment.ByExternalID(ctx, a.DB, prog, external)
	if err != nil {
		return nil, err
	}
	cus, err := customer.Get(ctx, a.DB, prog, pay.Customer)
	if err != nil {
		return nil, err
	}
	earned, err := commission.OfPayment(ctx, a.DB, prog, pay.ID)
	if err != nil {
		return nil, err
	}
	refunds, err := payment.Refunds(ctx, a.DB, prog, pay.ID)
	return show(paymentDetail{viewPayment(pay, cus), whole(earned, viewCommission).Data, whole(refunds, viewRefund).Data}, err)
}
