package program

import (
	"strconv"
	"strings"

	"tributary.example/internal/fault"
)

// ParsePercent reads a percentage as people type it, "20", "12.5" or "12,5 %",
// as parts per million: at most four decimals, from 0 to 100. Kinds: Invalid.
func ParsePercent(s string) (ppm int64, err error) {
	text := strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(s), "%"))
	text = strings.Replace(text, ",", ".", 1)
	whole, decimals, _ := strings.Cut(text, ".")
	refused := fault.New(fault.Invalid, "%s is not a percentage.", s).Hint("Write a number between 0 and 100, such as 20 or 12.5.")
	if whole == "" || len(whole) > 3 || len(decimals) > 4 {
		return 0, refused
	}
	ppm, err = strconv.ParseInt(whole+decimals+strings.Repeat("0", 4-len(decimals)), 10, 64)
	if err != nil || ppm < 0 || ppm > maxPPM || strings.HasPrefix(whole, "+") || strings.HasPrefix(whole, "-") {
		return 0, refused
	}
	return ppm, nil
}
