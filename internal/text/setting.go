package text

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
	"github.com/rivo/uniseg"
)

// A report takes Columns columns where there is room, and MinColumns are the fewest that
// it can be set in.
const (
	Columns    = 100
	MinColumns = 40
)

// Wrap breaks text at blanks into lines of at most width columns, words longer than
// that wherever they must. A number and its unit stay together.
func Wrap(text string, width int) (lines []string) {
	line := ""
	for _, word := range words(text) {
		if line != "" && Width(line)+1+Width(word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		for line += word; Width(line) > width; {
			end := prefix(line, width)
			lines, line = append(lines, line[:end]), line[end:]
		}
	}
	return append(lines, line)
}

// words are what Wrap does not break: what stands between blanks, and a number with its unit.
func words(text string) (all []string) {
	for _, word := range strings.Fields(text) {
		bare := strings.TrimRight(word, ",;.:)")
		if n := len(all); n > 0 && unit(bare) && unicode.IsDigit(rune(all[n-1][len(all[n-1])-1])) {
			all[n-1] += " " + word
			continue
		}
		all = append(all, word)
	}
	return all
}

// unit tells whether a word is a unit as reports write them.
func unit(word string) bool {
	switch word {
	case "ns", "µs", "ms", "s", "min", "h", "%", "B", "kB", "MB", "GB", "TB":
		return true
	}
	return false
}

// prefix is how many bytes of text fill at most width columns, of a character at
// least.
func prefix(text string, width int) (end int) {
	for graphemes := uniseg.NewGraphemes(text); graphemes.Next(); {
		from, to := graphemes.Positions()
		if from > 0 && Width(text[:to]) > width {
			break
		}
		end = to
	}
	return end
}

// Fit cuts text to width columns, at least one.
func Fit(text string, width int) Cell {
	if Width(text) <= width {
		return Cell(text)
	}
	return Cell(text[:prefixOf(text, width-1)] + "…")
}

// Width is how many columns text takes in a terminal: East Asian characters and
// most emoji take two, what combines with the character before it none. What the
// standard calls ambiguous, such as ± or µ, takes one (Unicode Standard Annex 11).
// What is not harmless takes the column of what will stand for it.
func Width(text string) int {
	// The library's own condition follows the locale.
	condition := runewidth.Condition{StrictEmojiNeutral: true}
	return condition.StringWidth(strings.Map(Harmless, text))
}

// Cell is text that the verbs %s and %v of package fmt pad and cut by columns, where
// for other text they count characters: %-26s with a Cell is 26 columns wide
// whatever it holds. The verb %q quotes first.
type Cell string

// Format implements [fmt.Formatter].
func (c Cell) Format(f fmt.State, verb rune) {
	said := string(c)
	if most, cut := f.Precision(); cut {
		said = said[:prefixOf(said, most)]
	}
	if verb == 'q' {
		said = strconv.Quote(said)
	}
	pad := ""
	if width, padded := f.Width(); padded {
		pad = strings.Repeat(" ", max(width-Width(said), 0))
	}
	if f.Flag('-') {
		said += pad
	} else {
		said = pad + said
	}
	// The error is not lost: what f writes to keeps it.
	_, _ = io.WriteString(f, said)
}

// prefixOf is how many bytes of text fill at most so many columns.
func prefixOf(text string, width int) int {
	end := prefix(text, width)
	if Width(text[:end]) > width {
		return 0
	}
	return end
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
