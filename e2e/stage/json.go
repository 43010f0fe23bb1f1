package stage

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Pick finds a value in a JSON text by a path such as .items.0.amount.minor and returns it as it is
// compared in stories: strings without quotes, everything else as JSON. `length` counts a list, and
// a path alone (.) is the whole text.
func Pick(text, path string) (string, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber() // money stays exact
	var value any
	if err := dec.Decode(&value); err != nil {
		return "", fmt.Errorf("not JSON: %w: %.200s", err, text)
	}
	for _, step := range strings.FieldsFunc(path, func(r rune) bool { return r == '.' }) {
		next, ok := stepInto(value, step)
		if !ok {
			return "", fmt.Errorf("there is no %q (of %s) in %s", step, path, text)
		}
		value = next
	}
	if s, ok := value.(string); ok {
		return s, nil
	}
	out, err := json.Marshal(value)
	return string(out), err
}

func stepInto(value any, step string) (any, bool) {
	switch v := value.(type) {
	case map[string]any:
		next, ok := v[step]
		return next, ok
	case []any:
		if step == "length" {
			return len(v), true
		}
		i, err := strconv.Atoi(step)
		if err != nil || i < 0 || i >= len(v) {
			return nil, false
		}
		return v[i], true
	}
	return nil, false
}
