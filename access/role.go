// Package access decides who may come in and what they may do: passwords,
// sessions, one-time links, staff roles and API keys.
//
// Nouns: Hash, Session, Entry, Staff, Role, Permission, Key, Scope.
//
// Invariants:
//  1. Passwords are stored as argon2id, all else as a hash of a random token
//     that was shown once.
//  2. Who comes with a wrong name and who comes with a wrong password are told
//     the same, after the same work.
//  3. An entry link lets in once, before its end.
//  4. What a role or a scope allows is a table of data, and what is not in it
//     is not allowed.
//  5. A program always has an owner.
//  6. An API key names its program, its side and its kind, and opens nothing
//     else.
//
// It owns the tables passwords, sessions, entry_links, staff and api_keys. It
// reads no request and writes no answer: the surfaces do.
package access

import "slices"

// Role is what a member of a program's staff is there for.
type Role string

// The roles.
const (
	Owner   Role = "owner"
	Admin   Role = "admin"
	Finance Role = "finance"
	Support Role = "support"
	Viewer  Role = "viewer"
)

// Roles lists them, the widest first.
func Roles() []Role { return []Role{Owner, Admin, Finance, Support, Viewer} }

// Permission is one thing that not everybody on the staff may do.
type Permission string

// The permissions.
const (
	See              Permission = "see"               // everything but what is listed below
	ManageAffiliates Permission = "manage_affiliates" // approve, reject, invite, group, suspend
	ManagePromotion  Permission = "manage_promotion"  // links, coupons, materials
	DecideReferrals  Permission = "decide_referrals"  // claims, verdicts, moves
	ChangeTerms      Permission = "change_terms"      // terms, plans, policy
	RecordMoney      Permission = "record_money"      // payments and refunds by hand, corrections
	AdjustMoney      Permission = "adjust_money"      // bonuses, debits, write-offs, reviews
	RunPayouts       Permission = "run_payouts"       // open, send, settle
	ApprovePayouts   Permission = "approve_payouts"
	SeePayoutDetails Permission = "see_payout_details"
	ChangeSettings   Permission = "change_settings"
	ManageTeam       Permission = "manage_team"
	ManageKeys       Permission = "manage_keys" // API keys, webhooks, provider connections
	SeeAudit         Permission = "see_audit"
	EndProgram       Permission = "end_program"
)

// allowed is who may do what.
var allowed = map[Permission][]Role{
	See:              {Owner, Admin, Finance, Support, Viewer},
	ManageAffiliates: {Owner, Admin, Support},
	ManagePromotion:  {Owner, Admin, Support},
	DecideReferrals:  {Owner, Admin, Support},
	ChangeTerms:      {Owner, Admin},
	RecordMoney:      {Owner, Admin, Finance},
	AdjustMoney:      {Owner, Admin, Finance},
	RunPayouts:       {Owner, Admin, Finance},
	ApprovePayouts:   {Owner, Finance},
	SeePayoutDetails: {Owner, Finance},
	ChangeSettings:   {Owner, Admin},
	ManageTeam:       {Owner, Admin},
	ManageKeys:       {Owner, Admin},
	SeeAudit:         {Owner, Admin, Finance},
	EndProgram:       {Owner},
}

// Can reports whether a role may do something.
func Can(role Role, p Permission) bool { return slices.Contains(allowed[p], role) }
