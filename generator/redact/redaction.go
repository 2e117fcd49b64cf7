package redact

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// grams is a set of stretches of eight characters, some of which are in it by
// mistake.
type grams [1 << 10]uint64

func gramOf(text []byte) uint64 { return binary.LittleEndian.Uint64(text) * 0x9e3779b97f4a7c15 >> 48 }

// add puts the stretches of text in.
func (g *grams) add(text []byte) {
	for i := 0; i+gramSize <= len(text); i++ {
		n := gramOf(text[i:])
		g[n>>6] |= 1 << (n & 63)
	}
}

func (g *grams) has(text []byte) bool {
	n := gramOf(text)
	return g[n>>6]>>(n&63)&1 == 1
}

// redaction is a text and what of it is to go.
type redaction struct {
	text, lower []byte
	hidden      []bool
	count       int // of what was marked
}

// newRedaction returns text with nothing marked.
func newRedaction(text []byte) *redaction {
	lower := slices.Clone(text)
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c | 0x20
		}
	}
	return &redaction{text: text, lower: lower, hidden: make([]bool, len(text))}
}

// mark marks a stretch.
func (m *redaction) mark(from, to int) {
	m.count++
	for i := from; i < to; i++ {
		m.hidden[i] = true
	}
}

// all marks every place of a text in lower case.
func (m *redaction) all(part []byte) {
	for from := 0; ; {
		at := bytes.Index(m.lower[from:], part)
		if at < 0 {
			return
		}
		m.mark(from+at, from+at+len(part))
		from += at + 1
	}
}

// value marks what the text has of a value of the request: all of a short one,
// where it stands by itself, and any stretch of a long one.
func (m *redaction) value(v []byte, text bool, known *grams) {
	if text && len(v) < shortestText || !text && len(v) < shortestNumber {
		return
	}
	if bytes.IndexByte(v, '\\') >= 0 {
		v = unescaped(v)
	}
	if len(v) < gramSize {
		m.word(bytes.ToLower(v))
		return
	}
	var window [gramSize]byte
	for i := 0; i+gramSize <= len(v); i++ {
		for j, c := range v[i : i+gramSize] {
			if c >= 'A' && c <= 'Z' {
				c |= 0x20
			}
			window[j] = c
		}
		if known.has(window[:]) {
			m.all(window[:])
		}
	}
}

// word marks a word where it is no part of another.
func (m *redaction) word(w []byte) {
	inside := func(i int) bool { return i >= 0 && i < len(m.lower) && isWordByte(m.lower[i]) }
	for from := 0; ; {
		at := bytes.Index(m.lower[from:], w)
		if at < 0 {
			return
		}
		at += from
		if !inside(at-1) && !inside(at+len(w)) {
			m.mark(at, at+len(w))
		}
		from = at + 1
	}
}

func isWordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c >= 0x80
}

// runs marks what is no words: ids, hashes, base64.
func (m *redaction) runs() {
	for i := 0; i < len(m.text); i++ {
		from := i
		for i < len(m.text) && isRunByte(m.text[i]) {
			i++
		}
		if i-from >= shortestRun && !isWords(m.text[from:i]) {
			m.mark(from, i)
		}
	}
}

func isRunByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		bytes.IndexByte([]byte("+/=_-"), c) >= 0
}

// isWords tells whether a run is made of words and small numbers.
func isWords(run []byte) bool {
	for len(run) > 0 {
		end := bytes.IndexAny(run, "+/=_-")
		if end < 0 {
			end = len(run)
		}
		if !isWord(run[:end]) {
			return false
		}
		run = run[min(end+1, len(run)):]
	}
	return true
}

// isWord tells whether letters and digits are a word, as in error, MaximumSize,
// TIMEOUT, 2026 or v1.
func isWord(text []byte) bool {
	letters := bytes.TrimRight(text, "0123456789")
	digits := len(text) - len(letters)
	if digits > 4 || digits > 0 && len(letters) > 4 || len(letters) > 24 {
		return false
	}
	shouted := bytes.Equal(letters, bytes.ToUpper(letters))
	since := 3 // letters since a word began: it has three at least
	for _, c := range letters {
		switch {
		case c >= 'a' && c <= 'z':
			since++
		case c >= 'A' && c <= 'Z' && shouted:
		case c >= 'A' && c <= 'Z' && since >= 3:
			since = 1
		default:
			return false
		}
	}
	return true
}

// key is the text without what is marked, its digits made 0.
func (m *redaction) key() []byte {
	key := m.redacted()
	for i, c := range key {
		if c >= '0' && c <= '9' {
			key[i] = '0'
		}
	}
	return key
}

// redacted is the text without what is marked.
func (m *redaction) redacted() []byte {
	out := make([]byte, 0, len(m.text))
	for i, c := range m.text {
		switch {
		case !m.hidden[i]:
			out = append(out, c)
		case i == 0 || !m.hidden[i-1]:
			out = append(out, redacted...)
		}
	}
	return out
}
