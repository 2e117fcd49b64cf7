package capture

import (
	"bytes"
	"unicode/utf8"

	"rehearse/internal/jsonscan"
)

// distinctID returns the id that the service ingests for a distinct_id as it
// was written, or why there is none (common/types event.rs): the text of a
// string, the JSON of anything else; NUL becomes U+FFFD; nothing but white space
// counts as nothing; what follows the 200th character is cut off.
func distinctID(written []byte) ([]byte, *Refusal) {
	if len(written) == 0 {
		return nil, refuse(400, textNoDistinctID)
	}
	id := stringify(written)
	if bytes.IndexByte(id, 0) >= 0 {
		id = bytes.ReplaceAll(id, []byte{0}, []byte("\uFFFD"))
	}
	if len(bytes.TrimSpace(id)) == 0 {
		return nil, refuse(400, textNoDistinctID)
	}
	return firstRunes(id, MaxDistinctID), nil
}

// distinctID2024 does it as the 2024 generation did.
func distinctID2024(written []byte) ([]byte, *Refusal) {
	if len(written) == 0 {
		return nil, refuse(400, textNoDistinctID)
	}
	id := stringify(written)
	if len(id) == 0 {
		return nil, refuse(400, textEmptyID2024)
	}
	return firstRunes(id, MaxDistinctID), nil
}

// stringify returns the text of an id.
func stringify(written []byte) []byte {
	if written[0] == '"' {
		return jsonscan.Unquote(written)
	}
	return appendCanonical(make([]byte, 0, len(written)), jsonscan.New(written))
}

// firstRunes returns the first n characters of s.
func firstRunes(s []byte, n int) []byte {
	if len(s) <= n {
		return s
	}
	end := 0
	for ; n > 0 && end < len(s); n-- {
		_, size := utf8.DecodeRune(s[end:])
		end += size
	}
	return s[:end]
}
