package capture

// CutBatch appends a body to dst that carries only those events of the body
// plain which keep names by their place: what a client sends again when some of
// its events were returned. What stands around the events is kept. A body that
// has no batch, and is no list of events, is appended as it is.
func CutBatch(dst, plain []byte, keep func(i int) bool) []byte {
	c := cursor{json: plain}
	switch c.kind() {
	case '[':
		return cutList(dst, &c, keep)
	case '{':
		for c.enter(); c.more(); {
			if string(c.key()) == "batch" && c.kind() == '[' {
				return cutList(dst, &c, keep)
			}
			c.value()
		}
	}
	return append(dst, plain...)
}

// cutList appends the text of c, but of the list that c stands before only the
// items that keep names.
func cutList(dst []byte, c *cursor, keep func(i int) bool) []byte {
	dst = append(append(dst, c.json[:c.at]...), '[')
	first := true
	c.enter()
	for i := 0; c.more(); i++ {
		event := c.value()
		if !keep(i) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		dst, first = append(dst, event...), false
	}
	return append(append(dst, ']'), c.json[c.at:]...)
}
