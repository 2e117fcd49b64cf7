package verify

import (
	"bytes"
	"strconv"

	"github.com/tidwall/gjson"

	"rehearse/internal/jsonscan"
)

// eachMember calls do with every member of an object, its name as it is written,
// without quotes. The text must be valid JSON.
func eachMember(text []byte, do func(name, value []byte)) {
	c := jsonscan.New(text)
	if c.Kind() != '{' {
		return
	}
	for c.Enter(); c.More(); {
		name := c.RawKey()
		do(name[min(1, len(name)):max(len(name)-1, 1)], c.Value())
	}
}

// eachElement calls do with every element of a list. The text must be valid JSON.
func eachElement(list []byte, do func(element []byte)) {
	c := jsonscan.New(list)
	for c.Enter(); c.More(); {
		do(c.Value())
	}
}

// appendUnescaped appends what a string says whose inside this is.
func appendUnescaped(dst, inside []byte) []byte {
	if bytes.IndexByte(inside, '\\') < 0 {
		return append(dst, inside...)
	}
	return append(dst, gjson.Parse(`"`+string(inside)+`"`).Str...)
}

// number is the value of a JSON number, as everybody reads it who keeps float64.
func number(text []byte) float64 {
	digits := text
	if digits[0] == '-' {
		digits = digits[1:]
	}
	if len(digits) > 15 { // beyond those, not every whole number is a float64
		value, _ := strconv.ParseFloat(string(text), 64)
		return value
	}
	var whole int64
	for _, d := range digits {
		d -= '0'
		if d > 9 {
			value, _ := strconv.ParseFloat(string(text), 64)
			return value
		}
		whole = whole*10 + int64(d)
	}
	if len(digits) < len(text) {
		whole = -whole
	}
	return float64(whole)
}
