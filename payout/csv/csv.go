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
	"unicode/utf8"

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

// formulas are what a spreadsheet may compute from, East Asian wide forms too
// (OWASP, CSV Injection).
const formulas = "=+-@\t\r\n|%＝＋－＠"

// guard puts an apostrophe before what a spreadsheet would compute. Where
// commas are decimal points, a semicolon begins another cell.
func guard(cell string) string {
	parts := strings.Split(cell, ";")
	for i, part := range parts {
		first, _ := utf8.DecodeRuneInString(strings.TrimLeft(part, " "))
		if strings.TrimLeft(part, " ") != "" && strings.ContainsRune(formulas, first) {
			parts[i] = "'" + part
		}
	}
	return strings.Join(parts, ";")
}
