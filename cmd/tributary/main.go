// Command tributary is the affiliate-program server: dashboards, API, edge and
// workers in one binary.
//
// It is the only wiring: flags and environment become the rooms' own options
// here, one file per command. It owns no tables and decides nothing.
//
//  1. Every setting is a flag and an environment variable TRIBUTARY_…; the
//     flag wins. Secrets have a twin TRIBUTARY_…_FILE.
//  2. A mistake in the settings is told with what to do, before anything runs.
//
// Exit codes: 0 done, 1 failed, 2 wrong use, 3 verify found something broken.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"

	"tributary.example/internal/fault"
	"tributary.example/internal/text"
)

type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server: dashboards and API, the edge, and the workers."`
	Demo    demoCommand    `cmd:"" help:"Run the server with a sample program and a sample merchant's site."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema to this version, and stop."`
	Clicks  clicksCommand  `cmd:"" help:"The store of clicks."`
	Keys    keysCommand    `cmd:"" help:"The keys that sign the tokens of clicks."`
	Links   linksCommand   `cmd:"" help:"The edge's directory of links."`
	Verify  verifyCommand  `cmd:"" help:"Check every invariant of the books, and print the newest seal."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// errBroken is verify's error when the books do not hold.
var errBroken = errors.New("the books are broken")

func main() {
	var c commands
	parser := kong.Parse(&c,
		kong.Name("tributary"),
		kong.Description("Affiliate programs, self-hosted: links, coupons, lifetime commissions, payouts."),
		kong.UsageOnError(),
		kong.DefaultEnvars("TRIBUTARY"),
	)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parser.BindTo(ctx, (*context.Context)(nil))
	err := parser.Run()
	stop()
	os.Exit(tell(err))
}

// tell prints an error for people and returns the exit code.
func tell(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, errBroken) {
		return 3
	}
	f, ok := fault.As(err)
	if !ok {
		fmt.Fprintln(os.Stderr, "tributary:", err)
		return 1
	}
	for _, e := range append([]*fault.Error{f}, f.Also...) {
		fmt.Fprintln(os.Stderr, "tributary:", e)
		if !e.Advice.IsZero() {
			fmt.Fprintln(os.Stderr, "          ", text.T(text.English, e.Advice))
		}
	}
	if f.Kind == fault.Invalid {
		return 2
	}
	return 1
}

type versionCommand struct{}

// Run prints the version that was built in.
func (versionCommand) Run() error {
	fmt.Println("tributary", version())
	return nil
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	revision := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			revision += " " + s.Value
		}
	}
	return revision + " " + info.GoVersion
}
