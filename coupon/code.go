package coupon

import (
	"encoding/binary"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"tributary.example/internal/fault"
	"tributary.example/internal/text"
)

// Code is a coupon's code in its canonical form: 3 to 40 of A–Z and 0–9.
type Code string

const (
	minCode = 3
	maxCode = 40
)

// ParseCode makes the canonical form of a code as somebody types it: NFKC,
// upper case, without spaces and hyphens, and then only A–Z and 0–9. The kind
// of error is Invalid.
func ParseCode(s string) (Code, error) {
	if len(s) > 8*maxCode {
		return "", refuseCode(s)
	}
	var b strings.Builder
	for _, c := range strings.ToUpper(norm.NFKC.String(s)) {
		switch {
		case c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
			b.WriteRune(c)
		case unicode.IsSpace(c), unicode.Is(unicode.Dash, c):
		default:
			return "", refuseCode(s)
		}
	}
	if b.Len() < minCode || b.Len() > maxCode {
		return "", refuseCode(s)
	}
	return Code(b.String()), nil
}

func refuseCode(s string) error {
	r := []rune(strings.ToValidUTF8(s, "�"))
	if len(r) > maxCode {
		r = append(r[:maxCode], '…')
	}
	return fault.New(fault.Invalid, "%s cannot be a code.", string(r)).Field("code").
		Hint("A code has %s to %s letters from A to Z and digits; spaces and hyphens do not count.", minCode, maxCode)
}

// String is the canonical form.
func (c Code) String() string { return string(c) }

// TextArg shows the code in a sentence.
func (c Code) TextArg() text.Arg { return text.Arg{Kind: text.KindText, Text: string(c)} }

// maxWord bounds each word of a name that goes into a suggestion.
const maxWord = 16

// Suggest lists codes that could be somebody's, the best first: JANE10 for
// Jane and 10 %, then with the family name, then with a letter in between. A
// percentage that is not whole is left out. A name without Latin letters
// becomes FRIEND.
func Suggest(name string, ppm int64) []Code {
	words := latinWords(name)
	if len(words) == 0 {
		words = []string{"FRIEND"}
	}
	percent := ""
	if ppm > 0 && ppm%10_000 == 0 {
		percent = text.English.Int(ppm / 10_000)
	}
	bases := []string{words[0]}
	if last := words[len(words)-1]; len(words) > 1 {
		bases = append(bases, words[0]+last, words[0]+last[:1], last)
	}
	for letter := 'A'; letter <= 'Z'; letter++ {
		bases = append(bases, words[0]+string(letter))
	}
	var codes []Code
	seen := map[Code]bool{}
	for _, base := range bases {
		c := Code(base + percent)
		if len(c) >= minCode && len(c) <= maxCode && !seen[c] {
			seen[c] = true
			codes = append(codes, c)
		}
	}
	return codes
}

func latinWords(name string) []string {
	var words []string
	for word := range strings.FieldsSeq(strings.ToUpper(norm.NFKD.String(name))) {
		var b strings.Builder
		for _, c := range word {
			if c >= 'A' && c <= 'Z' && b.Len() < maxWord {
				b.WriteRune(c)
			}
		}
		if b.Len() > 0 {
			words = append(words, b.String())
		}
	}
	return words
}

// alphabet has no characters that are mistaken for one another. Its size is
// even, which the checksum needs.
const alphabet = "ABCDEFGHJKMNPQRSTVWXYZ23456789"

const randomLength = 9 // with the checksum; 30^8 codes

// RandomCode makes a code from randomness, with a last character by which a
// typing mistake shows. A reader that fails is a programmer's error.
func RandomCode(random io.Reader) Code {
	var raw [8]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		panic(err)
	}
	n := binary.BigEndian.Uint64(raw[:])
	b := make([]byte, randomLength-1, randomLength)
	for i := range b {
		b[i] = alphabet[n%uint64(len(alphabet))]
		n /= uint64(len(alphabet))
	}
	return Code(append(b, alphabet[checksum(b)]))
}

// ChecksOut reports whether a code can be one that RandomCode made: a single
// wrong character or two swapped neighbours do not check out.
func (c Code) ChecksOut() bool {
	if len(c) != randomLength || strings.Trim(string(c), alphabet) != "" {
		return false
	}
	return c[randomLength-1] == alphabet[checksum([]byte(c[:randomLength-1]))]
}

// checksum is Luhn's, for a base other than ten.
func checksum(payload []byte) int {
	n := len(alphabet)
	sum, double := 0, true
	for i := len(payload) - 1; i >= 0; i-- {
		v := strings.IndexByte(alphabet, payload[i])
		if double {
			v = v*2/n + v*2%n
		}
		sum, double = sum+v, !double
	}
	return (n - sum%n) % n
}
