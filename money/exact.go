package money

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// ErrOverflow is the error of a figure beyond 64 bits.
var ErrOverflow = errors.New("amount beyond 64 bits")

// Exact is a fraction of minor units that nothing was rounded off. The zero
// value is zero; values never change.
type Exact struct{ r *big.Rat }

// ExactOf is a whole number of minor units.
func ExactOf(minor int64) Exact { return Exact{new(big.Rat).SetInt64(minor)} }

func (e Exact) rat() *big.Rat {
	if e.r == nil {
		return new(big.Rat)
	}
	return e.r
}

// Times multiplies by num/den. A den of zero panics: the caller divides by a
// charge that it has checked.
func (e Exact) Times(num, den int64) Exact {
	return Exact{new(big.Rat).Mul(e.rat(), big.NewRat(num, den))}
}

// Plus is the sum.
func (e Exact) Plus(f Exact) Exact { return Exact{new(big.Rat).Add(e.rat(), f.rat())} }

// Minus is the difference.
func (e Exact) Minus(f Exact) Exact { return Exact{new(big.Rat).Sub(e.rat(), f.rat())} }

// Cmp is -1, 0 or +1 as e is less than, equal to or greater than f.
func (e Exact) Cmp(f Exact) int { return e.rat().Cmp(f.rat()) }

// Sign is -1, 0 or +1.
func (e Exact) Sign() int { return e.rat().Sign() }

// IsWhole reports whether Round would change nothing.
func (e Exact) IsWhole() bool { return e.rat().IsInt() }

// Round is the nearest whole minor unit, halves away from zero. Beyond 64 bits
// it is an error.
func (e Exact) Round() (int64, error) {
	r := e.rat()
	// floor(|n|·2 + d, 2d) rounds halves up on the absolute value.
	n := new(big.Int).Abs(r.Num())
	n.Lsh(n, 1).Add(n, r.Denom())
	n.Quo(n, new(big.Int).Lsh(r.Denom(), 1))
	if r.Sign() < 0 {
		n.Neg(n)
	}
	if !n.IsInt64() {
		return 0, fmt.Errorf("round %s: %w", r.FloatString(2), ErrOverflow)
	}
	return n.Int64(), nil
}

// floor is the next whole number below, and what is left of it in [0, 1).
func (e Exact) floor() (*big.Int, *big.Rat) {
	r := e.rat()
	n := new(big.Int).Div(r.Num(), r.Denom()) // Euclidean: the denominator is positive
	return n, new(big.Rat).Sub(r, new(big.Rat).SetInt(n))
}

// Floor is the next whole number of minor units below. Beyond 64 bits it is an
// error.
func (e Exact) Floor() (int64, error) {
	n, _ := e.floor()
	if !n.IsInt64() {
		return 0, fmt.Errorf("floor of %s: %w", e.rat().FloatString(2), ErrOverflow)
	}
	return n.Int64(), nil
}

// RoundParts rounds the sum of the parts once and shares the result among them
// by largest remainder (ties: the earlier part), so that each part is shown as
// a neighbouring whole number and the shown parts add up to the total.
func RoundParts(parts []Exact) (total int64, shown []int64, err error) {
	var sum Exact
	for _, p := range parts {
		sum = sum.Plus(p)
	}
	if total, err = sum.Round(); err != nil {
		return 0, nil, err
	}
	shown = make([]int64, len(parts))
	rests := make([]*big.Rat, len(parts))
	order := make([]int, len(parts))
	left := total
	for i, p := range parts {
		whole, rest := p.floor()
		if !whole.IsInt64() {
			return 0, nil, fmt.Errorf("part %d: %w", i, ErrOverflow)
		}
		shown[i], rests[i], order[i] = whole.Int64(), rest, i
		left -= shown[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return rests[b].Cmp(rests[a]) })
	for i := 0; left > 0; i++ {
		shown[order[i]]++
		left--
	}
	return total, shown, nil
}

// Share gives a whole amount to the parts in their proportion, by largest
// remainder (ties: the earlier part). Parts are not negative; when all are
// zero, the first takes all.
func Share(minor int64, parts []Exact) ([]int64, error) {
	if len(parts) == 0 {
		return nil, errors.New("share among nobody")
	}
	var sum Exact
	for _, p := range parts {
		if p.Sign() < 0 {
			return nil, errors.New("share by a negative part")
		}
		sum = sum.Plus(p)
	}
	if sum.Sign() == 0 {
		shown := make([]int64, len(parts))
		shown[0] = minor
		return shown, nil
	}
	whole := new(big.Rat).Quo(new(big.Rat).SetInt64(minor), sum.rat())
	exact := make([]Exact, len(parts))
	for i, p := range parts {
		exact[i] = Exact{new(big.Rat).Mul(p.rat(), whole)}
	}
	_, shown, err := RoundParts(exact)
	return shown, err
}

// Split is Share by whole weights.
func Split(minor int64, weights []int64) ([]int64, error) {
	parts := make([]Exact, len(weights))
	for i, w := range weights {
		parts[i] = ExactOf(w)
	}
	return Share(minor, parts)
}
