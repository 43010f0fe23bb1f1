package web

import (
	"slices"
	"strings"

	"tributary.example/internal/text"
	"tributary.example/program"
)

// termsShape is what the form can say about terms.
type termsShape struct {
	Rate, First, Signup, Onboarding program.Rate
	Duration                        program.Duration
	Plans                           map[string]program.Rate
}

// rules makes the rules: those for plans before the one for all.
func (t termsShape) rules() []program.Rule {
	var first *program.Rate
	if t.First.PPM > 0 || t.First.IsFixed() {
		first = &t.First
	}
	var codes []string
	for code := range t.Plans {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	var rules []program.Rule
	for _, code := range codes {
		rules = append(rules, program.Rule{Trigger: program.TriggerPayment, Plans: []string{code}, Rate: t.Plans[code], First: first, Duration: t.Duration})
	}
	rules = append(rules, program.Rule{Trigger: program.TriggerPayment, Rate: t.Rate, First: first, Duration: t.Duration})
	for trigger, rate := range map[program.Trigger]program.Rate{program.TriggerSignup: t.Signup, program.TriggerOnboarding: t.Onboarding} {
		if rate.IsFixed() || rate.PPM > 0 {
			rules = append(rules, program.Rule{Trigger: trigger, Rate: rate, Duration: program.Duration{Kind: program.Lifetime}, AfterPayment: true})
		}
	}
	slices.SortStableFunc(rules, func(a, b program.Rule) int { return strings.Compare(string(a.Trigger), string(b.Trigger)) })
	return rules
}

// shapeOf reads rules back into the form; whole is false when they say more
// than the form can.
func shapeOf(rules []program.Rule) (shape termsShape, whole bool) {
	shape = termsShape{Plans: map[string]program.Rate{}, Duration: program.Duration{Kind: program.Lifetime}}
	for _, rule := range rules {
		switch {
		case rule.Trigger == program.TriggerSignup:
			shape.Signup = rule.Rate
		case rule.Trigger == program.TriggerOnboarding:
			shape.Onboarding = rule.Rate
		case len(rule.Plans) == 0:
			shape.Rate, shape.Duration = rule.Rate, rule.Duration
			if rule.First != nil {
				shape.First = *rule.First
			}
		default:
			for _, code := range rule.Plans {
				shape.Plans[code] = rule.Rate
			}
		}
	}
	if shape.Duration.Kind == "" {
		shape.Duration.Kind = program.Lifetime
	}
	return shape, sameRules(rules, shape.rules())
}

// sameRules compares rules by what they pay, in whatever order and grouping.
func sameRules(a, b []program.Rule) bool {
	flat := func(rules []program.Rule) []string {
		var list []string
		for _, rule := range rules {
			plans := rule.Plans
			if len(plans) == 0 {
				plans = []string{""}
			}
			for _, plan := range plans {
				one := rule
				one.Plans = []string{plan}
				list = append(list, ruleWords(text.English, one)+" "+ruleNote(text.English, one))
			}
		}
		slices.Sort(list)
		return list
	}
	return slices.Equal(flat(a), flat(b))
}

// ruleWords is a rule as one line: what, and how much.
func ruleWords(loc text.Locale, rule program.Rule) string {
	return ruleName(rule) + ": " + rateShown(loc, rule.Rate)
}

func ruleName(rule program.Rule) string {
	name := map[program.Trigger]string{program.TriggerPayment: "Each payment", program.TriggerSignup: "Sign-up", program.TriggerOnboarding: "Onboarding"}[rule.Trigger]
	if plans := strings.Join(rule.Plans, ", "); plans != "" {
		name += " on " + plans
	}
	return name
}

// rateShown is a rate with all its amounts.
func rateShown(loc text.Locale, rate program.Rate) string {
	if !rate.IsFixed() {
		return loc.Percent(rate.PPM)
	}
	return amounts(loc, rate.Fixed)
}

func amounts(loc text.Locale, minors map[string]int64) string {
	var all []string
	for c, minor := range minors {
		all = append(all, loc.Money(minor, c))
	}
	slices.Sort(all)
	return strings.Join(all, " / ")
}

// ruleNote is what else a rule says.
func ruleNote(loc text.Locale, rule program.Rule) string {
	var notes []string
	switch {
	case rule.Trigger != program.TriggerPayment && rule.AfterPayment:
		notes = append(notes, "once, with the first payment")
	case rule.Trigger != program.TriggerPayment:
		notes = append(notes, "once")
	default:
		notes = append(notes, strings.TrimPrefix(strings.TrimSpace(durationText(rule.Duration)), ", "))
	}
	if rule.First != nil {
		notes = append(notes, "the first payment "+rateShown(loc, *rule.First))
	}
	if len(rule.CapMinor) > 0 {
		notes = append(notes, "at most "+amounts(loc, rule.CapMinor)+" per customer")
	}
	if len(rule.MinimumMinor) > 0 {
		notes = append(notes, "payments from "+amounts(loc, rule.MinimumMinor))
	}
	return strings.Join(notes, ", ")
}
