// Package secret keeps what must not be read: it seals values at rest under
// the installation's root key, derives keys from it, and makes random tokens
// that are stored only as hashes.
//
// Nouns: Root, Token.
//
// Invariants:
//  1. The root key never leaves this package; every use has a derived key.
//  2. A sealed value opens only for the purpose and the row it was sealed for.
//  3. A token's text is shown once; what is stored is its SHA-256.
//
// It owns no tables.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Root is the installation's root key.
type Root struct{ key [32]byte }

// sealVersion leads each sealed value, so that a later scheme can be told.
const sealVersion = "s1"

// NewRoot makes a root key from 32 bytes.
func NewRoot(key []byte) (Root, error) {
	var r Root
	if len(key) != len(r.key) {
		return r, fmt.Errorf("root key has %d bytes, want %d", len(key), len(r.key))
	}
	copy(r.key[:], key)
	return r, nil
}

// ParseRoot reads a root key written as 64 hexadecimal digits.
func ParseRoot(s string) (Root, error) {
	b, err := hex.DecodeString(strings.TrimSpace(s))
	if err != nil {
		return Root{}, errors.New("root key is not 64 hexadecimal digits")
	}
	return NewRoot(b)
}

// LoadRoot reads the root key's file, and makes it, readable by the owner
// only, when there is none.
func LoadRoot(path string) (Root, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return createRoot(path)
	}
	if err != nil {
		return Root{}, fmt.Errorf("read root key: %w", err)
	}
	r, err := ParseRoot(string(b))
	if err != nil {
		return Root{}, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func createRoot(path string) (Root, error) {
	var key [32]byte
	rand.Read(key[:])
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return Root{}, fmt.Errorf("make root key's folder: %w", err)
	}
	if err := writeSynced(path, hex.EncodeToString(key[:])+"\n"); err != nil {
		return Root{}, fmt.Errorf("write root key: %w", err)
	}
	return NewRoot(key[:])
}

// writeSynced never replaces a file: two starts at once must not end with two
// different keys in use.
func writeSynced(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// Derive makes a 32-byte key for one purpose, with HKDF-SHA-256 (RFC 5869).
func (r Root) Derive(purpose string) []byte {
	return Derive(r.key[:], purpose)
}

// Derive makes a 32-byte key for one purpose from another key, with
// HKDF-SHA-256 (RFC 5869).
func Derive(key []byte, purpose string) []byte {
	out, err := hkdf.Key(sha256.New, key, nil, "tributary/"+purpose, 32)
	if err != nil {
		panic(err) // only for an output longer than 255 hashes
	}
	return out
}

// Seal encrypts a value with AES-256-GCM for one purpose and one row (such as
// the row's id), so that a sealed value copied to another row does not open.
func (r Root) Seal(purpose, row string, plain []byte) string {
	aead := r.aead(purpose)
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	box := aead.Seal(nonce, nonce, plain, []byte(row))
	return sealVersion + "." + base64.RawURLEncoding.EncodeToString(box)
}

// Open decrypts a sealed value.
func (r Root) Open(purpose, row, sealed string) ([]byte, error) {
	text, ok := strings.CutPrefix(sealed, sealVersion+".")
	if !ok {
		return nil, fmt.Errorf("open %s of %s: not a sealed value", purpose, row)
	}
	box, err := base64.RawURLEncoding.DecodeString(text)
	aead := r.aead(purpose)
	if err != nil || len(box) < aead.NonceSize() {
		return nil, fmt.Errorf("open %s of %s: damaged", purpose, row)
	}
	plain, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], []byte(row))
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: sealed under another key, or damaged", purpose, row)
	}
	return plain, nil
}

func (r Root) aead(purpose string) cipher.AEAD {
	block, err := aes.NewCipher(r.Derive("seal/" + purpose))
	if err != nil {
		panic(err) // only for a key of another length
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return aead
}

// Token makes a random token of 32 bytes as 43 characters of base64url.
func Token() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Hash is what is stored of a random token: its SHA-256 in hexadecimal. A slow
// hash is not needed, because a token cannot be guessed.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
