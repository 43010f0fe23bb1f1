package stage

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// Commands are what a story file can say besides testscript's own words. A leading `!` turns an
// expectation round: the request is refused, the value differs.
//
//	database postgres         use a fresh PostgreSQL database instead of SQLite (before start)
//	program [HOLD_DAYS]       set up owner, program, plans and key after start; leaves $KEY
//	affiliate NAME PREFIX     apply and be approved; leaves $PREFIX, $PREFIX_SLUG, $PREFIX_CODE
//	enter MAIL                follow the one-time link mailed to somebody, and be signed in
//	start [ARG…]              start the server (default: serve) and wait until it answers
//	stop, kill9               end it as Ctrl-C does; end it at once
//	console PATTERN [NAME]    wait until the terminal says so; keep the first group in $NAME
//	advance 31d               move the server's clock on
//	clock 2030-01-31T10:00:00Z  set it
//	api METHOD PATH [BODY]    call the API with the key in $KEY; the answer is stdout, the status stderr
//	json PATH VALUE           the last answer holds this value; `-> NAME` keeps it, `~ PATTERN` matches it
//	await PATH JSONPATH VALUE ask the API again and again until the answer holds this value
//	visitor NAME              go on as another person with a browser of their own
//	click SLUG                open a tracking link; keeps $TOKEN, $COOKIE and $LOCATION
//	page PATH                 open a page; its text is stdout
//	form PATH NAME=VALUE…     submit a form; the text of the page it leads to is stdout
//
// Addresses are in $APP, $EDGE and $SHOP; a PATH may be a whole address. Everything that is not a
// flag of the story is real: HTTP over loopback, the binary's own console, its own files.
func Commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"database":  cmdDatabase,
		"program":   cmdProgram,
		"affiliate": cmdAffiliate,
		"enter":     cmdEnter,
		"start":     cmdStart,
		"stop":      cmdStop,
		"kill9":     cmdKill,
		"console":   cmdConsole,
		"advance":   cmdAdvance,
		"clock":     cmdClock,
		"api":       cmdAPI,
		"json":      cmdJSON,
		"await":     cmdAwait,
		"visitor":   cmdVisitor,
		"click":     cmdClick,
		"page":      cmdPage,
		"form":      cmdForm,
	}
}

// story is what one story file has on its stage.
type story struct {
	server   *Server
	visitors map[string]*Visitor
	visitor  *Visitor
	last     string // the last answer of the API
}

type storyKey struct{}

// Setup returns testscript's setup: an installation of the binary bin in the story's own folder.
func Setup(bin string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		server, err := NewServer(bin, env.WorkDir)
		if err != nil {
			return err
		}
		st := &story{server: server, visitors: map[string]*Visitor{}}
		st.visitor = st.as("visitor")
		env.Values[storyKey{}] = st
		env.Vars = append(env.Vars, server.Environ()...)
		env.Setenv("APP", server.App())
		env.Setenv("EDGE", server.Edge())
		env.Setenv("SHOP", server.Shop())
		env.Setenv("APP_PORT", strconv.Itoa(server.AppPort))
		env.Setenv("EDGE_PORT", strconv.Itoa(server.EdgePort))
		env.Setenv("SHOP_PORT", strconv.Itoa(server.ShopPort))
		env.Setenv("VIA", "via")
		env.Setenv("PATH", filepath.Dir(bin)+string(os.PathListSeparator)+env.Getenv("PATH"))
		env.Defer(func() { _ = server.Kill() })
		return nil
	}
}

func (st *story) as(name string) *Visitor {
	if st.visitors[name] == nil {
		st.visitors[name] = NewVisitor(name)
	}
	return st.visitors[name]
}

// at is the story of ts, after looking at the number of arguments and a `!` that means nothing here.
func at(ts *testscript.TestScript, neg, mayNegate bool, args []string, least int) *story {
	if neg && !mayNegate {
		ts.Fatalf("this command cannot be turned round with !")
	}
	if len(args) < least {
		ts.Fatalf("too few arguments: %q", args)
	}
	return ts.Value(storyKey{}).(*story)
}

func cmdDatabase(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, false, args, 1)
	if args[0] != "postgres" {
		ts.Fatalf("the only other database is postgres")
	}
	server := os.Getenv("TRIBUTARY_TEST_POSTGRES")
	if server == "" {
		ts.Fatalf("TRIBUTARY_TEST_POSTGRES is not set; make story and make test set it")
	}
	name := fmt.Sprintf("story_%s_%d", regexp.MustCompile(`\W`).ReplaceAllString(ts.Name(), "_"), st.server.AppPort)
	out, err := exec.Command("psql", server, "-qc", "create database "+name).CombinedOutput()
	if err != nil {
		ts.Fatalf("create database: %v: %s", err, out)
	}
	u, err := url.Parse(server)
	ts.Check(err)
	u.Path = "/" + name
	st.server.env = append(st.server.env, "TRIBUTARY_DATABASE="+u.String())
	ts.Setenv("TRIBUTARY_DATABASE", u.String())
	ts.Defer(func() {
		_ = st.server.Kill()
		_ = exec.Command("psql", server, "-qc", "drop database "+name+" with (force)").Run()
	})
}

func cmdStart(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, false, args, 0)
	if len(args) == 0 {
		args = []string{"serve"}
	}
	ts.Check(st.server.Start(args...))
}

func cmdStop(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(at(ts, neg, false, args, 0).server.Stop())
}

func cmdKill(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(at(ts, neg, false, args, 0).server.Kill())
}

func cmdConsole(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, true, args, 1)
	if neg {
		if regexp.MustCompile(args[0]).MatchString(st.server.Console()) {
			ts.Fatalf("the console says %q:\n%s", args[0], st.server.Console())
		}
		return
	}
	match, err := st.server.Says(args[0])
	ts.Check(err)
	if len(args) > 1 {
		ts.Setenv(args[1], match[len(match)-1])
	}
}

func cmdAdvance(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(at(ts, neg, false, args, 1).server.Clock.Advance(args[0]))
}

func cmdVisitor(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, false, args, 1)
	st.visitor = st.as(args[0])
}

func cmdClick(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, true, args, 1)
	a, err := st.visitor.Click(whole(ts, "EDGE", args[0]), nil)
	ts.Check(err)
	token, cookie := "", ""
	if to, err := url.Parse(a.Location); err == nil {
		token = to.Query().Get(ts.Getenv("VIA"))
	}
	for _, c := range a.Cookies {
		if strings.HasPrefix(c.Name, "trb_") {
			cookie = c.Value
		}
	}
	ts.Setenv("TOKEN", token)
	ts.Setenv("COOKIE", cookie)
	ts.Setenv("LOCATION", a.Location)
	fmt.Fprintf(ts.Stderr(), "%d %s\n", a.Status, a.Location)
	fmt.Fprintln(ts.Stdout(), token)
	if got := token != ""; got == neg {
		ts.Fatalf("status %d to %q: token %q, want a token: %t", a.Status, a.Location, token, !neg)
	}
}

func cmdPage(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, true, args, 1)
	a, err := st.visitor.Open(whole(ts, "APP", args[0]))
	show(ts, neg, a, err)
}

func cmdForm(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, true, args, 1)
	form := url.Values{}
	for _, field := range args[1:] {
		name, value, ok := strings.Cut(field, "=")
		if !ok {
			ts.Fatalf("a field is NAME=VALUE, not %q", field)
		}
		form.Add(name, value)
	}
	a, err := st.visitor.Submit(whole(ts, "APP", args[0]), form)
	show(ts, neg, a, err)
}

// show prints a page for the story to look at, and judges its status.
func show(ts *testscript.TestScript, neg bool, a Answer, err error) {
	ts.Check(err)
	ts.Setenv("PAGE", a.URL)
	fmt.Fprintf(ts.Stderr(), "%d %s\n", a.Status, a.URL)
	fmt.Fprintln(ts.Stdout(), a.Text())
	if refused := a.Status >= 400; refused != neg {
		ts.Fatalf("status %d at %s: %.400s", a.Status, a.URL, a.Text())
	}
}

// whole completes a path with the address in the named variable.
func whole(ts *testscript.TestScript, base, path string) string {
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		return path
	}
	return ts.Getenv(base) + "/" + strings.TrimPrefix(path, "/")
}
