// Command durability proves, on the real server, what a visitor's redirect
// promises: the click is kept.
//
//		durability crash   kills the server at random instants, two hundred times,
//		                   and looks for every click that was acknowledged
//		durability sync    watches the server's system calls: no redirect leaves
//		                   before the sync that covers its click
//
//	 1. The server is the binary itself, with its sample program, in a folder of
//	    its own that is removed afterwards. It waits for the journal as long as it
//	    takes (TRIBUTARY_TEST_ACK_WAIT), so that each answer is an acknowledged
//	    one.
//	 2. The last line is the result; the exit code is 0 only when it is good.
//
// It owns no tables.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are what both proofs are run with.
type options struct {
	binary   string
	rounds   int
	clicks   int
	visitors int
	seed     uint64
	outage   time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/tributary", "the server")
	flag.IntVar(&o.rounds, "rounds", 200, "crash: how often the server is killed")
	flag.IntVar(&o.clicks, "clicks", 2000, "sync: how many clicks are watched")
	flag.IntVar(&o.visitors, "visitors", 16, "how many click at the same time")
	flag.DurationVar(&o.outage, "outage", time.Minute, "outage: how long the database is away")
	flag.Uint64Var(&o.seed, "seed", 1, "crash: of the instants")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	proofs := map[string]func(context.Context, options) error{"crash": crash, "sync": syncs, "outage": outage}
	proof, ok := proofs[flag.Arg(0)]
	if !ok {
		fmt.Fprintln(os.Stderr, "durability: say crash, sync or outage")
		os.Exit(2)
	}
	err := proof(ctx, o)
	if err != nil && !errors.Is(err, errBroken) {
		fmt.Fprintln(os.Stderr, "durability:", err)
	}
	if err != nil {
		stop()
		os.Exit(1)
	}
}

// errBroken is a proof's error when its last line says what is wrong.
var errBroken = errors.New("the promise is broken")
