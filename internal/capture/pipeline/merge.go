package pipeline

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode"

	"rehearse/internal/jsonscan"
)

// Illegal reports whether a merge that names an id is refused for it. The endpoint
// takes events of such ids all the same; v1 has a list of its own. Some words are
// illegal in any case and some as they are spelled, alone or between one pair of
// quotes, but not with anything else around them, blanks included; an id of blanks
// alone is illegal too (nodejs person-merge-service.ts, isDistinctIdIllegal).
func Illegal(id []byte) bool {
	if len(bytes.TrimFunc(id, isBlank)) == 0 {
		return true
	}
	if n := len(id); n > 2 && id[0] == id[n-1] && (id[0] == '"' || id[0] == '\'') {
		id = id[1 : n-1]
	}
	switch string(id) {
	case "[object Object]", "NaN", "None", "none", "null", "0", "undefined":
		return true
	}
	for _, word := range [...]string{
		"anonymous", "guest", "distinctid", "distinct_id", "id",
		"not_authenticated", "email", "undefined", "true", "false",
	} {
		if len(id) == len(word) && strings.EqualFold(string(id), word) {
			return true
		}
	}
	return false
}

// isBlank reports whether JavaScript's trim takes r away.
func isBlank(r rune) bool { return unicode.IsSpace(r) && r != '\u0085' || r == '\ufeff' }

// IsMerge reports whether events of a name may join two ids.
func IsMerge[T string | []byte](name T) bool { return LinkProperty(string(name)) != "" }

// LinkProperty is the property in which events of a name have the id that they join to
// their distinct_id; empty: they join none.
func LinkProperty(name string) string {
	switch name {
	case "$identify":
		return "$anon_distinct_id"
	case "$create_alias", "$merge_dangerously":
		return "alias"
	}
	return ""
}

// AppendLink appends the id that an event of a name joins to its distinct_id, as its
// properties have it, and reports whether it joins one. properties is a JSON object,
// or empty.
//
// The service does with the value what String of JavaScript does: 12345 is the id
// "12345", and null or an object is one that is illegal. An $identify that has the
// property joins; of the others one whose value is empty, 0, false or null does not
// (nodejs person-merge-service.ts, handleIdentifyOrAlias).
func AppendLink(dst, name, properties []byte) (link []byte, joins bool) {
	member := LinkProperty(string(name))
	if member == "" {
		return dst, false
	}
	var value []byte
	c := jsonscan.New(properties)
	if c.Kind() != '{' {
		return dst, false
	}
	for c.Enter(); c.More(); {
		if key, raw := c.Key(), c.Value(); string(key) == member {
			value = raw // the last of several counts
		}
	}
	if len(value) == 0 || member == "alias" && isFalsy(value) {
		return dst, false
	}
	return appendScript(dst, value), true
}

// Link is [AppendLink] with memory of its own: nil if the event joins no id.
func Link(name, properties []byte) []byte {
	if !IsMerge(name) {
		return nil
	}
	link, joins := AppendLink([]byte{}, name, properties)
	if !joins {
		return nil
	}
	return link
}

// isFalsy reports whether JavaScript takes a JSON value for false.
func isFalsy(value []byte) bool {
	switch string(value) {
	case "null", "false", `""`:
		return true
	}
	number, err := strconv.ParseFloat(string(value), 64)
	return err == nil && number == 0
}

// appendScript appends what String of JavaScript makes of a JSON value.
func appendScript(dst, value []byte) []byte {
	switch value[0] {
	case '"':
		return append(dst, jsonscan.Unquote(value)...)
	case '{':
		return append(dst, "[object Object]"...)
	case '[':
		return appendScriptArray(dst, value)
	case 'n', 't', 'f':
		return append(dst, value...)
	}
	return appendScriptNumber(dst, value)
}

// appendScriptArray joins the elements with commas; null is nothing there.
func appendScriptArray(dst, value []byte) []byte {
	if jsonscan.Deeper(value, maxDepth) {
		return dst
	}
	c := jsonscan.New(value)
	c.Enter()
	for i := 0; c.More(); i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		if raw := c.Value(); len(raw) > 0 && string(raw) != "null" {
			dst = appendScript(dst, raw)
		}
	}
	return dst
}

// maxDepth bounds how deep arrays are followed: the service takes no deeper JSON.
const maxDepth = 128

// appendScriptNumber writes a number as JavaScript does: in full between 1e-6 and
// 1e21 (ECMA-262, Number::toString).
func appendScriptNumber(dst, value []byte) []byte {
	x, err := strconv.ParseFloat(string(value), 64)
	if err != nil || x == 0 {
		return append(dst, '0')
	}
	if size := math.Abs(x); size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(dst, x, 'f', -1, 64)
	}
	text := strconv.AppendFloat(nil, x, 'e', -1, 64)
	mantissa, exponent, _ := bytes.Cut(text, []byte{'e'})
	dst = append(append(dst, mantissa...), 'e', exponent[0])
	return append(dst, bytes.TrimLeft(exponent[1:], "0")...)
}
