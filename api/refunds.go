package api

import (
	"context"
	"time"

	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/payment"
)

type refundView struct {
	ID         string    `json:"id"`
	RefundID   string    `json:"refund_id" doc:"Your own id."`
	At         time.Time `json:"at"`
	Amount     int64     `json:"amount" doc:"Gross, in minor units."`
	State      string    `json:"state" enum:"succeeded,failed"`
	RecordedAt time.Time `json:"recorded_at"`
}

func viewRefund(r payment.Refunded) refundView {
	return refundView{
		ID: string(r.ID), RefundID: r.ExternalID, At: r.At, Amount: r.AmountMinor, State: r.State, RecordedAt: r.RecordedAt,
	}
}

type createRefundIn struct {
	Once
	PaymentID string `path:"payment_id" doc:"Your own id of the payment."`
	Body      struct {
		RefundID string    `json:"refund_id" maxLength:"200" doc:"Your own id; each refund of a payment has another."`
		Amount   int64     `json:"amount" doc:"Of this refund, with tax, in minor units."`
		At       time.Time `json:"at,omitzero" doc:"When the money was given back; now when it is not sent."`
	}
}

type refundAnswer struct {
	Payment     paymentView      `json:"payment"`
	Refund      refundView       `json:"refund"`
	Commissions []commissionView `json:"commissions" doc:"What the payment earns now."`
}

func (a API) createRefund(ctx context.Context, in *createRefundIn) (*answer[refundAnswer], error) {
	external, err := pathText(in.PaymentID)
	if err != nil {
		return nil, err
	}
	prog := callerOf(ctx).prog
	fact := payment.RefundFact{PaymentExternalID: external, ExternalID: in.Body.RefundID, At: in.Body.At, AmountMinor: in.Body.Amount}
	return write(ctx, a, func(tx *db.Tx) (refundAnswer, int, error) {
		booked, err := flow.Refund(ctx, tx, prog, fact)
		if err != nil {
			return refundAnswer{}, 0, err
		}
		refunds, err := payment.Refunds(ctx, tx, prog.ID, booked.Payment.ID)
		if err != nil {
			return refundAnswer{}, 0, err
		}
		whole := viewBooked(booked)
		out := refundAnswer{Payment: whole.Payment, Commissions: whole.Commissions}
		for _, r := range refunds {
			if r.ExternalID == fact.ExternalID {
				out.Refund = viewRefund(r)
			}
		}
		return out, created(booked.Created), nil
	})
}
