package web

import (
	"net/http"

	"tributary.example/web/part"
)

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
