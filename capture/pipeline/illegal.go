package pipeline

import (
	"bytes"
	"strings"
)

// The ids under which nobody is merged: those of the first list in any case,
// those of the second as they are spelled (person-merge-service.ts).
var (
	illegalWords = [...]string{"anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email", "undefined", "true", "false"}
	illegalExact = [...]string{"[object Object]", "NaN", "None", "none", "null", "0", "undefined"}
)

// Illegal reports whether a merge that names an id is refused for it. The
// endpoint takes events of such ids all the same.
func Illegal(id []byte) bool {
	id = unquoted(bytes.TrimSpace(id))
	if len(bytes.TrimSpace(id)) == 0 {
		return true
	}
	for _, word := range illegalWords {
		if len(id) == len(word) && strings.EqualFold(string(id), word) {
			return true
		}
	}
	for _, word := range illegalExact {
		if string(id) == word {
			return true
		}
	}
	return false
}

// unquoted takes one pair of quotes off.
func unquoted(id []byte) []byte {
	if n := len(id); n >= 2 && id[0] == id[n-1] && (id[0] == '"' || id[0] == '\'') {
		return id[1 : n-1]
	}
	return id
}
