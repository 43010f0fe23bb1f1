package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/coupon"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/program"
	"tributary.example/web/merchant"
	"tributary.example/web/part"
)

var couponFields = []string{"code", "discount", "plans", "payments", "starts_at", "ends_at", "total_limit", "new_customers"}

func (s *Web) showNewCoupon(w http.ResponseWriter, r *http.Request) error {
	p, aff, err := s.staffAffiliate(r, access.ManagePromotion)
	if err != nil {
		return err
	}
	return s.newCouponPage(w, r, p, aff, wrongs{})
}

func (s *Web) newCouponPage(w http.ResponseWriter, r *http.Request, p staff, aff affiliate.Affiliate, bad wrongs) error {
	frame, err := s.staffFrame(w, r, p, "New code", merchant.Affiliates)
	if err != nil {
		return err
	}
	frame.Notices = append(frame.Notices, bad.notices...)
	plans, err := program.Plans(r.Context(), s.DB, p.Program.ID)
	if err != nil {
		return err
	}
	f := formOf(r, bad)
	discount := rateInput(program.Rate{PPM: p.Program.SuggestPPM})
	return s.show(w, r, bad.status(), merchant.NewCouponView(merchant.NewCouponPage{
		Frame: frame, Back: affiliatePath(p.Program, aff.ID), Name: aff.Name,
		Code:     f.field("code", "Code", part.Field{Code: true, Optional: true, Hint: "JANE10", Help: "3 to 40 letters and digits; spaces and hyphens do not matter. Empty makes one by chance."}),
		Discount: f.field("discount", "Discount", part.Field{Optional: true, Value: discount, Help: "A percentage such as 10, or an amount such as 5.00 " + p.Program.Currency + ". Empty is none: the code still brings the credit."}),
		Plans:    f.ticks("plans", "On the plans", planOptions(plans, p.Program.SuggestPlans), "None ticked is all plans."),
		Payments: f.field("payments", "For", part.Field{Value: "1", Options: []part.Option{
			{Value: "1", Name: "The first payment"}, {Value: "3", Name: "The first 3 payments"}, {Value: "6", Name: "The first 6 payments"},
			{Value: "12", Name: "The first 12 payments"}, {Value: "0", Name: "Every payment"},
		}}),
		Starts: f.field("starts_at", "From", part.Field{Type: "date", Optional: true}),
		Ends:   f.field("ends_at", "Until and with", part.Field{Type: "date", Optional: true}),
		Limit:  f.field("total_limit", "How often in all", part.Field{Mode: "numeric", Optional: true, Help: "Empty is without a limit. Who comes later still counts for the affiliate."}),
		New:    f.field("new_customers", "New customers only", part.Field{Optional: true, Help: "Refused to who has paid before."}),
	}))
}

// ticks completes a field of several answers; chosen ones are on.
func (f form) ticks(name, label string, options []part.Option, help string) part.Field {
	_ = f.r.FormValue(name) // parses the form
	if f.r.Method == http.MethodPost {
		for i, o := range options {
			options[i].On = slices.Contains(f.r.PostForm[name], o.Value)
		}
	}
	return part.Field{Name: name, Label: label, Options: options, Help: help, Error: f.bad.fields[name], Optional: true}
}

func planOptions(plans []program.Plan, on []string) []part.Option {
	var list []part.Option
	for _, plan := range plans {
		o := part.Option{Value: plan.Code, Name: plan.Name, On: slices.Contains(on, plan.Code)}
		if !strings.EqualFold(plan.Name, plan.Code) {
			o.About = plan.Code
		}
		list = append(list, o)
	}
	return list
}

func (s *Web) makeCoupon(w http.ResponseWriter, r *http.Request) error {
	p, aff, err := s.staffAffiliate(r, access.ManagePromotion)
	if err != nil {
		return err
	}
	if aff.State != affiliate.Active {
		return fault.New(fault.Conflict, "%s is %s; only an active affiliate gets codes.", aff.Name, part.StateWord(string(aff.State)))
	}
	n, err := newCoupon(r, p.Program, aff)
	if err == nil {
		err = s.act(r, p.reader, func(tx *db.Tx) error {
			_, err := coupon.Create(r.Context(), tx, p.Program.ID, n)
			return err
		})
	}
	if bad, ok := wrongsOf(renamed(err, map[string]string{"percent": "discount", "fixed": "discount"}), couponFields...); ok {
		return s.newCouponPage(w, r, p, aff, bad)
	}
	if err != nil {
		return err
	}
	return s.done(w, r, affiliatePath(p.Program, aff.ID), "coupon-made")
}

func newCoupon(r *http.Request, p program.Program, aff affiliate.Affiliate) (coupon.New, error) {
	in := inputOf(r, p)
	n := coupon.New{Affiliate: aff.ID, Code: in.text("code")}
	off := in.rate("discount")
	payments, _ := strconv.Atoi(in.text("payments"))
	n.Settings = coupon.Settings{
		Discount:     coupon.Discount{PercentPPM: off.PPM, Fixed: off.Fixed, Plans: in.several("plans"), Payments: payments},
		NewCustomers: in.ticked("new_customers"), OnceEach: true,
		StartsAt: in.day("starts_at"), EndsAt: in.day("ends_at"), TotalLimit: int64(in.number("total_limit")),
	}
	if !n.EndsAt.IsZero() {
		n.EndsAt = n.EndsAt.AddDate(0, 0, 1) // the day itself is included
	}
	return n, in.err()
}
