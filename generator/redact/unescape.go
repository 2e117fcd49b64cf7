package redact

import (
	"bytes"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// values shows every text and number of a JSON text that is no name of a member, as
// it is written.
func values(plain []byte, show func(value []byte, text bool)) {
	for i := 0; i < len(plain); i++ {
		switch c := plain[i]; {
		case c == '"':
			end := closing(plain, i+1)
			rest := bytes.TrimLeft(plain[min(end+1, len(plain)):], " \t\r\n")
			if len(rest) == 0 || rest[0] != ':' {
				show(plain[i+1:end], true)
			}
			i = end
		case c >= '0' && c <= '9':
			from := i
			for i+1 < len(plain) && bytes.IndexByte([]byte("0123456789.eE+-"), plain[i+1]) >= 0 {
				i++
			}
			show(plain[from:i+1], false)
		}
	}
}

// closing is where the quote stands that ends a text, or the end of all.
func closing(plain []byte, from int) int {
	for i := from; i < len(plain); i++ {
		switch plain[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(plain)
}

// escapes are those of JSON and of programming languages.
var escapes = regexp.MustCompile(`\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\["'/\\]`)

// unescaped returns text with its escapes undone: those of JSON, of URLs and of HTML,
// several times over.
func unescaped(text []byte) []byte {
	for range 3 {
		before := text
		if bytes.IndexByte(text, '\\') >= 0 {
			text = escapes.ReplaceAllFunc(text, unescape)
		}
		if bytes.IndexByte(text, '%') >= 0 {
			text = unpercent(text)
		}
		if bytes.IndexByte(text, '&') >= 0 {
			text = []byte(html.UnescapeString(string(text)))
		}
		if bytes.Equal(before, text) {
			break
		}
	}
	return text
}

// unescape is what an escape stands for.
func unescape(escape []byte) []byte {
	if escape[1] != 'u' && escape[1] != 'x' {
		return escape[1:]
	}
	code, err := strconv.ParseUint(string(escape[2:]), 16, 32)
	if err != nil {
		return escape
	}
	return utf8.AppendRune(nil, rune(code))
}

// unpercent decodes what is percent-encoded, and leaves alone what is not.
func unpercent(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		if text[0] == '%' && len(text) >= 3 {
			if one, err := url.PathUnescape(string(text[:3])); err == nil {
				out, text = append(out, one...), text[3:]
				continue
			}
		}
		out, text = append(out, text[0]), text[1:]
	}
	return out
}

// squeeze leaves letters and digits alone.
func squeeze(text []byte) []byte {
	return bytes.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, text)
}
