package worker

import (
	"bytes"
	"context"
	"fmt"

	"tributary.example/click"
	"tributary.example/internal/bus"
	"tributary.example/internal/db"
	"tributary.example/internal/secret"
	"tributary.example/program"
)

// Secrets makes the key ring and the days' salts where they are missing,
// destroys salts whose time is over, and hands all of it, sealed, to the
// edges.
func Secrets(ctx context.Context, d *db.DB, b *bus.Bus, root secret.Root) error {
	programs, err := program.List(ctx, d)
	if err != nil {
		return fmt.Errorf("read programs: %w", err)
	}
	var ring *click.Ring
	var gone []click.Salt
	err = d.Write(ctx, db.Timer("secrets"), func(tx *db.Tx) error {
		var err error
		if ring, err = click.EnsureRing(ctx, tx, root); err != nil {
			return err
		}
		for _, p := range programs {
			if err := click.EnsureSalts(ctx, tx, root, p.ID, p.Location()); err != nil {
				return err
			}
		}
		gone, err = click.DestroySalts(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range gone {
		if err := b.Purge(ctx, bus.Salts, s.Key()); err != nil {
			return err
		}
	}
	if err := handRing(ctx, b, root, ring); err != nil {
		return err
	}
	return handSalts(ctx, d, b, root)
}

func handRing(ctx context.Context, b *bus.Bus, root secret.Root, ring *click.Ring) error {
	held, ok, err := b.Get(ctx, bus.Keys, click.RingKey)
	if err != nil {
		return err
	}
	if ok {
		if other, err := click.OpenRing(root, held); err == nil && other.Equal(ring) {
			return nil
		}
	}
	sealed, err := ring.Seal(root)
	if err != nil {
		return err
	}
	return b.Put(ctx, bus.Keys, click.RingKey, sealed)
}

func handSalts(ctx context.Context, d *db.DB, b *bus.Bus, root secret.Root) error {
	salts, err := click.LoadSalts(ctx, d, root)
	if err != nil {
		return err
	}
	for _, s := range salts {
		held, ok, err := b.Get(ctx, bus.Salts, s.Key())
		if err != nil {
			return err
		}
		if ok {
			if other, err := click.OpenSalt(root, s.Key(), held); err == nil && bytes.Equal(other.Secret, s.Secret) {
				continue
			}
		}
		sealed, err := s.Seal(root)
		if err != nil {
			return err
		}
		if err := b.Put(ctx, bus.Salts, s.Key(), sealed); err != nil {
			return err
		}
	}
	return nil
}
