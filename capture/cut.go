package capture

import "rehearse/internal/jsonscan"

// CutBatch appends a body to dst that carries only those events of the body
// plain which keep names by their place: what a client sends again when some of
// its events were returned. What stands around the events is kept. A body that
// has no batch, and is no list of events, is appended as it is.
func CutBatch(dst, plain []byte, keep func(i int) bool) []byte {
	c := jsonscan.New(plain)
	switch c.Kind() {
	case '[':
		return cutList(dst, c, plain, keep)
	case '{':
		for c.Enter(); c.More(); {
			if string(c.Key()) == "batch" && c.Kind() == '[' {
				return cutList(dst, c, plain, keep)
			}
			c.Value()
		}
	}
	return append(dst, plain...)
}

// cutList appends the text plain, over which c walks, but of the list that c stands before only the
// items that keep names.
func cutList(dst []byte, c *jsonscan.Cursor, plain []byte, keep func(i int) bool) []byte {
	dst = append(append(dst, plain[:c.Offset()]...), '[')
	first := true
	c.Enter()
	for i := 0; c.More(); i++ {
		event := c.Value()
		if !keep(i) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst, first = append(dst, event...), false
	}
	return append(append(dst, ']'), plain[c.Offset():]...)
}
