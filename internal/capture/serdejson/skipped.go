package serdejson

// Skipped returns the length of the value that text begins with, white space
// before it included, as serde_json passes over values that it does not build
// (ignore_value): of any depth, and with numbers and escapes of which only the
// grammar is looked at. ok is false if that is broken. Whether it is UTF-8 is not
// looked at either.
func Skipped(text []byte) (n int, ok bool) {
	if n = skim(text, MaxDepth); n >= 0 {
		return n, true
	}
	r := reader{text: text}
	var open []byte // the closing brackets that are to come
	for {
		first := r.step()
		switch {
		case r.code != sound:
			return r.at, false
		case first != 0:
			open = append(open, first)
		}
		for len(open) > 0 && !r.another(open[len(open)-1], first != 0) {
			if first = 0; r.code != sound {
				return r.at, false
			}
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			return r.at, true
		}
		if open[len(open)-1] == '}' && !r.name(false) {
			return r.at, false
		}
	}
}

// Passes reports whether serde_json passes over a whole text: it is one value, with
// white space around it.
func Passes(text []byte) bool {
	n, ok := Skipped(text)
	r := reader{text: text, at: n}
	r.kind()
	return ok && r.at == len(text)
}

// step consumes a scalar, or the bracket that a value begins with, and returns
// what closes it.
func (r *reader) step() (last byte) {
	switch kind := r.kind(); {
	case kind == '"':
		r.string(false)
	case kind == '{' || kind == '[':
		r.at++
		return kind + 2
	case kind == '-' || isDigit(kind):
		if r.skipNumber(); r.code == NumberOutOfRange {
			r.code = sound
			r.digits()
		}
	default:
		r.scalar(kind)
	}
	return 0
}
