package api

import (
	"context"
	"net/http"
	"time"

	"tributary.example/access"
	"tributary.example/coupon"
	"tributary.example/internal/db"
	"tributary.example/internal/id"
)

func (a API) couponRoutes() {
	handle(a, post(quotePath).as("quoteCoupon", access.Quote, "Coupons", "Ask what a code takes off a price").
		saying("A code that does not count is an answer, not an error. The quote token fixes the price for 24 hours; "+
			"it reserves no place, so report the sign-up before you charge."), a.quoteCoupon)
	handle(a, get("/v1/coupons").as("listCoupons", access.ReadCoupons, "Coupons", "List coupons, the newest first"), a.listCoupons)
	handle(a, post("/v1/coupons").as("createCoupon", access.WriteCoupons, "Coupons", "Create a code for an affiliate").creates(), a.createCoupon)
	handle(a, get("/v1/coupons/{id}").as("getCoupon", access.ReadCoupons, "Coupons", "Read a coupon"), a.getCoupon)
	handle(a, post("/v1/coupons/{id}/pause").as("pauseCoupon", access.WriteCoupons, "Coupons", "Stop a code for a while"), a.setCoupon(coupon.Paused))
	handle(a, post("/v1/coupons/{id}/resume").as("resumeCoupon", access.WriteCoupons, "Coupons", "Let a paused code work again"), a.setCoupon(coupon.Active))
	handle(a, post("/v1/coupons/{id}/retire").as("retireCoupon", access.WriteCoupons, "Coupons", "End a code for good; it is never given to somebody else"), a.setCoupon(coupon.Retired))
}

type couponView struct {
	ID           string           `json:"id"`
	AffiliateID  string           `json:"affiliate_id"`
	Code         string           `json:"code" doc:"As it is shown."`
	Canonical    string           `json:"canonical" doc:"Without hyphens and spaces: what is compared."`
	PercentPPM   int64            `json:"percent_ppm,omitempty" doc:"Parts per million: 100000 is 10 %."`
	Fixed        map[string]int64 `json:"fixed,omitempty" doc:"Minor units per currency."`
	Plans        []string         `json:"plans" doc:"None: every plan."`
	Payments     int              `json:"payments" doc:"How many are discounted; 0 is always."`
	NewCustomers bool             `json:"new_customers"`
	OnceEach     bool             `json:"once_each"`
	StartsAt     *time.Time       `json:"starts_at,omitempty"`
	EndsAt       *time.Time       `json:"ends_at,omitempty"`
	TotalLimit   int64            `json:"total_limit" doc:"0: none."`
	Used         int64            `json:"used"`
	State        string           `json:"state" enum:"active,paused,retired"`
	CreatedAt    time.Time        `json:"created_at"`
}

func viewCoupon(c coupon.Coupon) couponView {
	return couponView{
		ID: string(c.ID), AffiliateID: string(c.Affiliate), Code: c.Code, Canonical: string(c.Canonical), PercentPPM: c.Discount.PercentPPM,
		Fixed: c.Discount.Fixed, Plans: append([]string{}, c.Discount.Plans...), Payments: c.Discount.Payments, NewCustomers: c.NewCustomers,
		OnceEach: c.OnceEach, StartsAt: known(c.StartsAt), EndsAt: known(c.EndsAt), TotalLimit: c.TotalLimit, Used: c.Used,
		State: string(c.State), CreatedAt: c.CreatedAt,
	}
}

// known leaves a time out of an answer that has not come.
func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

type listCouponsIn struct {
	Page
	AffiliateID string `query:"affiliate_id" doc:"Only this affiliate's, the oldest first, on one page."`
}

func (a API) listCoupons(ctx context.Context, in *listCouponsIn) (*found[list[couponView]], error) {
	prog := callerOf(ctx).prog.ID
	if in.AffiliateID != "" {
		aff, err := fieldID[id.Affiliate](in.AffiliateID, "affiliate_id")
		if err != nil {
			return nil, err
		}
		all, err := coupon.OfAffiliate(ctx, a.DB, prog, aff)
		return show(whole(all, viewCoupon), err)
	}
	before, err := afterID[id.Coupon](in.Page)
	if err != nil {
		return nil, err
	}
	all, err := coupon.List(ctx, a.DB, prog, before, in.ask())
	return show(pageOf(all, in.Limit, func(c coupon.Coupon) string { return string(c.ID) }, viewCoupon), err)
}

type createCouponIn struct {
	Once
	Body struct {
		AffiliateID  string           `json:"affiliate_id"`
		Code         string           `json:"code,omitempty" doc:"3 to 40 letters and digits, hyphens and spaces for show; a random one is made when it is not sent."`
		PercentPPM   int64            `json:"percent_ppm,omitempty" doc:"Parts per million: 100000 is 10 %. Not together with fixed."`
		Fixed        map[string]int64 `json:"fixed,omitempty" doc:"Minor units per currency, such as {\"EUR\": 500}."`
		Plans        []string         `json:"plans,omitempty" maxItems:"100" doc:"Plan codes; none is every plan."`
		Payments     int              `json:"payments,omitempty" doc:"How many are discounted; 0 is always."`
		NewCustomers bool             `json:"new_customers,omitempty" doc:"Refuse customers who have paid before."`
		OnceEach     bool             `json:"once_each,omitempty"`
		StartsAt     time.Time        `json:"starts_at,omitzero"`
		EndsAt       time.Time        `json:"ends_at,omitzero"`
		TotalLimit   int64            `json:"total_limit,omitempty" doc:"0: none."`
	}
}

func (a API) createCoupon(ctx context.Context, in *createCouponIn) (*answer[couponView], error) {
	owner, err := fieldID[id.Affiliate](in.Body.AffiliateID, "affiliate_id")
	if err != nil {
		return nil, err
	}
	b := in.Body
	n := coupon.New{Affiliate: owner, Code: b.Code, Settings: coupon.Settings{
		Discount:     coupon.Discount{PercentPPM: b.PercentPPM, Fixed: b.Fixed, Plans: b.Plans, Payments: b.Payments},
		NewCustomers: b.NewCustomers, OnceEach: b.OnceEach, StartsAt: b.StartsAt, EndsAt: b.EndsAt, TotalLimit: b.TotalLimit,
	}}
	return write(ctx, a, func(tx *db.Tx) (couponView, int, error) {
		cpn, err := coupon.Create(ctx, tx, callerOf(ctx).prog.ID, n)
		return viewCoupon(cpn), http.StatusCreated, err
	})
}

type couponIn struct {
	ID string `path:"id"`
}

func (a API) getCoupon(ctx context.Context, in *couponIn) (*found[couponView], error) {
	cpn, err := pathID[id.Coupon](in.ID)
	if err != nil {
		return nil, err
	}
	c, err := coupon.Get(ctx, a.DB, callerOf(ctx).prog.ID, cpn)
	return show(viewCoupon(c), err)
}

type setCouponIn struct {
	Once
	ID string `path:"id"`
}

func (a API) setCoupon(state coupon.State) func(context.Context, *setCouponIn) (*answer[couponView], error) {
	return func(ctx context.Context, in *setCouponIn) (*answer[couponView], error) {
		cpn, err := pathID[id.Coupon](in.ID)
		if err != nil {
			return nil, err
		}
		return write(ctx, a, func(tx *db.Tx) (couponView, int, error) {
			c, err := coupon.SetState(ctx, tx, callerOf(ctx).prog.ID, cpn, state)
			return viewCoupon(c), http.StatusOK, err
		})
	}
}
