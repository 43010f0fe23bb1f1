package web

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"tributary.example/internal/fault"
	"tributary.example/web/part"
)

// legible refuses what no database keeps as text and no browser sends: bytes
// that are not UTF-8, and U+0000.
func legible(r *http.Request) error {
	if !isText(r.URL.Path) {
		return fault.New(fault.NotFound, "This address leads nowhere.").Hint("Check it, or begin at the start.")
	}
	_ = r.FormValue("") // parses address and form
	for name, values := range r.Form {
		if !isText(name) || !isText(strings.Join(values, "")) {
			return fault.New(fault.Invalid, "What was sent holds characters that cannot be stored.").Hint("Type it again.")
		}
	}
	return nil
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// form fills a page's fields from what was sent, so that nothing typed is
// lost, and puts each mistake beside its field.
type form struct {
	r   *http.Request
	bad wrongs
}

func formOf(r *http.Request, bad wrongs) form { return form{r, bad} }

// field completes a field: name and label, what was sent before (else the
// proposal in f.Value), and the mistake. Of options the value's one is on.
func (f form) field(name, label string, p part.Field) part.Field {
	p.Name, p.Label, p.Error = name, label, f.bad.fields[name]
	_ = f.r.FormValue(name) // parses the form
	if sent, ok := f.r.PostForm[name]; ok {
		p.Value = sent[0]
	}
	for i := range p.Options {
		p.Options[i].On = p.Options[i].Value == p.Value
	}
	return p
}
