package link

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// qrMark tells scans apart from clicks on the same link.
const qrMark = "?qr=1"

// qrQuiet is the white border that scanners need, in modules (ISO/IEC 18004,
// section 6.3.8).
const qrQuiet = 4

// QRSVG draws the link's QR code as an SVG image that scales to any size.
func (l Link) QRSVG() (string, error) {
	code, err := l.qrCode()
	if err != nil {
		return "", err
	}
	n := code.Bounds().Dx()
	var path strings.Builder
	for y := range n {
		for x := range n {
			if dark(code, x, y) {
				fmt.Fprintf(&path, "M%d %dh1v1h-1z", x+qrQuiet, y+qrQuiet)
			}
		}
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" role="img" shape-rendering="crispEdges">`+
		`<title>%[2]s</title><rect width="%[1]d" height="%[1]d" fill="#fff"/><path d="%[3]s"/></svg>`,
		n+2*qrQuiet, l.Host+"/"+string(l.Slug), path.String()), nil
}

// QRPNG draws the link's QR code as a PNG image of about the given width in
// pixels, each module a whole number of them wide.
func (l Link) QRPNG(width int) ([]byte, error) {
	code, err := l.qrCode()
	if err != nil {
		return nil, err
	}
	n := code.Bounds().Dx() + 2*qrQuiet
	scale := max(1, width/n)
	img := image.NewPaletted(image.Rect(0, 0, n*scale, n*scale), color.Palette{color.White, color.Black})
	for i := range img.Pix {
		if x, y := i%img.Stride/scale, i/img.Stride/scale; dark(code, x-qrQuiet, y-qrQuiet) {
			img.Pix[i] = 1
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("draw QR code: %w", err)
	}
	return out.Bytes(), nil
}

func (l Link) qrCode() (barcode.Barcode, error) {
	code, err := qr.Encode(l.URL()+qrMark, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("QR code of %s: %w", l.ID, err)
	}
	return code, nil
}

func dark(code barcode.Barcode, x, y int) bool {
	n := code.Bounds().Dx()
	if x < 0 || y < 0 || x >= n || y >= n {
		return false
	}
	r, _, _, _ := code.At(x, y).RGBA()
	return r == 0
}
