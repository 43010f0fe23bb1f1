package link_test

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"strings"
	"testing"

	"tributary.example/link"
)

// TestQRCode compares the two drawings module by module and looks for the
// three finders that every QR code has.
func TestQRCode(t *testing.T) {
	t.Parallel()
	l := link.Link{ID: "lnk_1", Host: "go.shop.example", Slug: "jane"}
	drawn, err := l.QRPNG(300)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		t.Fatal(err)
	}
	svg, err := l.QRSVG()
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal([]byte(svg), new(any)); err != nil {
		t.Errorf("the SVG is no XML: %v", err)
	}
	const modules = 29 + 2*4 // version 3 holds the address
	scale := img.Bounds().Dx() / modules
	if got := img.Bounds().Dx(); got != modules*scale || got > 300 || got < 200 {
		t.Errorf("width %d", got)
	}
	black := func(x, y int) bool {
		r, _, _, _ := img.At((x+4)*scale+scale/2, (y+4)*scale+scale/2).RGBA()
		return r == 0
	}
	count := 0
	for y := -4; y < 33; y++ {
		for x := -4; x < 33; x++ {
			if black(x, y) {
				count++
			}
		}
	}
	if got := strings.Count(svg, "h1v1"); got != count || count < 300 {
		t.Errorf("the SVG has %d dark modules, the PNG %d", got, count)
	}
	for _, at := range [][2]int{{0, 0}, {22, 0}, {0, 22}} {
		if !black(at[0], at[1]) || black(at[0]+1, at[1]+1) || !black(at[0]+3, at[1]+3) || !black(at[0]+6, at[1]+6) {
			t.Errorf("no finder at %v", at)
		}
	}
}
