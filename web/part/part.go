// Package part is what pages are put together from: the frame around a page,
// figures, charts, rows, decisions, calculations, forms.
//
// Its nouns are a part (a templ component) and its content (a struct of the
// same name). Invariants:
//
//  1. A part shows texts, it never makes them: money, dates and counts arrive
//     formatted, in the reader's language.
//  2. No part writes a style attribute or a script into a page, so that a
//     content security policy may refuse both.
//  3. Every part works without JavaScript; app.js only adds comfort.
//  4. A state has one word, one tint, everywhere: the table in state.go.
//
// It owns no tables and must not know the domain, requests or sessions.
package part
