// Package public is the pages of people who are not signed in: sign-in, set-up,
// a program's application page, errors.
//
// Its noun is a page (a struct of texts, and the templ function that shows it).
// Invariants:
//
//  1. A page gets texts and addresses only.
//  2. No page tells whether an e-mail address is known.
//  3. A link from an e-mail shows a page with a button; only the button's POST
//     uses the link up, because mail programs open links by themselves.
//
// It owns no tables and must not know the domain, requests or sessions.
package public
