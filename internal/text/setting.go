package text

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Wrap breaks text at blanks into lines of at most width, words longer than that
// wherever they must.
func Wrap(text string, width int) (lines []string) {
	var line []rune
	for _, word := range strings.Fields(text) {
		rest := []rune(word)
		if len(line) > 0 && len(line)+1+len(rest) > width {
			lines, line = append(lines, string(line)), nil
		}
		if len(line) > 0 {
			line = append(line, ' ')
		}
		for line = append(line, rest...); len(line) > width; line = line[width:] {
			lines = append(lines, string(line[:width]))
		}
	}
	return append(lines, string(line))
}

// Fit cuts text to width columns.
func Fit(text string, width int) string {
	if runes := []rune(text); len(runes) > width {
		return string(runes[:width-1]) + "…"
	}
	return text
}

// Printable is text of others, a server's words say, as it may be shown: at most
// limit bytes of UTF-8 that cannot command a terminal, break a line or turn the
// reading direction. White space becomes one blank, anything else that does not
// print becomes U+FFFD.
func Printable[T string | []byte](others T, limit int) string {
	var b strings.Builder
	text := bytes.TrimSpace([]byte(others))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if size == 1 && !utf8.FullRune(text) {
			break // cut in the middle of a character
		}
		r = Harmless(r)
		if b.Len()+utf8.RuneLen(r) > limit {
			break
		}
		b.WriteRune(r)
		text = text[size:]
	}
	return b.String()
}

// Harmless is r, or what stands for it on one line of a terminal.
func Harmless(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case !unicode.IsPrint(r):
		return utf8.RuneError
	}
	return r
}
