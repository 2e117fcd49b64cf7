package text

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", []string{""}},
		{"one two", []string{"one two"}},
		{"one two three", []string{"one two", "three"}},
		{"after 0 µs, so", []string{"after", "0 µs, so"}},
		{"abcdefghijkl", []string{"abcdefgh", "ijkl"}},
		{"a  b\nc", []string{"a b c"}},
		{"żółw żółw", []string{"żółw", "żółw"}},
		{"日本語の文章", []string{"日本語の", "文章"}},                         // two columns each
		{"a日本語の", []string{"a日本語", "の"}},                           // half a character does not fit
		{"e\u0301e\u0301 12345", []string{"e\u0301e\u0301 12345"}}, // accents take no column
	} {
		if got := Wrap(c.text, 8); !slices.Equal(got, c.want) {
			t.Errorf("Wrap(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

// TestFit: what is cut fills at most the width, and what fits is left alone.
func TestFit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"abc", 1, "…"}, {"日本語", 6, "日本語"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"},
		{"日本語", 2, "…"}, {"👩 x", 4, "👩 x"}, {"👩👩", 3, "👩…"}, {"\x1bab", 2, "\x1b…"},
	} {
		if got := string(Fit(c.text, c.width)); got != c.want {
			t.Errorf("Fit(%q, %d) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// TestCell: a column is as wide for others' scripts as for our own.
func TestCell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, text, want string }{
		{"%-6s|", "ab", "ab    |"}, {"%6s|", "ab", "    ab|"}, {"%-6s|", "日本", "日本  |"}, {"%6s|", "日本", "  日本|"},
		{"%-3s|", "日本", "日本|"}, {"%-6.3s|", "日本", "日    |"}, {"%-8q|", "日本", `"日本"  |`}, {"%v", "日", "日"},
		{"%-4s|", "é", "é   |"},
	} {
		if got := fmt.Sprintf(c.format, Cell(c.text)); got != c.want {
			t.Errorf("%s of %q is %q, want %q", c.format, c.text, got, c.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"", 10, ""},
		{"  slow\r\n down\t", 20, "slow   down"},
		{"\x1b[2J\x07gone", 20, "\uFFFD[2J\uFFFDgone"},
		{"\u202egnp.exe", 20, "\uFFFDgnp.exe"}, // turns the reading direction
		{"a\u2028b\u0085c", 20, "a b c"},       // end a line in some programs
		{"\xff\xfeok", 20, "\uFFFD\uFFFDok"},
		{"żółw", 20, "żółw"},
		{"żółw", 5, "żó"},     // 2 + 2 + 2 would be 6 bytes
		{"żół"[:5], 10, "żó"}, // cut in the middle of ł
		{"\xff\xff", 4, "\uFFFD"},
		{"anything", 0, ""},
		{"anything", -1, ""},
	} {
		if got := Printable([]byte(c.text), c.limit); got != c.want {
			t.Errorf("printable(%q, %d) = %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add([]byte("\x1b]0;title\x07"), 256)
	f.Add([]byte("\xe2\x80\xae\xff"), 4)
	f.Fuzz(func(t *testing.T, text []byte, limit int) {
		got := Printable(text, limit)
		if !utf8.ValidString(got) || len(got) > max(limit, 0) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Fatalf("printable(%q, %d) = %q", text, limit, got)
		}
	})
}
