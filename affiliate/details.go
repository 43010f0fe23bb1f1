package affiliate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"tributary.example/internal/audit"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
)

// Rail is the way money travels to an affiliate.
type Rail string

// The rails that details can be given for.
const (
	RailManual Rail = "manual" // whatever merchant and affiliate agreed on
	RailPayPal Rail = "paypal"
	RailBank   Rail = "bank"
)

// Details are where an affiliate wants to be paid.
type Details struct {
	Rail    Rail   `json:"rail"`
	Holder  string `json:"holder"`
	Account string `json:"account"` // IBAN, PayPal address, or words
}

// Stored is one version of an affiliate's details: sealed, with a masked form
// for people.
type Stored struct {
	Version     int       `json:"version"`
	Rail        Rail      `json:"rail"`
	Sealed      string    `json:"-"`
	Shown       string    `json:"shown"`
	CreatedAt   time.Time `json:"created_at"`
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
}

const sealPurpose = "affiliate.details"

// Check refuses details that cannot be paid to. Kinds: Invalid.
func (d Details) Check() error {
	var l fault.List
	if d.Holder == "" || len(d.Holder) > 100 {
		l.Add(fault.New(fault.Invalid, "Please name the holder of the account, in at most 100 characters.").Field("holder"))
	}
	switch d.Rail {
	case RailManual:
		if d.Account == "" || len(d.Account) > 300 {
			l.Add(fault.New(fault.Invalid, "Please say how you want to be paid, in at most 300 characters.").Field("account"))
		}
	case RailPayPal:
		if _, err := mail.ParseAddress(d.Account); err != nil {
			l.Add(fault.New(fault.Invalid, "That is not the e-mail address of a PayPal account.").Field("account").Hint("Write it as you sign in at PayPal."))
		}
	case RailBank:
		if !validIBAN(d.Account) {
			l.Add(fault.New(fault.Invalid, "That is not an IBAN: its check digits do not fit.").Field("account").Hint("Copy it from your bank statement; spaces do not matter."))
		}
	default:
		l.Add(fault.New(fault.Invalid, "%s is not a way to be paid.", string(d.Rail)).Field("rail").Hint("Use manual, paypal or bank."))
	}
	return l.Err()
}

// validIBAN checks form and the ISO 7064 mod 97-10 digits of ISO 13616.
func validIBAN(s string) bool {
	if len(s) < 15 || len(s) > 34 {
		return false
	}
	rest := 0
	for _, c := range s[4:] + s[:4] {
		switch {
		case c >= '0' && c <= '9':
			rest = (rest*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			rest = (rest*100 + int(c-'A') + 10) % 97
		default:
			return false
		}
	}
	return rest == 1
}

// Mask is what people may see of the account.
func (d Details) Mask() string {
	switch d.Rail {
	case RailPayPal:
		name, host, _ := strings.Cut(d.Account, "@")
		return cut(name, 2) + "…@" + host
	case RailBank:
		return cut(d.Account, 4) + " … " + d.Account[max(0, len(d.Account)-4):]
	}
	return "as agreed"
}

func cut(s string, n int) string { return s[:min(n, len(s))] }

// PutDetails writes the next version of an affiliate's details. The first
// version is confirmed at once. Kinds: Invalid.
func PutDetails(ctx context.Context, tx *db.Tx, root secret.Root, prog id.Program, aff id.Affiliate, d Details) (Stored, error) {
	d.Holder, d.Account = strings.TrimSpace(d.Holder), strings.TrimSpace(d.Account)
	if d.Rail == RailBank {
		d.Account = strings.ToUpper(strings.ReplaceAll(d.Account, " ", ""))
	}
	if err := d.Check(); err != nil {
		return Stored{}, err
	}
	plain, err := json.Marshal(d)
	if err != nil {
		return Stored{}, err
	}
	newest, err := db.One(ctx, tx, db.Scalar[int], `
		select cast(coalesce(max(version), 0) as bigint) from affiliate_details
		where program_id = $1 and affiliate_id = $2`, prog, aff)
	if err != nil {
		return Stored{}, fmt.Errorf("read newest details: %w", err)
	}
	s := Stored{Version: newest + 1, Rail: d.Rail, Shown: d.Mask(), CreatedAt: tx.Now(), ConfirmedAt: tx.Now()}
	s.Sealed = root.Seal(sealPurpose, string(aff), plain)
	_, err = tx.Exec(ctx, `
		insert into affiliate_details (program_id, affiliate_id, version, rail, details, shown, created_at, confirmed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, prog, aff, s.Version, s.Rail, s.Sealed, s.Shown, s.CreatedAt, s.ConfirmedAt)
	if err != nil {
		return Stored{}, fmt.Errorf("insert details: %w", err)
	}
	return s, audit.Write(ctx, tx, audit.Entry{Program: prog, Action: "affiliate.details_changed", Subject: string(aff), After: map[string]any{"version": s.Version, "rail": s.Rail}})
}

// DetailsOf is the newest confirmed version of an affiliate's details.
func DetailsOf(ctx context.Context, q db.Reader, prog id.Program, aff id.Affiliate) (Stored, bool, error) {
	return db.Lookup(ctx, q, scanStored, `
		select version, rail, details, shown, created_at, confirmed_at from affiliate_details
		where program_id = $1 and affiliate_id = $2 and confirmed_at is not null
		order by version desc limit 1`, prog, aff)
}

func scanStored(r db.Row) (Stored, error) {
	var s Stored
	err := r.Scan(&s.Version, &s.Rail, &s.Sealed, &s.Shown, &s.CreatedAt, &s.ConfirmedAt)
	return s, err
}

// OpenDetails unseals details for the payout's file.
func OpenDetails(root secret.Root, aff id.Affiliate, sealed string) (Details, error) {
	var d Details
	plain, err := root.Open(sealPurpose, string(aff), sealed)
	if err != nil {
		return d, err
	}
	return d, json.Unmarshal(plain, &d)
}
