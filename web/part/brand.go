package part

import (
	"fmt"
	"math"
	"strconv"
)

// Colour is a colour as red, green and blue of the sRGB space, 0 to 255 each.
type Colour struct{ R, G, B uint8 }

// ParseColour reads "#1a2b3c". Anything else is refused with false.
func ParseColour(s string) (Colour, bool) {
	if len(s) != 7 || s[0] != '#' {
		return Colour{}, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return Colour{}, false
	}
	return Colour{uint8(n >> 16), uint8(n >> 8), uint8(n)}, true
}

// BrandSheet returns a style sheet that replaces the house's accent by a
// program's colour, on light and on dark pages. The colour keeps its hue; its
// lightness is moved until text in it reads well (contrast of 4.5 or more, by
// WCAG 2.2, 1.4.3) on the page, on the soft tint, and under the words of a
// button.
func BrandSheet(brand Colour) string {
	l, c, h := brand.oklch()
	c = min(c, 0.16)
	light := settle(l, -0.01, func(l float64) bool {
		return contrast(fromOKLCH(l, c, h), white) >= 4.5 && contrast(fromOKLCH(l, c, h), softLight(c, h)) >= 4.5
	})
	strong := settle(light-0.06, -0.01, func(l float64) bool {
		return contrast(fromOKLCH(l, c, h), softLight(c, h)) >= 4.5
	})
	// The soft tint is lighter than the night's paper and the words on a button,
	// so what reads on it reads on them.
	dark := settle(max(l, 0.6), 0.01, func(l float64) bool {
		return contrast(fromOKLCH(l, c, h), softDark(c, h)) >= 4.5
	})
	return fmt.Sprintf(`@layer base { :root {
  --accent: light-dark(%s, %s);
  --accent-strong: light-dark(%s, %s);
  --accent-soft: light-dark(%s, %s);
  --on-accent: light-dark(%s, %s);
} }
`, fromOKLCH(light, c, h), fromOKLCH(dark, c, h),
		fromOKLCH(strong, c, h), fromOKLCH(min(dark+0.06, 0.95), c*0.9, h),
		softLight(c, h), softDark(c, h), white, nightInk)
}

var (
	white    = Colour{255, 255, 255}
	nightInk = fromOKLCH(0.2, 0.03, 200)
)

func softLight(c, h float64) Colour { return fromOKLCH(0.958, min(c*0.22, 0.03), h) }

func softDark(c, h float64) Colour { return fromOKLCH(0.285, min(c*0.42, 0.05), h) }

// settle moves a lightness by steps until it is good, or at its end.
func settle(l, step float64, good func(float64) bool) float64 {
	for l > 0 && l < 1 && !good(l) {
		l += step
	}
	return min(max(l, 0), 1)
}

// String writes the colour as "#1a2b3c".
func (k Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", k.R, k.G, k.B) }

// contrast is the ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func (k Colour) luminance() float64 {
	return 0.2126*linear(k.R) + 0.7152*linear(k.G) + 0.0722*linear(k.B)
}

func linear(v uint8) float64 {
	x := float64(v) / 255
	if x <= 0.04045 {
		return x / 12.92
	}
	return math.Pow((x+0.055)/1.055, 2.4)
}

func gamma(x float64) uint8 {
	x = min(max(x, 0), 1)
	if x <= 0.0031308 {
		x *= 12.92
	} else {
		x = 1.055*math.Pow(x, 1/2.4) - 0.055
	}
	return uint8(math.Round(x * 255))
}

// oklch converts by the matrices of Björn Ottosson's Oklab, as CSS Color 4
// gives them: lightness 0 to 1, chroma, hue in degrees.
func (k Colour) oklch() (l, c, h float64) {
	r, g, b := linear(k.R), linear(k.G), linear(k.B)
	x := math.Cbrt(0.4122214708*r + 0.5363325363*g + 0.0514459929*b)
	y := math.Cbrt(0.2119034982*r + 0.6806995451*g + 0.1073969566*b)
	z := math.Cbrt(0.0883024619*r + 0.2817188376*g + 0.6299787005*b)
	l = 0.2104542553*x + 0.7936177850*y - 0.0040720468*z
	a := 1.9779984951*x - 2.4285922050*y + 0.4505937099*z
	o := 0.0259040371*x + 0.7827717662*y - 0.8086757660*z
	return l, math.Hypot(a, o), math.Mod(math.Atan2(o, a)*180/math.Pi+360, 360)
}

func fromOKLCH(l, c, h float64) Colour {
	a, b := c*math.Cos(h*math.Pi/180), c*math.Sin(h*math.Pi/180)
	x := cube(l + 0.3963377774*a + 0.2158037573*b)
	y := cube(l - 0.1055613458*a - 0.0638541728*b)
	z := cube(l - 0.0894841775*a - 1.2914855480*b)
	return Colour{
		gamma(4.0767416621*x - 3.3077115913*y + 0.2309699292*z),
		gamma(-1.2684380046*x + 2.6097574011*y - 0.3413193965*z),
		gamma(-0.0041960863*x - 0.7034186147*y + 1.7076147010*z),
	}
}

func cube(x float64) float64 { return x * x * x }
