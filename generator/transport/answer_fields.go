package transport

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// endField understands the field that came to its end.
func (a *httpAnswer) endField() error {
	is := a.field
	a.field = otherField
	switch is {
	case dateField:
		a.date = append(a.date[:0], a.value...)
	case retryAfterField:
		a.retry = append(a.retry[:0], a.value...)
	case contentEncodingField:
		if len(a.coding) > 0 {
			a.coding = append(a.coding, ", "...)
		}
		a.coding = append(a.coding, a.value...)
	case connectionField:
		for option, more := listed(a.value); len(option) > 0; option, more = listed(more) {
			a.closes = a.closes || bytes.EqualFold(option, []byte("close"))
			a.persist = a.persist || bytes.EqualFold(option, []byte("keep-alive"))
		}
	case keepAliveField:
		a.keepAlive = keepAliveOf(a.value)
	case contentLengthField:
		return a.addLength()
	case transferEncodingField:
		a.closes = a.closes || a.length >= 0 // whoever says both may mean either: it is not to be trusted further
		a.length, a.chunked = coded, false
		for coding, more := listed(a.value); len(coding) > 0; coding, more = listed(more) {
			a.chunked = bytes.EqualFold(coding, []byte("chunked")) // what counts is the last
		}
	}
	return nil
}

// addLength reads Content-Length, which may be said several times if it is the
// same each time (RFC 9110, section 8.6), and means nothing beside
// Transfer-Encoding (RFC 9112, section 6.3).
func (a *httpAnswer) addLength() error {
	found := false
	for text, more := listed(a.value); len(text) > 0; text, more = listed(more) {
		n, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil || !isDigits(text) || a.length >= 0 && n != a.length {
			return errGarbled
		}
		found = true
		if a.length == coded {
			a.closes = true
			continue
		}
		a.length = n
	}
	if !found {
		return errGarbled
	}
	return nil
}

// listed cuts the first element off a list that is separated by commas; it is empty
// when the list is.
func listed(list []byte) (element, rest []byte) {
	for more := len(list) > 0; more && len(element) == 0; {
		element, list, more = bytes.Cut(list, []byte(","))
		element = bytes.Trim(element, " \t")
	}
	return element, list
}

// isDigits tells whether a text is decimal digits alone, and at least one.
func isDigits(text []byte) bool {
	for _, c := range text {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(text) > 0
}

// keepAliveOf reads timeout=seconds of Keep-Alive (RFC 2068, section 19.7.1.1). A
// timeout of 0 is less than any rest.
func keepAliveOf(value []byte) time.Duration {
	for parameter, more := listed(value); len(parameter) > 0; parameter, more = listed(more) {
		name, seconds, _ := bytes.Cut(parameter, []byte("="))
		if bytes.EqualFold(bytes.TrimSpace(name), []byte("timeout")) {
			seconds = bytes.Trim(seconds, ` "`)
			if isDigits(seconds) {
				return max(clampSeconds(seconds, time.Hour), 1)
			}
		}
	}
	return 0
}

// clampSeconds reads a number of seconds, at most longest and at least 0, whatever
// the number is.
func clampSeconds(text []byte, longest time.Duration) time.Duration {
	seconds, _ := strconv.ParseFloat(string(text), 64) // beyond its range: infinity
	switch {
	case math.IsNaN(seconds) || seconds <= 0:
		return 0
	case seconds >= longest.Seconds():
		return longest
	}
	return time.Duration(seconds * float64(time.Second))
}
