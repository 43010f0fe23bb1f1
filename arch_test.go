package tributary_test

import (
	"fmt"
	"os"
	"testing"
)

// These lists are the architecture. A new room gets its place here first.

// floors stand in the order in which credit and money travel, lowest first. A room imports rooms of
// lower floors; on an ordered floor also the rooms before it; on the others never a neighbour.
var floors = []floor{
	{name: "0 tools", ordered: true, small: true, rooms: []string{
		"internal/text", "internal/fault", "internal/id", "internal/secret",
		"internal/db/migrations", "internal/db", "internal/db/dbtest", "internal/db/dbtest/pg",
		"internal/audit", "internal/outbox", "internal/once", "internal/bus", "internal/mail", "internal/serve",
	}},
	{name: "1 money", ordered: true, small: true, rooms: []string{"money", "ledger"}},
	{name: "2 stream", ordered: true, small: true, rooms: []string{
		"person", "program", "customer", "affiliate", "link", "coupon", "click", "fraud",
		"referral", "payment", "commission", "payout", "flow",
	}},
	{name: "3 around the stream", rooms: []string{"access", "webhook", "notice", "material", "report", "transfer", "verify"}},
	{name: "4 surfaces", rooms: []string{"track", "intake", "api", "web", "worker"}},
	{name: "5 wiring", rooms: []string{"cmd/tributary", "sim", "bench/clicks", "bench/durability", "bench/edge"}},
}

// sideRooms import their parent and what the parent may import; only floor 5 has the key.
var sideRooms = map[string]string{
	"click/clickhouse": "click",
	"click/country":    "click",
	"click/crawlers":   "click",
	"payment/paddle":   "payment",
	"payment/stripe":   "payment",
	"payout/csv":       "payout",
	"payout/manual":    "payout",
	"payout/paypal":    "payout",
	"payout/sepa":      "payout",
	"payout/wise":      "payout",
}

// parts are what a large surface is made of, in order: each imports those before it and what the
// parent may, and the parent (and floor 5) imports them.
var parts = []part{
	{parent: "web", rooms: []string{"web/static", "web/part", "web/public", "web/affiliate", "web/merchant"}},
}

// suites are tests for every implementation of a seam, and the databases for tests: they import like
// side rooms of their parent, and nothing but tests and other suites imports them.
var suites = map[string]string{
	"internal/bus/bustest":  "internal/bus",
	"internal/db/dbtest":    "internal/db",
	"internal/db/dbtest/pg": "internal/db",
	"click/clicktest":       "click",
	"payment/paymenttest":   "payment",
	"payout/payouttest":     "payout",
}

// strangers live in the repository and import none of our rooms: clients by the public API.
var strangers = []string{"examples/merchant"}

// keys says which foreign packages (by prefix) only some rooms may import, tests included.
var keys = []key{
	{"github.com/nats-io/", []string{"internal/bus"}},
	{"modernc.org/sqlite", []string{"internal/db", "internal/db/dbtest"}},
	{"github.com/jackc/pgx/", []string{"internal/db", "internal/db/dbtest"}},
	{"github.com/pressly/goose/", []string{"internal/db", "internal/db/migrations"}},
	{"github.com/danielgtaylor/huma/", []string{"api"}},
	{"github.com/valyala/fasthttp", []string{"track"}},
	{"github.com/a-h/templ", []string{"web", "web/part", "web/public", "web/affiliate", "web/merchant"}},
	{"github.com/alecthomas/kong", []string{"cmd/tributary"}},
	{"github.com/wneessen/go-mail", []string{"internal/mail"}},
}

// noFloats are the rooms, with their side rooms, in which money is computed.
var noFloats = []string{"money", "ledger", "commission", "payout", "payment"}

// globalTables hold what belongs to no program; every other table has program_id first in its
// primary key and in every unique constraint.
var globalTables = []string{
	// people and how they come in, in whichever programs
	"people", "passwords", "sessions", "entry_links",
	// the programs themselves, and whose each host name is
	"programs", "hosts",
	// the installation: keys by number, settings, who does what, how far the consumers are
	"click_keys", "settings", "leases", "positions",
	// the journal's consumers and frames, which hold clicks of many programs
	"click_positions", "click_frames", "click_gaps",
}

// sizes of architecture.md section 5.
const (
	maxFileLines     = 400
	maxTestFileLines = 800
	maxFuncLines     = 70
	maxNesting       = 3
	maxParams        = 5
	maxRoomFiles     = 12
	maxRoomLines     = 2500
)

var forbiddenNames = []string{
	"utils", "util", "common", "helpers", "helper", "models", "services", "types", "handlers", "pkg", "misc", "lib",
}

// checks are all rules; each is planted once in arch_plant_test.go.
var checks = []check{
	{"syntax", checkSyntax},
	{"rooms", checkRooms},
	{"imports", checkImports},
	{"keys", checkKeys},
	{"layers", checkLayers},
	{"sizes", checkSizes},
	{"room sizes", checkRoomSizes},
	{"package comments", checkPackageComments},
	{"doc comments", checkDocComments},
	{"floats", checkFloats},
	{"tables", checkTables},
	{"writers", checkWriters},
	{"surface SQL", checkSurfaceSQL},
	{"hygiene", checkHygiene},
	{"dependencies", checkDependencies},
}

func TestArchitecture(t *testing.T) {
	t.Parallel()
	tr, err := load(os.DirFS("."), globalTables)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range c.find(tr) {
				t.Error(f)
			}
		})
	}
}

type floor struct {
	name    string
	ordered bool // rooms import those before them, else never each other
	small   bool // rooms keep maxRoomFiles and maxRoomLines
	rooms   []string
}

type part struct {
	parent string
	rooms  []string
}

type key struct {
	prefix string
	rooms  []string
}

type check struct {
	name string
	find func(*tree) []finding
}

// finding is one broken rule: where, what, and what to do about it.
type finding struct{ where, what string }

func (f finding) String() string { return f.where + ": " + f.what }

func found(where, format string, args ...any) finding {
	return finding{where, fmt.Sprintf(format, args...)}
}
