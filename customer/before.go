package customer

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"tributary.example/internal/db"
	"tributary.example/internal/id"
	"tributary.example/internal/secret"
)

// Marks are the keyed hashes by which a customer from before the program is
// known: of the normalised e-mail, of the merchant's own id, or both.
type Marks []string

// MarksOf makes the hashes of an address and an id with the program's own key;
// either may be "". It is made outside the transaction.
func MarksOf(root secret.Root, prog id.Program, emailNormal, externalID string) Marks {
	key := root.Derive("customers before/" + string(prog))
	var marks Marks
	if emailNormal != "" {
		marks = append(marks, mark(key, "email:"+emailNormal))
	}
	if externalID != "" {
		marks = append(marks, mark(key, "id:"+externalID))
	}
	return marks
}

// Before reports whether one of the marks is on the list of customers from
// before the program.
func Before(ctx context.Context, r db.Reader, prog id.Program, marks Marks) (bool, error) {
	for _, m := range marks {
		_, ok, err := db.Lookup(ctx, r, db.Scalar[string], `select hash from customers_before where program_id = $1 and hash = $2`, prog, m)
		if ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// AddBefore puts marks on the list of customers from before the program, and
// says how many were new.
func AddBefore(ctx context.Context, tx *db.Tx, prog id.Program, marks Marks) (int, error) {
	added := 0
	for _, m := range marks {
		n, err := tx.Exec(ctx, `insert into customers_before (program_id, hash, created_at) values ($1, $2, $3)
			on conflict (program_id, hash) do nothing`, prog, m, tx.Now())
		if err != nil {
			return added, err
		}
		added += int(n)
	}
	return added, nil
}

func mark(key []byte, what string) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(what))
	return hex.EncodeToString(h.Sum(nil))
}
