package report_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tributary.example/affiliate"
	"tributary.example/commission"
	"tributary.example/customer"
	"tributary.example/flow"
	"tributary.example/internal/db"
	"tributary.example/internal/db/dbtest"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/payment"
	"tributary.example/program"
	"tributary.example/report"
)

// shop is a program in which Jane brought a customer who paid 50.00 and got
// 10.00 back, Omar brought nobody, and a third customer's code was unknown.
type shop struct {
	*dbtest.DB
	t          *testing.T
	env        flow.Env
	prog       program.Program
	jane, omar affiliate.Affiliate
}

func open(t *testing.T, d *dbtest.DB) *shop {
	t.Helper()
	root, err := secret.NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{DB: d, t: t, env: flow.Env{Root: root}}
	ctx := context.Background()
	d.Write(t, func(tx *db.Tx) (err error) {
		s.prog, err = program.Create(ctx, tx, program.New{
			Slug: "shop", Currency: "EUR", LinkHost: "go.shop.example", Settings: program.DefaultSettings("Shop", "https://www.shop.example"),
			Rules: []program.Rule{{Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 200_000}}},
		})
		return err
	})
	s.jane, s.omar = s.enrol("Jane Doe", "jane@example.org"), s.enrol("Omar 100%", "omar_h@example.org")
	d.Clock.Advance(time.Hour)
	s.signUp("cus-1", "linnea@fjordlab.example", "JANE10")
	d.Clock.Advance(time.Minute)
	s.signUp("cus-2", "sam@example.net", "NOSUCHCODE")
	d.Write(t, func(tx *db.Tx) error {
		_, err := flow.Book(ctx, tx, s.prog, customer.Seen{ExternalID: "cus-1"}, payment.Fact{
			ExternalID: "pay-1", At: tx.Now(), Currency: "EUR", AmountMinor: 5000, Source: payment.SourceAPI,
		})
		if err != nil {
			return err
		}
		_, err = flow.Refund(ctx, tx, s.prog, payment.RefundFact{PaymentExternalID: "pay-1", ExternalID: "r", At: tx.Now(), AmountMinor: 1000})
		return err
	})
	return s
}

func (s *shop) enrol(name, mail string) (aff affiliate.Affiliate) {
	s.t.Helper()
	s.Write(s.t, func(tx *db.Tx) error {
		a, err := flow.Apply(context.Background(), tx, s.env, s.prog, flow.Application{Name: name, Email: mail})
		if err != nil {
			return err
		}
		aff, err = flow.Approve(context.Background(), tx, s.env, s.prog, a.ID, "")
		return err
	})
	return aff
}

func (s *shop) signUp(external, mail, code string) {
	s.t.Helper()
	s.Write(s.t, func(tx *db.Tx) error {
		_, err := flow.SignUp(context.Background(), tx, s.env, s.prog, flow.Step{
			Customer: customer.Seen{ExternalID: external, Email: mail}, Kind: customer.SignedUp, At: tx.Now(), Code: code,
		})
		return err
	})
}

func (s *shop) sources() report.Sources { return report.Sources{Books: s.DB, Clicks: s.Clicks} }

func TestAffiliatesWithTheirFigures(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := open(t, d)
		s.click(s.jane.ID, 3)
		jane := report.Enrolled{
			Affiliate: s.jane.ID, Name: "Jane Doe", Email: "jane@example.org", State: "active", StateAt: s.jane.StateAt,
			Clicks: 3, Customers: 1, Revenue: 4000, Earned: 800,
		}
		omar := report.Enrolled{Affiliate: s.omar.ID, Name: "Omar 100%", Email: "omar_h@example.org", State: "active", StateAt: s.omar.StateAt}
		tests := []struct {
			name string
			find report.Finding
			want []report.Enrolled
		}{
			{"all, the newest first", report.Finding{}, []report.Enrolled{omar, jane}},
			{"older than", report.Finding{Before: string(s.omar.ID)}, []report.Enrolled{jane}},
			{"by state", report.Finding{State: "applied"}, nil},
			{"by part of a name", report.Finding{Text: "ANE d"}, []report.Enrolled{jane}},
			{"by e-mail", report.Finding{Text: "omar_h"}, []report.Enrolled{omar}},
			{"a percent sign is a percent sign", report.Finding{Text: "%"}, []report.Enrolled{omar}},
			{"a line is a line", report.Finding{Text: "_"}, []report.Enrolled{omar}},
			{"by a link", report.Finding{Text: "jane-doe"}, []report.Enrolled{jane}},
			{"by a code as people type it", report.Finding{Text: "jane-10"}, []report.Enrolled{jane}},
		}
		for _, tt := range tests {
			tt.find.Program, tt.find.Currency, tt.find.Limit = s.prog.ID, "EUR", 10
			got, err := report.Affiliates(context.Background(), s.sources(), tt.find)
			if diff := cmp.Diff(got, tt.want); err != nil || diff != "" {
				t.Errorf("%s: %v %s", tt.name, err, diff)
			}
		}
		other, err := report.Affiliates(context.Background(), s.sources(), report.Finding{Program: s.prog.Twin, Limit: 10})
		if err != nil || len(other) != 0 {
			t.Errorf("the other side has %d: %v", len(other), err)
		}
	})
}

// click counts clicks of today as the click store does.
func (s *shop) click(aff id.Affiliate, n int) {
	s.t.Helper()
	err := s.Clicks.Write(context.Background(), dbtest.Actor, func(tx *db.Tx) error {
		_, err := tx.Exec(context.Background(), `
			insert into click_days (program_id, affiliate_id, day, dimension, value, clicks, uniques) values ($1, $2, $3, '', '', $4, $4)`,
			s.prog.ID, aff, s.Now().Unix()/86400, n)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func TestReferralsWithThoseThatCreditedNobody(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		s := open(t, d)
		names := func(f report.Finding) []string {
			f.Program, f.Limit = s.prog.ID, 10
			rows, err := report.Referrals(context.Background(), s, f)
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, b := range rows {
				list = append(list, b.ExternalID+" "+b.State+" "+b.Name+" "+b.Life)
			}
			return list
		}
		won, nobody := "cus-1 standing Jane Doe active", "cus-2 refused  signed_up"
		rows, err := report.Referrals(context.Background(), s, report.Finding{Program: s.prog.ID, Limit: 1})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		tests := []struct {
			name string
			find report.Finding
			want []string
		}{
			{"all, the newest first", report.Finding{}, []string{nobody, won}},
			{"the page after the first row", report.Finding{Before: rows[0].Cursor()}, []string{won}},
			{"standing", report.Finding{State: "standing"}, []string{won}},
			{"refused", report.Finding{State: report.Refused}, []string{nobody}},
			{"of Jane", report.Finding{Affiliate: s.jane.ID}, []string{won}},
			{"of Omar", report.Finding{Affiliate: s.omar.ID}, nil},
			{"by the merchant's id", report.Finding{Text: "CUS-2"}, []string{nobody}},
			{"by e-mail", report.Finding{Text: "fjordlab"}, []string{won}},
		}
		for _, tt := range tests {
			if diff := cmp.Diff(names(tt.find), tt.want); diff != "" {
				t.Errorf("%s: %s", tt.name, diff)
			}
		}
	})
}

func TestCountsNamesAndProgress(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *dbtest.DB) {
		ctx := context.Background()
		s := open(t, d)
		affiliates, err := report.AffiliatesByState(ctx, s, s.prog.ID)
		if diff := cmp.Diff(affiliates, report.Counts{"active": 2}); err != nil || diff != "" || affiliates.All() != 2 {
			t.Errorf("affiliates: %v %s", err, diff)
		}
		all, err := commission.List(ctx, s, s.prog.ID, commission.Page{})
		if err != nil || len(all) != 1 {
			t.Fatalf("%d commissions: %v", len(all), err)
		}
		names, err := report.CommissionNames(ctx, s, report.Finding{Program: s.prog.ID}, all[0].At, all[0].At)
		want := map[id.Commission]report.Names{all[0].ID: {Customer: "cus-1", Affiliate: "Jane Doe", Payment: "pay-1"}}
		if diff := cmp.Diff(names, want); err != nil || diff != "" {
			t.Errorf("names: %v %s", err, diff)
		}
		review, err := report.CommissionNames(ctx, s, report.Finding{Program: s.prog.ID, State: report.OnlyReview}, all[0].At, all[0].At)
		if err != nil || len(review) != 0 {
			t.Errorf("%d in review: %v", len(review), err)
		}
		paid, err := report.PaidBy(ctx, s, s.prog.ID, report.YearOf(s.Now(), time.UTC))
		if err != nil || len(paid) != 0 {
			t.Errorf("paid %v: %v", paid, err)
		}
		before, err := report.Progress(ctx, s.sources(), s.prog.ID)
		if diff := cmp.Diff(before, report.Happened{Approved: true, SignedUp: true, Paid: true}); err != nil || diff != "" {
			t.Errorf("progress: %v %s", err, diff)
		}
		s.click(s.jane.ID, 1)
		after, err := report.Progress(ctx, s.sources(), s.prog.ID)
		if err != nil || !after.Clicked {
			t.Errorf("progress after a click %+v: %v", after, err)
		}
		fresh, err := report.Progress(ctx, s.sources(), s.prog.Twin)
		if err != nil || fresh != (report.Happened{}) {
			t.Errorf("the other side has come %+v: %v", fresh, err)
		}
	})
}
