package main

import (
	"context"
	"net"
	"net/netip"

	"tributary.example/click"
	"tributary.example/click/country"
	"tributary.example/click/crawlers"
	"tributary.example/internal/fault"
	"tributary.example/internal/serve"
	"tributary.example/track"
	"tributary.example/worker"
)

// edge listens for visitors and returns the part that serves them.
func (in *installation) edge(_ context.Context, c serveConfig) (func(context.Context) error, error) {
	proxies, err := serve.ParseProxies(c.TrustedProxies)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", c.EdgeListen)
	if err != nil {
		return nil, listenFault("TRIBUTARY_EDGE_LISTEN", c.EdgeListen, err)
	}
	blocked, err := serve.ParseProxies(c.BlockedNets)
	if err != nil {
		return nil, err
	}
	lists, err := crawlers.Load()
	if err != nil {
		return nil, err
	}
	in.log.Info("edge judges visitors", "lists", lists.Version())
	countryOf, err := in.countries(c)
	if err != nil {
		return nil, err
	}
	edge := track.New(track.Options{
		Bus: in.bus, Root: in.root, Clock: in.books.Now, Log: in.log,
		Proxies: proxies, Blocked: blocked, Lists: lists, Country: countryOf,
		AckWait: c.TestAckWait,
	})
	return func(ctx context.Context) error { return edge.Run(ctx, listener) }, nil
}

// countries names the country of an address, when the operator has a file for
// it; nil otherwise.
func (in *installation) countries(c serveConfig) (func(netip.Addr) string, error) {
	if c.CountryFile == "" {
		return nil, nil
	}
	file, err := country.Open(c.CountryFile)
	if err != nil {
		return nil, err
	}
	in.close = append(in.close, file.Close)
	return file.Country, nil
}

func listenFault(variable, address string, err error) error {
	return fault.New(fault.Unavailable, "Nothing can listen on %s.", address).Because(err).
		Hint("Is another server running there? Choose another address with %s.", variable)
}

// clickConsumer stores the journal's clicks.
func (in *installation) clickConsumer(ctx context.Context) error {
	consumer := worker.Clicks{Bus: in.bus, Store: click.NewSQL(in.clicks), Log: in.log}
	return consumer.Run(ctx)
}
