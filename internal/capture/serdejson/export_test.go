package serdejson

// Skim and Walk read the same value in the two ways that Value has.
func Skim(text []byte, depth int) int { return skim(text, depth) }

// Walk is the way that knows everything.
func Walk(text []byte, depth int) (n int, ok bool) {
	r := reader{text: text}
	r.value(depth)
	return r.at, r.code == sound
}
