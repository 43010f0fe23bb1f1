// Package tributary is the root of an affiliate-program server; the code is in the rooms below.
//
// Start with cmd/tributary, which wires the rooms together, or read the rooms in the order in which
// credit and money travel: program, customer, affiliate, link, coupon, click, referral, payment,
// commission, payout, flow. The tests of this package keep the house in order:
//
//  1. A room imports only what stands before it; the list is in arch_test.go.
//  2. Each table has one room that writes it.
//  3. Files, functions and rooms stay small enough to be read.
//
// It owns no table and no code.
package tributary
