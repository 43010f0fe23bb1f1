// Package e2e is the product as its users meet it: stories as text files in testdata, played on the
// real binary, and stories in a real browser.
//
//  1. The server is known only from outside; this module imports none of its rooms.
//  2. Time is moved by a clock file, never waited for.
//
// It owns no table.
package e2e
