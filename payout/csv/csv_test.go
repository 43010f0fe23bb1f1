package csv

import (
	"bytes"
	"encoding/csv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tributary.example/payout"
	"tributary.example/payout/payouttest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	payouttest.Run(t, Rail{})
}

func TestCellsNeverRunAsFormulas(t *testing.T) {
	t.Parallel()
	file, err := Rail{}.File(payout.Run{ID: "run_1"}, payouttest.Instructions())
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(file.Content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	pot := "pot_01h455vb4pex5vsknk084sn02q"
	want := [][]string{
		{"payout", "affiliate", "method", "holder", "account", "amount", "currency"},
		{pot, "Jane Doe", "manual", "Jane Doe", "AT611904300234573201", "1240.00", "EUR"},
		{pot, `'=HYPERLINK("https://evil.example")`, "manual", `'=HYPERLINK("https://evil.example")`, "'+43 1 23", "0.05", "EUR"},
		{pot, "Ömer Çelik, \"Ömi\"\nnewline", "manual", "Ömer Çelik, \"Ömi\"\nnewline", "'@account", "1.500", "KWD"},
		{pot, "' -1+1", "manual", "' -1+1", "'\tx", "1500", "JPY"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"": "", "Jane": "Jane", "a=b": "a=b", " ": " ", "a; b": "a; b", "=1": "'=1", "  =1": "'  =1", "＝1": "'＝1", "－1": "'－1", "%x": "'%x",
		"x;=1+1": "x;'=1+1", "x; @y;z": "x;' @y;z", ";": ";", "\xff": "\xff",
	} {
		if got := guard(cell); got != want {
			t.Errorf("%q: got %q, want %q", cell, got, want)
		}
	}
}
