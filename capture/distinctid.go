package capture

import (
	"bytes"
	"unicode/utf8"
)

// distinctID returns the id that the service ingests for a distinct_id as it
// was written, nil if there is none (common/types event.rs): the text of a
// string, the JSON of anything else; NUL becomes U+FFFD; nothing but white space
// counts as nothing; what follows the 200th character is cut off.
func distinctID(written []byte) []byte {
	if len(written) == 0 {
		return nil
	}
	id := stringify(written)
	if bytes.IndexByte(id, 0) >= 0 {
		id = bytes.ReplaceAll(id, []byte{0}, []byte("\uFFFD"))
	}
	if len(bytes.TrimSpace(id)) == 0 {
		return nil
	}
	if len(id) <= MaxDistinctID {
		return id
	}
	return firstRunes(id, MaxDistinctID)
}

func stringify(written []byte) []byte {
	if written[0] == '"' {
		return unescape(written)
	}
	return appendCanonical(nil, &cursor{json: written}, sortedDepth)
}

func firstRunes(s []byte, n int) []byte {
	end := 0
	for ; n > 0 && end < len(s); n-- {
		_, size := utf8.DecodeRune(s[end:])
		end += size
	}
	return s[:end]
}
