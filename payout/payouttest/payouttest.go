// Package payouttest is the suite that every payout.Rail passes.
package payouttest

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"tributary.example/affiliate"
	"tributary.example/internal/id"
	"tributary.example/money"
	"tributary.example/payout"
)

// Instructions are payouts with everything that has broken a file somewhere.
func Instructions() []payout.Instruction {
	make := func(name, account string, minor int64, c money.Currency) payout.Instruction {
		return payout.Instruction{
			Payout: id.Payout("pot_01h455vb4pex5vsknk084sn02q"), Name: name, Rail: affiliate.RailManual, Holder: name, Account: account, Amount: money.Of(minor, c),
		}
	}
	return []payout.Instruction{
		make("Jane Doe", "AT611904300234573201", 124000, "EUR"),
		make(`=HYPERLINK("https://evil.example")`, "+43 1 23", 5, "EUR"),
		make("Ömer Çelik, \"Ömi\"\nnewline", "@account", 1500, "KWD"),
		make(" -1+1", "\tx", 1500, "JPY"),
	}
}

// Run checks what every rail must hold.
func Run(t *testing.T, rail payout.Rail) {
	t.Helper()
	if rail.Name() == "" {
		t.Error("the rail has no name")
	}
	run := payout.Run{ID: "run_01h455vb4pex5vsknk084sn02q"}
	first, err := rail.File(run, Instructions())
	if err != nil {
		t.Fatal(err)
	}
	again, err := rail.File(run, Instructions())
	if err != nil || !bytes.Equal(first.Content, again.Content) {
		t.Errorf("the same run gives another file, %v", err)
	}
	if !utf8.Valid(first.Content) {
		t.Error("the file is not UTF-8")
	}
	if len(first.Content) > 0 && (first.Name == "" || first.ContentType == "") {
		t.Errorf("a file without name or type: %q, %q", first.Name, first.ContentType)
	}
	if _, err := rail.File(run, nil); err != nil {
		t.Errorf("a run without payouts: %v", err)
	}
}
