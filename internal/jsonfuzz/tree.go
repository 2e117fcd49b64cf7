package jsonfuzz

import (
	"bytes"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf16"
)

// node is a JSON value as serde buffers it.
type node struct {
	kind   byte // n, b, s, a, o; i: an integer of 64 bits, f: any other number
	text   string
	int    *big.Int // of i
	flag   bool     // of b
	items  []*node  // of a
	keys   []string // of o, …
	values []*node  // … with their values

	raw     string   // as it is written
	rawKeys []string // the names of o as they are written
}

// refused is what a parser gives up with: the words of serde_json, and how many
// bytes it had looked at.
type refused struct {
	words string
	at    int
}

// parser reads a text byte by byte, in the order of serde_json's de.rs. It gives up
// by panicking with refused, which parse recovers.
type parser struct {
	text  string
	at    int
	depth int
	lax   bool // only the grammar counts, as where serde_json passes over a value
}

const end = -1

func (p *parser) peek() int {
	if p.at == len(p.text) {
		return end
	}
	return int(p.text[p.at])
}

func (p *parser) next() int {
	b := p.peek()
	if b != end {
		p.at++
	}
	return b
}

// error gives up behind what was consumed, peekError behind the byte after it.
func (p *parser) error(words string)     { panic(refused{words, p.at}) }
func (p *parser) peekError(words string) { panic(refused{words, min(p.at+1, len(p.text))}) }

func (p *parser) blank() int {
	for strings.ContainsRune(" \n\t\r", rune(p.peek())) {
		p.at++
	}
	return p.peek()
}

// parse returns the value of a text, or what serde_json says when it is refused.
// Where only the end is wrong it returns both.
func parse(text string) (value *node, wrong string) {
	return (&parser{text: text, depth: 128}).parse()
}

func (p *parser) parse() (value *node, wrong string) {
	text := p.text
	defer func() {
		switch r := recover().(type) {
		case nil:
		default:
			panic(r)
		case refused:
			before := []byte(text[:r.at])
			line := bytes.Count(before, []byte("\n"))
			wrong = fmt.Sprintf("%s at line %d column %d", r.words, line+1, r.at-bytes.LastIndexByte(before, '\n')-1)
		}
	}()
	value = p.value()
	if p.blank() != end {
		p.peekError("trailing characters")
	}
	return value, ""
}

func (p *parser) value() *node {
	p.blank()
	from := p.at
	n := p.bare()
	n.raw = p.text[from:p.at]
	return n
}

func (p *parser) bare() *node {
	switch b := p.blank(); {
	case b == end:
		p.peekError("EOF while parsing a value")
	case b == 'n':
		p.word("null")
		return &node{kind: 'n'}
	case b == 't':
		p.word("true")
		return &node{kind: 'b', flag: true}
	case b == 'f':
		p.word("false")
		return &node{kind: 'b'}
	case b == '-' || b >= '0' && b <= '9':
		return p.number()
	case b == '"':
		p.at++
		return &node{kind: 's', text: p.string()}
	case b == '[' || b == '{':
		p.depth--
		if p.depth == 0 && !p.lax {
			p.peekError("recursion limit exceeded")
		}
		p.at++
		n := p.list(byte(b))
		p.depth++
		return n
	}
	p.peekError("expected value")
	return nil
}

func (p *parser) word(word string) {
	for _, want := range []byte(word) {
		switch b := p.next(); {
		case b == end:
			p.error("EOF while parsing a value")
		case b != int(want):
			p.error("expected ident")
		}
	}
}

// list reads what stands between brackets.
func (p *parser) list(open byte) *node {
	kind, last, name := byte('a'), ']', "a list"
	if open == '{' {
		kind, last, name = 'o', '}', "an object"
	}
	n := &node{kind: kind}
	for first := true; ; first = false {
		b := p.blank()
		switch {
		case b == end:
			p.peekError("EOF while parsing " + name)
		case rune(b) == last:
			p.at++
			return n
		case !first && b != ',':
			p.peekError(fmt.Sprintf("expected `,` or `%c`", last))
		case !first:
			p.at++
			if b = p.blank(); rune(b) == last {
				p.peekError("trailing comma")
			}
			if b == end {
				p.peekError("EOF while parsing a value")
			}
		}
		if kind == 'o' {
			from := p.at
			n.keys = append(n.keys, p.key())
			n.rawKeys = append(n.rawKeys, strings.TrimRight(p.text[from:p.at], ": \n\t\r"))
		}
		v := p.value()
		n.items, n.values = append(n.items, v), append(n.values, v)
	}
}

func (p *parser) key() string {
	if p.peek() != '"' {
		p.peekError("key must be a string")
	}
	p.at++
	name := p.string()
	switch b := p.blank(); {
	case b == end:
		p.peekError("EOF while parsing an object")
	case b != ':':
		p.peekError("expected `:`")
	}
	p.at++
	return name
}

// string reads up to the closing quote and returns what the string says.
func (p *parser) string() string {
	var out strings.Builder
	for {
		b := p.next()
		switch {
		case b == end:
			p.error("EOF while parsing a string")
		case b == '"':
			return out.String()
		case b < ' ':
			p.error(`control character (\u0000-\u001F) found while parsing a string`)
		case b == '\\':
			out.WriteString(p.escape())
		default:
			out.WriteByte(byte(b))
		}
	}
}

func (p *parser) escape() string {
	b := p.next()
	switch {
	case b == end:
		p.error("EOF while parsing a string")
	case b == 'u':
		return string(p.unicode())
	}
	said, known := map[int]string{'"': `"`, '\\': `\`, '/': "/", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r",
		't': "\t"}[b]
	if !known {
		p.error("invalid escape")
	}
	return said
}

func (p *parser) unicode() rune {
	first := p.hex()
	switch {
	case p.lax:
		return first
	case first >= 0xdc00 && first <= 0xdfff:
		p.error("lone leading surrogate in hex escape")
	case first < 0xd800 || first > 0xdfff:
		return first
	}
	for _, want := range `\u` {
		switch b := p.peek(); {
		case b == end:
			p.error("EOF while parsing a string")
		case b != int(want):
			p.at++
			p.error("unexpected end of hex escape")
		}
		p.at++
	}
	second := p.hex()
	if second < 0xdc00 || second > 0xdfff {
		p.error("lone leading surrogate in hex escape")
	}
	return utf16.DecodeRune(first, second)
}

func (p *parser) hex() rune {
	if len(p.text)-p.at < 4 {
		p.at = len(p.text)
		p.error("EOF while parsing a string")
	}
	digits := p.text[p.at : p.at+4]
	p.at += 4
	n, err := strconv.ParseUint(digits, 16, 16)
	if err != nil {
		p.error("invalid escape")
	}
	return rune(n)
}
