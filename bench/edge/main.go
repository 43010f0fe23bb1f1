// Command edge measures the redirect against nginx: the edge with its durable
// journal, and Debian's nginx that answers an equal 302 with a buffered access
// log, driven in turn by wrk from the same machine.
//
// Nouns: Plan, Round, Sample, Server.
//
// Invariants:
//  1. Both servers answer the same requests with the same number of header
//     bytes; no request is a repeat.
//  2. A round is void unless the journal's frames hold as many clicks as wrk saw
//     redirects.
//  3. Ratios are taken within a round; what is printed is their median.
//
// It owns no tables and is started by hand only.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// plan is what is measured.
type plan struct {
	links   int
	rounds  int
	spell   time.Duration // of one load
	conns   []int
	memory  bool // only memory and load time
	profile string
}

// child is set in the process that runs an edge.
type child struct {
	serving bool
	dir     string
	listen  string
	sync    bool
	fill    int
}

func main() {
	var p plan
	var c child
	flag.IntVar(&p.links, "links", 100_000, "links in the directory")
	flag.IntVar(&p.rounds, "rounds", 3, "rounds")
	flag.DurationVar(&p.spell, "spell", 5*time.Second, "length of one load")
	flag.BoolVar(&p.memory, "memory", false, "measure only memory and load time")
	flag.StringVar(&p.profile, "profile", "", "write a CPU profile of the synced edge under load to this file")
	flag.BoolVar(&c.serving, "serving", false, "be an edge (used by itself)")
	flag.StringVar(&c.dir, "dir", "", "folder of the journal (used by itself)")
	flag.StringVar(&c.listen, "listen", "", "address (used by itself)")
	flag.BoolVar(&c.sync, "sync", true, "sync each frame (used by itself)")
	flag.IntVar(&c.fill, "fill", 0, "fill the directory with links, then end (used by itself)")
	flag.Parse()
	p.conns = []int{64, 256}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := p.run
	if c.serving {
		run = c.run
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench-edge:", err)
		os.Exit(1)
	}
}
