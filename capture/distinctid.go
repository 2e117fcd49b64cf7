package capture

import (
	"bytes"
	"unicode/utf8"
)

// distinctID returns the id that the service ingests for a distinct_id as it
// was written, or why there is none (common/types event.rs): the text of a
// string, the JSON of anything else; NUL becomes U+FFFD; nothing but white space
// counts as nothing; what follows the 200th character is cut off.
func distinctID(written []byte) ([]byte, *Refusal) {
	if len(written) == 0 {
		return nil, refuse(400, textNoDistinctID)
	}
	id, refusal := stringify(written)
	if refusal != nil {
		return nil, refusal
	}
	if bytes.IndexByte(id, 0) >= 0 {
		id = bytes.ReplaceAll(id, []byte{0}, []byte("\uFFFD"))
	}
	if len(bytes.TrimSpace(id)) == 0 {
		return nil, refuse(400, textNoDistinctID)
	}
	if len(id) <= MaxDistinctID {
		return id, nil
	}
	return firstRunes(id, MaxDistinctID), nil
}

// stringify returns the text of an id. A number that is out of range makes the
// body one that is no JSON; only in ids is it looked for.
func stringify(written []byte) ([]byte, *Refusal) {
	if written[0] == '"' {
		return unescape(written), nil
	}
	if outOfRange(&cursor{json: written}) {
		return nil, refuse(400, textParse+detailSyntax)
	}
	return appendCanonical(nil, &cursor{json: written}, sortedDepth), nil
}

func firstRunes(s []byte, n int) []byte {
	end := 0
	for ; n > 0 && end < len(s); n-- {
		_, size := utf8.DecodeRune(s[end:])
		end += size
	}
	return s[:end]
}
