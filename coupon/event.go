package coupon

import (
	"time"

	"tributary.example/internal/id"
)

// The events of this room.
const (
	EventCreated  = "coupon.created"
	EventChanged  = "coupon.changed"
	EventRedeemed = "coupon.redeemed"
)

// Changed is the payload of coupon.created and coupon.changed, version 1.
type Changed struct {
	Coupon Coupon `json:"coupon"`
}

// RedeemedEvent is the payload of coupon.redeemed, version 1.
type RedeemedEvent struct {
	Coupon    id.Coupon    `json:"coupon_id"`
	Affiliate id.Affiliate `json:"affiliate_id"`
	Code      Code         `json:"code"`
	Customer  id.Customer  `json:"customer_id"`
	At        time.Time    `json:"at"`
	PlanCode  string       `json:"plan,omitempty"`
	Used      int64        `json:"used"` // with this one
	OverLimit bool         `json:"over_limit,omitempty"`
}
