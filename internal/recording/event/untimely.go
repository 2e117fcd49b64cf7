package event

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"rehearse/internal/jsonscan"
	"rehearse/internal/strptime"
)

// untimely says what is wrong with a recorded time. Of the recorded data it shows that
// alone, with letters covered that belong to no time.
func Untimely(recorded []byte) string {
	when := Unquoted(recorded)
	switch {
	case jsonscan.IsEmpty(recorded):
		return "the time is missing or empty"
	case isNumeric(when):
		return fmt.Sprintf("%s makes no year from %d to %d, "+
			"in seconds, milliseconds, microseconds or nanoseconds since 1970 or as digits of a date",
			clipped(when), firstYear, lastYear)
	}
	return fmt.Sprintf("%q is not written like any time that is known here", covered(clipped(when)))
}

// clipped is the beginning of a text.
func clipped(text []byte) []byte {
	const most = 40
	if len(text) > most {
		return append(bytes.Clone(text[:most]), "…"...)
	}
	return text
}

// covered replaces the letters of words that belong to no time.
func covered(text []byte) []byte {
	out := bytes.Clone(text)
	for at := 0; at < len(out); {
		end := at
		for end < len(out) && (isLetter(out[end]) || out[end] >= utf8.RuneSelf) {
			end++
		}
		if end > at && !isTimeWord(out[at:end]) {
			for i := at; i < end; i++ {
				out[i] = 'x'
			}
		}
		at = end + 1
	}
	return out
}

// isTimeWord reports whether a word may belong to a time.
func isTimeWord(word []byte) bool {
	if month, rest := strptime.Month(word); month > 0 && len(rest) == 0 {
		return true
	}
	return len(word) <= 3 || bytes.HasSuffix(word, []byte("day"))
}
