package stage

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var apiClient = &http.Client{Timeout: patience, Transport: &http.Transport{DialContext: dialLocal}}

func cmdClock(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, false, args, 1)
	to, err := time.Parse(time.RFC3339, args[0])
	ts.Check(err)
	ts.Check(st.server.Clock.Set(to))
}

// cmdAPI understands, before the method: -h 'Name: value' for more headers.
func cmdAPI(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, true, args, 2)
	header := http.Header{}
	for len(args) > 3 && args[0] == "-h" {
		name, value, _ := strings.Cut(args[1], ":")
		header.Set(name, strings.TrimSpace(value))
		args = args[2:]
	}
	body := strings.Join(args[2:], " ")
	if file, ok := strings.CutPrefix(body, "@"); ok {
		body = ts.ReadFile(file)
	}
	a, err := call(ts, args[0], args[1], body, header)
	ts.Check(err)
	st.last = a.Body
	fmt.Fprintf(ts.Stderr(), "%d %s\n", a.Status, http.StatusText(a.Status))
	fmt.Fprintln(ts.Stdout(), a.Body)
	if refused := a.Status >= 400; refused != neg {
		ts.Fatalf("%s %s: status %d: %s", args[0], args[1], a.Status, a.Body)
	}
}

func call(ts *testscript.TestScript, method, path, body string, header http.Header) (Answer, error) {
	req, err := http.NewRequest(method, whole(ts, "APP", path), strings.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	if key := ts.Getenv("KEY"); key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, values := range header {
		req.Header[name] = values
	}
	return answer(apiClient.Do(req))
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, true, args, 2)
	got, err := Pick(st.last, args[0])
	if err != nil && neg {
		return // what is not there is not equal either
	}
	ts.Check(err)
	want, ok := strings.Join(args[1:], " "), false
	switch {
	case args[1] == "->" && len(args) == 3:
		ts.Setenv(args[2], got)
		return
	case args[1] == "~" && len(args) == 3:
		ok = regexp.MustCompile(args[2]).MatchString(got)
	default:
		ok = got == want
	}
	if ok == neg {
		ts.Fatalf("%s: got %s, want (turned round: %t) %s\nin %s", args[0], got, neg, want, st.last)
	}
}

func cmdAwait(ts *testscript.TestScript, neg bool, args []string) {
	st := at(ts, neg, false, args, 3)
	want := strings.Join(args[2:], " ")
	ts.Check(until(func() error {
		a, err := call(ts, "GET", args[0], "", nil)
		if err != nil {
			return err
		}
		got, err := Pick(a.Body, args[1])
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s of %s: got %s, want %s\nin %s", args[1], args[0], got, want, a.Body)
		}
		st.last = a.Body
		return nil
	}))
}
