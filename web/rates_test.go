package web

import (
	"testing"

	"tributary.example/program"
)

func TestHeadline(t *testing.T) {
	t.Parallel()
	prog := program.Program{Currency: "EUR", Settings: program.Settings{Name: "Shop"}}
	pay := func(ppm int64, plans ...string) program.Rule {
		return program.Rule{Trigger: program.TriggerPayment, Plans: plans, Rate: program.Rate{PPM: ppm}}
	}
	fixed := program.Rule{
		Trigger: program.TriggerPayment, Rate: program.Rate{Fixed: map[string]int64{"EUR": 500}},
		Duration: program.Duration{Kind: program.Months, N: 12},
	}
	tests := []struct {
		want  string
		rules []program.Rule
	}{
		{"Earn 20 % of every payment, for life", []program.Rule{pay(200_000)}},
		{"Earn 20 % of every payment, 25 % on pro, for life", []program.Rule{pay(250_000, "pro"), pay(200_000)}},
		{"Earn 25 % on pro of every payment, for life", []program.Rule{pay(250_000, "pro")}},
		{"Earn 5.00 EUR of every payment for 12 months", []program.Rule{fixed}},
		{"Earn 20 % of every payment, 50 % of the first, for life", []program.Rule{{
			Trigger: program.TriggerPayment, Rate: program.Rate{PPM: 200_000}, First: &program.Rate{PPM: 500_000}}}},
		{"Earn with Shop", []program.Rule{{Trigger: program.TriggerSignup}}},
	}
	for _, tt := range tests {
		if got := headline(prog, program.Terms{Rules: tt.rules}); got != tt.want {
			t.Errorf("headline %q, want %q", got, tt.want)
		}
	}
}
