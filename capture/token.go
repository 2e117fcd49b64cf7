package capture

import (
	"bytes"
	"unicode/utf8"
)

// checkToken returns token without surrounding white space, or the refusal of
// one whose shape is wrong. It is not looked up: a well-formed unknown token
// passes (capture token.rs, whose order of checks this keeps).
func checkToken(token []byte) ([]byte, *Refusal) {
	token = bytes.TrimSpace(token)
	if refusal := checkShape(token); refusal != nil {
		return nil, refusal
	}
	if bytes.IndexByte(token, 0) >= 0 {
		return nil, refuse(401, textBadToken+"null_byte")
	}
	return token, nil
}

// checkShape makes the checks that the 2024 generation made: it neither trimmed
// nor looked for NUL.
func checkShape(token []byte) *Refusal {
	switch {
	case len(token) == 0:
		return refuse(401, textBadToken+"empty")
	case len(token) > MaxToken:
		return refuse(401, textBadToken+"too_long")
	case !isASCII(token):
		return refuse(401, textBadToken+"not_ascii")
	case bytes.HasPrefix(token, []byte("phx_")):
		return refuse(401, textBadToken+"personal_api_key")
	}
	return nil
}

func isASCII(s []byte) bool {
	for _, b := range s {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
