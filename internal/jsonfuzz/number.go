package jsonfuzz

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// number reads a number.
func (p *parser) number() *node {
	from := p.at
	if p.peek() == '-' {
		p.at++
	}
	whole := p.at
	switch b := p.next(); {
	case b == end:
		p.error("EOF while parsing a value")
	case b == '0' && isDigit(p.peek()):
		p.peekError("invalid number")
	case !isDigit(b):
		p.error("invalid number")
	}
	for isDigit(p.peek()) {
		p.at++
	}
	digits, exponent, float := p.text[whole:p.at], 0, false
	if p.peek() == '.' {
		p.at++
		float = true
		point := p.at
		for isDigit(p.peek()) {
			p.at++
		}
		if p.at == point {
			if p.peek() == end {
				p.peekError("EOF while parsing a value")
			}
			p.peekError("invalid number")
		}
		digits += p.text[point:p.at]
		exponent = point - p.at
	}
	if b := p.peek(); b == 'e' || b == 'E' {
		float = true
		exponent = p.exponent(digits, exponent)
	}
	if n, ok := new(big.Int).SetString(p.text[from:p.at], 10); ok && !float && p.text[from:p.at] != "-0" &&
		(n.IsInt64() || n.IsUint64()) {
		return &node{kind: 'i', int: n}
	}
	if !p.lax && p.infinite(digits, exponent) {
		p.error("number out of range")
	}
	return &node{kind: 'f'}
}

func isDigit(b int) bool { return b >= '0' && b <= '9' }

// exponent reads an exponent and adds it to one.
func (p *parser) exponent(digits string, exponent int) int {
	p.at++
	sign := p.peek()
	if sign == '+' || sign == '-' {
		p.at++
	}
	if p.peek() == end {
		p.error("EOF while parsing a value")
	}
	if !isDigit(p.next()) {
		p.error("invalid number")
	}
	from := p.at - 1
	for isDigit(p.peek()) {
		p.at++
		if n, err := strconv.Atoi(p.text[from:p.at]); (err != nil || n > math.MaxInt32) && !p.lax && sign != '-' &&
			strings.Trim(head(digits), "0") != "" {
			p.error("number out of range")
		}
	}
	n, err := strconv.Atoi(p.text[from:p.at])
	if err != nil {
		n = math.MaxInt32
	}
	if sign == '-' {
		n = -n
	}
	return exponent + n
}

// head are the digits that serde_json computes with: as many as fit into 64 bits.
func head(digits string) string {
	value := new(big.Int)
	for i := range digits {
		next := new(big.Int).Add(new(big.Int).Mul(value, big.NewInt(10)), big.NewInt(int64(digits[i]-'0')))
		if !next.IsUint64() {
			return digits[:i]
		}
		value = next
	}
	return digits
}

// infinite reports whether a number is out of the range of a float64 as serde_json
// computes it: the first digits, rounded, times the power of ten, rounded.
func (p *parser) infinite(digits string, exponent int) bool {
	first := head(digits)
	exponent += len(digits) - len(first)
	significand, _ := new(big.Int).SetString("0"+first, 10)
	f, _ := new(big.Float).SetInt(significand).Float64()
	switch {
	case f == 0 || exponent <= 0:
		return false
	case exponent > 308:
		return true
	}
	power, _ := strconv.ParseFloat(fmt.Sprintf("1e%d", exponent), 64)
	product, _ := new(big.Float).Mul(new(big.Float).SetFloat64(f), new(big.Float).SetFloat64(power)).Float64()
	return math.IsInf(product, 0)
}
