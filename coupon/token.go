package coupon

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
	"tributary.example/money"
)

// Quoted is what a quote token says: a price that was promised.
type Quoted struct {
	Coupon        id.Coupon      `json:"c"`
	Code          Code           `json:"k"`
	PlanCode      string         `json:"p,omitempty"`
	Currency      money.Currency `json:"y"`
	AmountMinor   int64          `json:"a"`
	DiscountMinor int64          `json:"d"`
	Payments      int            `json:"n"`
	EndsAt        time.Time      `json:"e"`
}

// Holds reports whether the price is still promised. The code in an ended
// token is evidence like a typed one.
func (q Quoted) Holds(now time.Time) bool { return now.Before(q.EndsAt) }

const (
	quoteVersion = "q1"
	quoteMAC     = 16      // bytes, of HMAC-SHA-256
	maxQuote     = 1 << 10 // characters
)

// VerifyQuote opens a quote token of a program. Whether its price still holds
// is another question: Holds. The kind of error is Invalid.
func VerifyQuote(root secret.Root, prog id.Program, token string) (Quoted, error) {
	bad := fault.New(fault.Invalid, "The quote token is not one that this program gave.").Field("quote").
		Hint("Send the token of the last quote unchanged, or the code alone.")
	version, rest, _ := strings.Cut(token, ".")
	body, mac, ok := strings.Cut(rest, ".")
	if !ok || version != quoteVersion || len(token) > maxQuote {
		return Quoted{}, bad
	}
	got, err := base64.RawURLEncoding.Strict().DecodeString(mac)
	if err != nil || !hmac.Equal(got, macQuote(root, prog, body)) {
		return Quoted{}, bad
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		return Quoted{}, bad.Because(err)
	}
	var q Quoted
	if err := json.Unmarshal(raw, &q); err != nil {
		return Quoted{}, bad.Because(err)
	}
	return q, nil
}

func signQuote(root secret.Root, prog id.Program, q Quoted) string {
	raw, err := json.Marshal(q)
	if err != nil {
		panic(err) // strings, integers and a time of this era
	}
	body := base64.RawURLEncoding.EncodeToString(raw)
	return quoteVersion + "." + body + "." + base64.RawURLEncoding.EncodeToString(macQuote(root, prog, body))
}

func macQuote(root secret.Root, prog id.Program, body string) []byte {
	h := hmac.New(sha256.New, root.Derive("quote/"+string(prog)))
	h.Write([]byte(body))
	return h.Sum(nil)[:quoteMAC]
}
