package text

import (
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
		{"abcdefghijkl", []string{"abcdefgh", "ijkl"}},
		{"a  b\nc", []string{"a b c"}},
		{"żółw żółw", []string{"żółw", "żółw"}},
	} {
		if got := Wrap(c.text, 8); !slices.Equal(got, c.want) {
			t.Errorf("Wrap(%q) = %q, want %q", c.text, got, c.want)
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
