package capture

// CutBatch appends a body to dst that carries only those events of the body
// plain which keep names by their place: what a client sends again when some of
// its events were returned. What stands around the events is kept. A body that
// has no batch is appended as it is.
func CutBatch(dst, plain []byte, keep func(i int) bool) []byte {
	c := cursor{json: plain}
	if c.kind() != '{' {
		return append(dst, plain...)
	}
	for c.enter(); c.more(); {
		if string(c.key()) != "batch" || c.kind() != '[' {
			c.value()
			continue
		}
		dst = append(append(dst, plain[:c.at]...), '[')
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
		return append(append(dst, ']'), plain[c.at:]...)
	}
	return append(dst, plain...)
}
