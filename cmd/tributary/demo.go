package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"net"
	"path/filepath"
	"strings"
	"time"

	"tributary.example/access"
	"tributary.example/affiliate"
	"tributary.example/coupon"
	"tributary.example/examples/merchant"
	"tributary.example/internal/db"
	"tributary.example/internal/fault"
	"tributary.example/internal/serve"
	"tributary.example/link"
	"tributary.example/program"
)

type demoCommand struct {
	serveConfig
	ShopListen string `default:"127.0.0.1:8082" help:"Address of the sample merchant's site."`
	NoHistory  bool   `help:"Begin without ninety days of sample history."`
}

// The demo's names. Link host and shop are two hosts of one site, as they
// would be in use: browsers resolve *.localhost to this machine.
const (
	demoSlug     = "fernwood"
	demoShopHost = "www.shop.localhost"
	demoLinkHost = "go.shop.localhost"
	demoOwner    = "mara@fernwood.example"
	demoJane     = "jane@example.com"
)

// Run serves the sample program until it is interrupted. It has a data folder
// of its own below the one of `serve`.
func (c demoCommand) Run(ctx context.Context) error {
	c.Data = filepath.Join(c.Data, "demo")
	if c.LogLevel == "" {
		c.LogLevel = "warn" // a line per request would push the story off the screen
	}
	if err := c.check(); err != nil {
		return err
	}
	now, err := c.clock()
	if err != nil {
		return err
	}
	clock := &sampleClock{now: now}
	in, err := openBooks(ctx, c.config, db.Options{Clock: clock.Now})
	if err != nil {
		return err
	}
	err = c.run(ctx, in, clock)
	if closed := in.Close(); err == nil {
		err = closed
	}
	return err
}

func (c demoCommand) run(ctx context.Context, in *installation, clock *sampleClock) error {
	if err := in.openBus(ctx); err != nil {
		return err
	}
	prog, keys, err := c.furnish(ctx, in, clock)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.ShopListen)
	if err != nil {
		return listenFault("TRIBUTARY_SHOP_LISTEN", c.ShopListen, err)
	}
	shop := serve.Server{Name: "shop", Listener: listener, Handler: merchant.New(merchant.Config{
		API: c.publicURL(), Edge: "http://" + prog.LinkHost, SecretKey: keys.Secret, PublishableKey: keys.Publishable,
		Program: prog.Slug, Site: c.shopURL(), Now: in.books.Now,
	})}
	return in.serve(ctx, c.serveConfig, []serve.Server{shop}, func(ctx context.Context) error {
		return c.greet(ctx, in, prog)
	})
}

func (c demoCommand) shopURL() string {
	_, port, _ := net.SplitHostPort(c.ShopListen)
	return "http://" + demoShopHost + ":" + port
}

// demoKeys are the shop's keys. A key's text is shown once, so the demo keeps
// it, sealed, for its next start.
type demoKeys struct{ Secret, Publishable string }

const demoKeysSetting = "demo.keys"

// furnish makes program, people, history and keys at the first start, and
// finds them at the next.
func (c demoCommand) furnish(ctx context.Context, in *installation, clock *sampleClock) (program.Program, demoKeys, error) {
	var keys demoKeys
	sealed, made, err := db.Setting(ctx, in.books, demoKeysSetting)
	if err != nil {
		return program.Program{}, keys, err
	}
	if !made {
		say("Making the sample program and its history. This takes a few seconds, once.")
		s := &sample{in: in, clock: clock, shop: c.shopURL(), linkHost: demoLinkHost + c.edgePort()}
		if err := s.make(ctx, !c.NoHistory); err != nil {
			return program.Program{}, keys, fault.New(fault.Unavailable, "The sample was not completed.").Because(err).
				Hint("Remove %s, and the database if it is another one, and start again.", c.Data)
		}
		sealed, _, err = db.Setting(ctx, in.books, demoKeysSetting)
		if err != nil {
			return program.Program{}, keys, err
		}
	}
	plain, err := in.root.Open(demoKeysSetting, demoSlug, sealed)
	if err != nil {
		return program.Program{}, keys, err
	}
	if err := json.Unmarshal(plain, &keys); err != nil {
		return program.Program{}, keys, err
	}
	prog, err := program.BySlug(ctx, in.books, demoSlug)
	return prog, keys, err
}

// makeKeys makes the shop's keys and keeps them.
func makeKeys(ctx context.Context, tx *db.Tx, in *installation, prog program.Program) error {
	var keys demoKeys
	for kind, text := range map[access.KeyKind]*string{access.Secret: &keys.Secret, access.Publishable: &keys.Publishable} {
		_, made, err := access.CreateKey(ctx, tx, prog, access.NewKey{Kind: kind, Label: "Sample shop"})
		if err != nil {
			return err
		}
		*text = made
	}
	plain, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	return db.PutSetting(ctx, tx, demoKeysSetting, in.root.Seal(demoKeysSetting, demoSlug, plain))
}

// password is a person's password in the demo: the same at every start, and
// another in every installation.
func (in *installation) password(email string) string {
	name, _, _ := strings.Cut(email, "@")
	return name + "-" + hex.EncodeToString(in.root.Derive("demo password " + email)[:4])
}

// greet prints everything that is needed to play the story.
func (c demoCommand) greet(ctx context.Context, in *installation, prog program.Program) error {
	jane, err := sharedBy(ctx, in, prog)
	if err != nil {
		return err
	}
	say("The sample program runs. Stop it with Ctrl-C. In two minutes:")
	say("")
	say("  1  Click the affiliate's link     %s", jane.link)
	say("  2  Sign up with the code          %s   (10 %% off starter, nothing on pro)", jane.code)
	say("     Pay, refund a part, leave, come back: the shop shows what it tells Tributary.")
	say("  3  See the referral and its reason, and pay out, as the merchant:")
	say("     %s/p/%s   %s   %s", c.publicURL(), prog.Slug, demoOwner, in.password(demoOwner))
	say("  4  See the commission as the affiliate, in a private window:")
	say("     %s/a/%s   %s   %s", c.publicURL(), prog.Slug, demoJane, in.password(demoJane))
	say("")
	say("  The shop          %s", c.shopURL())
	say("  Become affiliate  %s/join/%s", c.publicURL(), prog.Slug)
	say("  Data              %s", in.whereabouts())
	say("  Mail              %s", c.mailsTo())
	return nil
}

// shared is what an affiliate shares.
type shared struct{ link, code string }

// sharedBy finds the link and the code of the affiliate whom the demo follows.
func sharedBy(ctx context.Context, in *installation, prog program.Program) (shared, error) {
	affiliates, err := affiliate.List(ctx, in.books, prog.ID, affiliate.Active, affiliate.First, 100)
	if err != nil {
		return shared{}, err
	}
	var out shared
	for _, a := range affiliates {
		if a.Name != sampleJane {
			continue
		}
		links, err := link.OfAffiliate(ctx, in.books, prog.ID, a.ID)
		if err != nil || len(links) == 0 {
			return out, err
		}
		coupons, err := coupon.OfAffiliate(ctx, in.books, prog.ID, a.ID)
		if err != nil || len(coupons) == 0 {
			return out, err
		}
		out = shared{links[0].URL(), coupons[0].Code}
	}
	return out, nil
}

// sampleClock is the process's clock, set back while history is made.
type sampleClock struct {
	now  func() time.Time
	back time.Duration
}

// Now is the time less what it is set back. It is moved only before the
// server's other parts run.
func (c *sampleClock) Now() time.Time { return c.now().Add(-c.back) }
