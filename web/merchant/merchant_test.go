package merchant

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPlacesMarkThePresentOneAndWhatWaits(t *testing.T) {
	t.Parallel()
	var here, waits, dock []string
	for _, p := range Places("/p/riverbank", Referrals, map[Place]string{Affiliates: "3"}) {
		if p.Here {
			here = append(here, p.Href)
		}
		if p.Wait != "" {
			waits = append(waits, p.Name+" "+p.Wait)
		}
		if p.Dock {
			dock = append(dock, p.Name)
		}
	}
	got := [][]string{here, waits, dock}
	want := [][]string{{"/p/riverbank/referrals"}, {"Affiliates 3"}, {"Overview", "Affiliates", "Referrals", "Payouts"}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestOnlyTheQuestionThatCameBackKeepsItsError(t *testing.T) {
	t.Parallel()
	p := applicantWithoutReason()
	for act, want := range map[Act]string{Reject: "Say why.", Suspend: ""} {
		q := p.question(act)
		got := []string{q.Action, q.Fields[0].Name, q.Fields[0].Error}
		if diff := cmp.Diff(got, []string{"/p/x/affiliates/aff_1/" + string(act), "reason", want}); diff != "" {
			t.Errorf("%s: %s", act, diff)
		}
	}
}

func applicantWithoutReason() AffiliatePage {
	p := AffiliatePage{Base: "/p/x", ID: "aff_1", Name: "Jane", Wrong: Reject}
	p.Reason.Error = "Say why."
	return p
}
