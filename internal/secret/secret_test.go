package secret

import (
	"bytes"
	"path/filepath"
	"testing"
)

func testRoot(t *testing.T) Root {
	t.Helper()
	r, err := NewRoot(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSealOpensOnlyForItsPurposeAndRow(t *testing.T) {
	t.Parallel()
	r := testRoot(t)
	sealed := r.Seal("totp", "per_1", []byte("abc"))
	got, err := r.Open("totp", "per_1", sealed)
	if err != nil || string(got) != "abc" {
		t.Fatalf("Open = %q, %v", got, err)
	}
	other, _ := NewRoot(bytes.Repeat([]byte{8}, 32))
	tests := map[string]func() ([]byte, error){
		"other purpose": func() ([]byte, error) { return r.Open("provider", "per_1", sealed) },
		"other row":     func() ([]byte, error) { return r.Open("totp", "per_2", sealed) },
		"other root":    func() ([]byte, error) { return other.Open("totp", "per_1", sealed) },
		"cut":           func() ([]byte, error) { return r.Open("totp", "per_1", sealed[:len(sealed)-2]) },
		"not sealed":    func() ([]byte, error) { return r.Open("totp", "per_1", "abc") },
		"empty":         func() ([]byte, error) { return r.Open("totp", "per_1", "s1.") },
	}
	for name, open := range tests {
		if got, err := open(); err == nil {
			t.Errorf("%s: opened as %q", name, got)
		}
	}
}

func TestLoadRootMakesItOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "deep", "root.key")
	first, err := LoadRoot(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := LoadRoot(path)
	if err != nil || first != second {
		t.Errorf("second load differs: %v", err)
	}
}

func TestDeriveDiffersByPurpose(t *testing.T) {
	t.Parallel()
	r := testRoot(t)
	if bytes.Equal(r.Derive("a"), r.Derive("b")) {
		t.Error("two purposes share a key")
	}
}

func TestTokensDiffer(t *testing.T) {
	t.Parallel()
	a, b := Token(), Token()
	if a == b || len(a) != 43 || Hash(a) == Hash(b) {
		t.Errorf("tokens %q %q", a, b)
	}
}
