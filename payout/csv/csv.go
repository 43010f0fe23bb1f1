// Package csv is the rail of plain CSV: a table that a person takes to any
// bank.
//
// Nouns: Rail.
//
// Invariants:
//  1. No cell can run as a formula in a spreadsheet.
//  2. Amounts are plain decimals with the currency's own number of digits.
//
// It owns no tables.
package csv

import (
	"bytes"
	"encoding/csv"
	"strings"

	"tributary.example/money"
	"tributary.example/payout"
)

// Rail writes the file.
type Rail struct{}

// Name is the rail's name.
func (Rail) Name() payout.RailName { return "csv" }

// File is a table with one row per payout, UTF-8, comma separated, with a head
// (RFC 4180).
func (Rail) File(run payout.Run, list []payout.Instruction) (payout.File, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	rows := [][]string{{"payout", "affiliate", "method", "holder", "account", "amount", "currency"}}
	for _, i := range list {
		rows = append(rows, []string{
			string(i.Payout), guard(i.Name), guard(string(i.Rail)), guard(i.Holder), guard(i.Account),
			money.Decimal(i.Amount.Minor, i.Amount.Currency), string(i.Amount.Currency),
		})
	}
	if err := w.WriteAll(rows); err != nil {
		return payout.File{}, err
	}
	return payout.File{Name: string(run.ID) + ".csv", ContentType: "text/csv; charset=utf-8", Content: b.Bytes()}, nil
}

// guard puts an apostrophe before what a spreadsheet would compute.
func guard(cell string) string {
	start := strings.TrimLeft(cell, " ")
	if start != "" && strings.ContainsRune("=+-@\t\r\n|%", rune(start[0])) {
		return "'" + cell
	}
	return cell
}
