package serdejson

import "math"

// Number reads the number at the beginning of text, and returns its length and its
// value as serde_json computes it, which in the last digits is not always the
// nearest float64: it multiplies the first 19 digits by a power of ten. An integer
// that fits into 64 bits is kept as one by serde_json; its float is exact enough
// for nobody to rely on. ok is false if text does not begin with a number that
// serde_json reads.
func Number(text []byte) (n int, value float64, ok bool) {
	r := reader{text: text}
	value = r.number()
	return r.at, value, r.code == sound
}

// inRange is a length of numbers without an exponent that are not too large for a
// float64, in bytes.
const inRange = 300

// skipNumber consumes a number. Its value is computed only where it may be out of
// range.
func (r *reader) skipNumber() {
	text, i := r.text, r.at
	if i < len(text) && text[i] == '-' {
		i++
	}
	from := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	usual := i > from && (text[from] != '0' || i == from+1)
	if i < len(text) && text[i] == '.' {
		i++
		point := i
		for i < len(text) && isDigit(text[i]) {
			i++
		}
		usual = usual && i > point
	}
	if !usual || i-from > inRange || i < len(text) && text[i]|0x20 == 'e' {
		r.number()
		return
	}
	r.at = i
}

// number consumes a number, its sign included, and returns its value.
func (r *reader) number() float64 {
	negative := r.next() == '-'
	if negative {
		r.at++
	}
	value := r.unsigned()
	if negative {
		return -value
	}
	return value
}

// unsigned consumes a number without a sign.
func (r *reader) unsigned() float64 {
	first := r.next()
	switch {
	case r.at == len(r.text):
		return r.fail(EOFInValue, r.at)
	case first == '0':
		r.at++
		if isDigit(r.next()) {
			return r.fail(InvalidNumber, r.peeked())
		}
	case !isDigit(first):
		return r.fail(InvalidNumber, r.at+1)
	}
	significand := r.significand(0)
	exponent := r.digits() // those that no longer fit
	return r.fraction(significand, exponent)
}

// significand consumes the digits that fit into the 64 bits of a significand, and
// returns it.
func (r *reader) significand(value uint64) uint64 {
	for isDigit(r.next()) {
		digit := uint64(r.text[r.at] - '0')
		if value > (math.MaxUint64-digit)/10 {
			break
		}
		value = value*10 + digit
		r.at++
	}
	return value
}

// fraction consumes what may follow the digits before the point.
func (r *reader) fraction(significand uint64, exponent int) float64 {
	if r.next() == '.' {
		r.at++
		from := r.at
		significand = r.significand(significand)
		exponent -= r.at - from
		r.digits()
		switch {
		case r.at > from:
		case r.at == len(r.text):
			return r.fail(EOFInValue, r.at)
		default:
			return r.fail(InvalidNumber, r.peeked())
		}
	}
	if b := r.next(); b == 'e' || b == 'E' {
		return r.exponent(significand, exponent)
	}
	return r.scale(significand, exponent)
}

// exponent consumes an exponent, which is counted on top of one.
func (r *reader) exponent(significand uint64, exponent int) float64 {
	r.at++
	sign := r.next()
	if sign == '+' || sign == '-' {
		r.at++
	}
	if r.at == len(r.text) {
		return r.fail(EOFInValue, r.at)
	}
	if !isDigit(r.next()) {
		return r.fail(InvalidNumber, r.at+1)
	}
	given := 0
	for isDigit(r.next()) {
		given = given*10 + int(r.text[r.at]-'0')
		r.at++
		if given > math.MaxInt32 {
			if significand != 0 && sign != '-' {
				return r.fail(NumberOutOfRange, r.at)
			}
			r.digits()
			return 0
		}
	}
	if sign == '-' {
		given = -given
	}
	return r.scale(significand, exponent+given)
}

// scale returns significand times ten to the power of exponent.
func (r *reader) scale(significand uint64, exponent int) float64 {
	f := float64(significand)
	for exponent < -308 && f != 0 {
		f /= 1e308
		exponent += 308
	}
	switch {
	case f == 0:
		return 0
	case exponent > 308:
		return r.fail(NumberOutOfRange, r.at)
	case exponent < 0:
		return f / powers[-exponent]
	}
	f *= powers[exponent]
	if math.IsInf(f, 0) {
		return r.fail(NumberOutOfRange, r.at)
	}
	return f
}

// digits passes over digits and returns how many there were.
func (r *reader) digits() int {
	from := r.at
	for isDigit(r.next()) {
		r.at++
	}
	return r.at - from
}

func isDigit(b byte) bool { return b-'0' <= 9 }
