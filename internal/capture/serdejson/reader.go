package serdejson

// MaxDepth is how deeply arrays and objects may be nested in a value that
// serde_json builds: it refuses the 128th level.
const MaxDepth = 127

// Check returns where serde_json stops when it builds a value of text; nil: it
// reads it to its end. The text must be valid UTF-8: serde_json is handed nothing
// else where it builds values.
func Check(text []byte) *Error {
	r := reader{text: text, at: skim(text, MaxDepth)}
	if r.at < 0 {
		r.at = 0
		r.value(MaxDepth)
	}
	if r.code == sound {
		if r.kind(); r.at < len(r.text) {
			r.fail(TrailingCharacters, r.peeked())
		}
	}
	if r.code != sound {
		return errorAt(r.code, r.text, r.where)
	}
	return nil
}

// Value returns the length of the value that text begins with, white space before
// it included, if serde_json can build it and it is nested no deeper than depth;
// ok is false if not.
func Value(text []byte, depth int) (n int, ok bool) {
	if n = skim(text, depth); n >= 0 {
		return n, true
	}
	r := reader{text: text}
	r.value(depth)
	return r.at, r.code == sound
}

// String returns the length of the string that text begins with, quotes included,
// if it is one that serde_json can build; ok is false if not. Whether it is valid
// UTF-8 is not looked at.
func String(text []byte) (n int, ok bool) {
	if len(text) == 0 || text[0] != '"' {
		return 0, false
	}
	if n = skimString(text, 1); n >= 0 {
		return n, true
	}
	r := reader{text: text}
	r.string(true)
	return r.at, r.code == sound
}

// reader walks a text. Once it has failed it must not go on.
type reader struct {
	text  []byte
	at    int
	code  Code
	where int // how much of the text the error stands behind
}

// fail notes the error; what it returns is for those who return a number.
func (r *reader) fail(code Code, where int) float64 {
	r.code, r.where = code, where
	return 0
}

// peeked is where serde_json places errors of a byte that it has only looked at.
func (r *reader) peeked() int { return min(r.at+1, len(r.text)) }

// next returns the next byte, 0 at the end.
func (r *reader) next() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

// kind skips white space and returns the next byte, 0 at the end.
func (r *reader) kind() byte {
	for ; r.at < len(r.text); r.at++ {
		if b := r.text[r.at]; b != ' ' && b != '\n' && b != '\t' && b != '\r' {
			return b
		}
	}
	return 0
}

// value consumes a value that may have depth levels.
func (r *reader) value(depth int) {
	switch kind := r.kind(); kind {
	case '"':
		r.string(true)
	case '{':
		r.object(depth)
	case '[':
		r.array(depth)
	default:
		r.scalar(kind)
	}
}

// scalar consumes a number or a literal.
func (r *reader) scalar(kind byte) {
	switch {
	case kind == '-' || isDigit(kind):
		r.skipNumber()
	case kind == 't':
		r.literal("true")
	case kind == 'f':
		r.literal("false")
	case kind == 'n':
		r.literal("null")
	case r.at == len(r.text):
		r.fail(EOFInValue, r.at)
	default:
		r.fail(ExpectedValue, r.peeked())
	}
}

func (r *reader) literal(word string) {
	for i := range len(word) {
		switch {
		case r.at == len(r.text):
			r.fail(EOFInValue, r.at)
			return
		case r.text[r.at] != word[i]:
			r.fail(ExpectedIdent, r.at+1)
			return
		}
		r.at++
	}
}

// array consumes an array, of which depth levels may be left.
func (r *reader) array(depth int) {
	if depth == 0 {
		r.fail(RecursionLimit, r.peeked())
		return
	}
	r.at++
	for first := true; ; first = false {
		if !r.another(']', first) {
			return
		}
		if r.value(depth - 1); r.code != sound {
			return
		}
	}
}

// object consumes an object, of which depth levels may be left.
func (r *reader) object(depth int) {
	if depth == 0 {
		r.fail(RecursionLimit, r.peeked())
		return
	}
	r.at++
	for first := true; ; first = false {
		if !r.another('}', first) || !r.name(true) {
			return
		}
		if r.value(depth - 1); r.code != sound {
			return
		}
	}
}

// another steps to the next element or member of what ends with last, and reports
// whether there is one. If not, it has stepped behind last, or failed.
func (r *reader) another(last byte, first bool) bool {
	switch kind := r.kind(); {
	case r.at == len(r.text):
		r.fail(unended(last), r.at)
		return false
	case kind == last:
		r.at++
		return false
	case first:
		return true
	case kind != ',':
		r.fail(unseparated(last), r.peeked())
		return false
	}
	r.at++
	switch kind := r.kind(); {
	case r.at == len(r.text):
		r.fail(EOFInValue, r.at)
	case kind == last:
		r.fail(TrailingComma, r.peeked())
	default:
		return true
	}
	return false
}

// unended says that a text ended before the bracket last.
func unended(last byte) Code {
	if last == ']' {
		return EOFInList
	}
	return EOFInObject
}

// unseparated says that neither a comma came nor the bracket last.
func unseparated(last byte) Code {
	if last == ']' {
		return ExpectedListEnd
	}
	return ExpectedObjectEnd
}

// name consumes the name of a member and its colon, and reports whether it could.
func (r *reader) name(strict bool) bool {
	if r.kind() != '"' {
		r.fail(KeyNotString, r.peeked())
		return false
	}
	if r.string(strict); r.code != sound {
		return false
	}
	switch kind := r.kind(); {
	case r.at == len(r.text):
		r.fail(EOFInObject, r.at)
		return false
	case kind != ':':
		r.fail(ExpectedColon, r.peeked())
		return false
	}
	r.at++
	return true
}
