package schedule

import (
	"math/big"
	"time"
)

// oracle is the profile in slow arithmetic of 300 bits, straight from the
// definition: no prefix sums, no search, no stable formula.
type oracle []Stage

func number(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }

func seconds(d time.Duration) *big.Float {
	return new(big.Float).SetPrec(300).Quo(number(float64(d)), number(1e9))
}

func add(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(300).Add(a, b) }
func sub(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(300).Sub(a, b) }
func mul(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(300).Mul(a, b) }
func quo(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(300).Quo(a, b) }

// count returns the integral up to t.
func (o oracle) count(t time.Duration) *big.Float {
	sum := number(0)
	for _, s := range o {
		x := min(t, s.Over)
		if x <= 0 {
			continue
		}
		slope := quo(sub(number(s.To), number(s.From)), seconds(s.Over))
		sum = add(sum, mul(seconds(x), add(number(s.From), quo(mul(slope, seconds(x)), number(2)))))
		t -= s.Over
	}
	return sum
}

// when returns the time at which the integral passes count, in seconds. The area
// left after every stage goes to the next, so that plateaus are walked through.
func (o oracle) when(count *big.Float) *big.Float {
	start, left := number(0), count
	for _, s := range o {
		if s.Over == 0 {
			continue
		}
		area := quo(mul(add(number(s.From), number(s.To)), seconds(s.Over)), number(2))
		if left.Cmp(area) >= 0 {
			start, left = add(start, seconds(s.Over)), sub(left, area)
			continue
		}
		return add(start, solve(s, left))
	}
	return start
}

// solve returns the smaller positive root of ax²/2 + bx = area.
func solve(s Stage, area *big.Float) *big.Float {
	if area.Sign() <= 0 {
		return number(0)
	}
	b := number(s.From)
	if s.From == s.To {
		return quo(area, b)
	}
	slope := quo(sub(number(s.To), number(s.From)), seconds(s.Over))
	inside := add(mul(b, b), mul(number(2), mul(slope, area)))
	if inside.Sign() < 0 {
		inside = number(0)
	}
	root := new(big.Float).SetPrec(300).Sqrt(inside)
	return quo(sub(root, b), slope)
}
