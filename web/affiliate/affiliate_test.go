package affiliate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tributary.example/web/part"
)

func TestPlacesOfAnAffiliate(t *testing.T) {
	t.Parallel()
	var here, dock []string
	for _, p := range Places("/a/riverbank", Commissions) {
		if p.Here {
			here = append(here, p.Href)
		}
		if p.Dock {
			dock = append(dock, p.Name)
		}
	}
	got := [][]string{here, dock}
	want := [][]string{{"/a/riverbank/commissions"}, {"Overview", "Links", "Coupons", "Commissions"}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Error(diff)
	}
}

func TestTheGuideShowsOnesOwnLinkCodeAndCommission(t *testing.T) {
	t.Parallel()
	p := GuidePage{
		Base: "/a/x", Tracks: "A click counts for 60 days.", Rate: "20 % of each payment", Discount: "10 % off starter", Both: "It is one referral.",
		Link: part.CopyField{ID: "link", Value: "https://go.x.example/jane"}, Code: part.CopyField{ID: "code", Value: "JANE10"},
	}
	var b strings.Builder
	if err := GuideView(p).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"https://go.x.example/jane", "JANE10", "for 60 days", "Yes: 10 % off starter.", "20 % of each payment.", "Use both, by audience and style.", "It is one referral."} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestTheGuideIsHonestAboutACodeWithoutDiscount(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := GuideView(GuidePage{Base: "/a/x"}).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.Contains(got, "Yes: ") || !strings.Contains(got, "None with this code.") {
		t.Error("a discount is promised that the code does not give")
	}
}
