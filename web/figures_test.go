package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tributary.example/internal/text"
	"tributary.example/ledger"
	"tributary.example/payment"
	"tributary.example/web/part"
)

func TestChangesAreRoundedToTheNearest(t *testing.T) {
	t.Parallel()
	f := figures{span: spans[1], loc: text.Locale{}}
	tests := []struct {
		now, before int64
		want        string
	}{
		{14, 15, "−6.7 %"}, {11, 13, "−15.4 %"}, {24, 23, "+4.3 %"}, {31, 25, "+24 %"},
		{7, 7, "0 %"}, {3, 0, "new"}, {0, 5, "−100 %"}, {0, 0, ""},
	}
	for _, tt := range tests {
		if got := f.change(tt.now, tt.before).Text; got != tt.want {
			t.Errorf("change(%d, %d) = %q, want %q", tt.now, tt.before, got, tt.want)
		}
	}
	if got := f.change(0, 0); !cmp.Equal(got, part.Change{}) {
		t.Errorf("nothing against nothing = %+v, want no change at all", got)
	}
}

func TestADebtIsToldByTheCommissionThatOwedIt(t *testing.T) {
	t.Parallel()
	leg := ledger.Leg{
		Reference: "com_b:1:released", Kind: "released", Reason: text.S("The hold is over; 2.40 EUR of it repays what was owed."),
		Account: "clawback", Item: "com_a", Currency: "EUR", Minor: 240,
	}
	loc := text.Locale{}
	if got, want := movedWords(loc, leg), "A later commission repaid 2.40 EUR that was owed from this one."; got != want {
		t.Errorf("of the debt: %q, want %q", got, want)
	}
	leg.Item, leg.Account = "com_b", "payable"
	if got, want := movedWords(loc, leg), "The hold is over; 2.40 EUR of it repays what was owed."; got != want {
		t.Errorf("of the release: %q, want %q", got, want)
	}
}

func TestAPaymentsTaxIsNamedBesideIt(t *testing.T) {
	t.Parallel()
	pay := payment.Payment{ExternalID: "inv-1", Currency: "EUR", AmountMinor: 5880}
	if got, want := paidDetail(text.English, pay), "inv-1"; got != want {
		t.Errorf("without tax: %q, want %q", got, want)
	}
	pay.TaxMinor = 980
	if got, want := paidDetail(text.English, pay), "inv-1, with 9.80 EUR tax in it"; got != want {
		t.Errorf("with tax: %q, want %q", got, want)
	}
}
