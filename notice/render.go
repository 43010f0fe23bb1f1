package notice

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strings"

	"tributary.example/internal/mail"
	"tributary.example/internal/text"
	"tributary.example/person"
)

//go:embed letter.html
var letterHTML string

// page of an e-mail: one column, one button, no images, readable without
// style.
var letterPage = template.Must(template.New("letter").Parse(letterHTML))

// plainAccent colours the button when the program has no colour of its own.
const plainAccent = "#0b7a75"

type words struct {
	From, Subject, Hello string
	Accent, Ink          string // of the button and of its words
	Lines, After         []string
	Rows                 []wordsRow
	Button, URL, Reason  string
}

type wordsRow struct{ Name, Value string }

// render puts a letter into words, as text and as HTML.
func render(l letter, from origin, per person.Person) (mail.Message, error) {
	say := func(s text.Sentence) string { return text.T(from.locale, s) }
	w := words{
		From: from.name, Accent: from.accent, Subject: say(l.subject), Hello: say(hello(per)), URL: l.url,
		Reason: say(text.S("You get this e-mail because it concerns your account at %s.", from.name)),
	}
	if w.Accent == "" {
		w.Accent = plainAccent
	}
	w.Ink = inkOn(w.Accent)
	if l.url != "" {
		w.Button = say(l.button)
	}
	for _, s := range l.lines {
		w.Lines = append(w.Lines, say(s))
	}
	for _, r := range l.rows {
		w.Rows = append(w.Rows, wordsRow{say(r.name), say(r.value)})
	}
	for _, s := range l.after {
		w.After = append(w.After, say(s))
	}
	var html bytes.Buffer
	if err := letterPage.Execute(&html, w); err != nil {
		return mail.Message{}, fmt.Errorf("write e-mail: %w", err)
	}
	return mail.Message{
		To: per.Email, ToName: per.Name, FromName: from.name, Subject: w.Subject, Text: w.text(), HTML: html.String(),
	}, nil
}

func hello(per person.Person) text.Sentence {
	if per.Name == "" {
		return text.S("Hello,")
	}
	return text.S("Hello %s,", per.Name)
}

func (w words) text() string {
	parts := append([]string{w.Hello}, w.Lines...)
	var rows []string
	for _, r := range w.Rows {
		rows = append(rows, r.Name+": "+r.Value)
	}
	if len(rows) > 0 {
		parts = append(parts, strings.Join(rows, "\n"))
	}
	if w.Button != "" {
		parts = append(parts, w.Button+":\n"+w.URL)
	}
	parts = append(parts, w.After...)
	parts = append(parts, "-- \n"+w.From+"\n"+w.Reason)
	return strings.Join(parts, "\n\n") + "\n"
}

// inkOn is black or white, whichever is read better on a colour '#rrggbb', by
// relative luminance with the squares that approximate sRGB.
func inkOn(colour string) string {
	var r, g, b int
	if _, err := fmt.Sscanf(colour, "#%02x%02x%02x", &r, &g, &b); err != nil {
		return "#ffffff"
	}
	// Contrast with white and black is equal at a luminance of about 0.18.
	if 2126*r*r+7152*g*g+722*b*b > 1800*255*255 {
		return "#000000"
	}
	return "#ffffff"
}
