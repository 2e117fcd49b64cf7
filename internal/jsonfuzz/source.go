package jsonfuzz

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Source makes up texts. Those of one seed are always the same.
type Source struct {
	*rand.Rand
}

// New returns the source of a seed.
func New(seed uint64) *Source { return &Source{rand.New(rand.NewPCG(seed, seed))} }

// one returns one of several texts.
func (s *Source) one(texts ...string) string { return texts[s.IntN(len(texts))] }

// rarely is true once in n.
func (s *Source) rarely(n int) bool { return s.IntN(n) == 0 }

// blank returns what may stand between tokens, and rarely what may not.
func (s *Source) blank() string {
	if !s.rarely(12) {
		return ""
	}
	return s.one(" ", "\n", "\t", "\r", "  \n ", "\r\n", "\v", "\f", "\x00", "\ufeff", "\u00a0", "/**/")
}

// Value returns a JSON value that may be broken, with up to depth levels.
func (s *Source) Value(depth int) string {
	switch n := s.IntN(12); {
	case n < 4:
		return s.String()
	case n < 7:
		return s.Number()
	case n < 9 || depth == 0:
		return s.one("null", "true", "false", "null", "nul", "True", "NaN", "Infinity", "-Infinity", "undefined",
			"nulll", "tru", "")
	case n == 9:
		return s.list("[", "]", depth, s.Value)
	}
	return s.list("{", "}", depth, func(depth int) string {
		return s.Key() + s.blank() + s.colon() + s.blank() +
			s.Value(depth)
	})
}

func (s *Source) colon() string {
	if s.rarely(200) {
		return s.one("", "::", "=", ",")
	}
	return ":"
}

// list returns items between brackets, and rarely mistakes of the commas.
func (s *Source) list(open, last string, depth int, item func(depth int) string) string {
	var b strings.Builder
	b.WriteString(open)
	for i := range s.IntN(4) {
		if i > 0 {
			b.WriteString(s.comma())
		}
		b.WriteString(s.blank() + item(depth-1) + s.blank())
	}
	if s.rarely(100) {
		b.WriteString(s.one(",", ",,", ";", ":", "]", "}"))
	}
	if s.rarely(200) {
		last = s.one("", "]", "}", ")")
	}
	return b.String() + last
}

func (s *Source) comma() string {
	if s.rarely(200) {
		return s.one("", ",,", ";", " ", ":")
	}
	return ","
}

// Number returns a number, or what some readers take for one.
func (s *Source) Number() string {
	switch s.IntN(8) {
	case 0:
		return s.one("0", "-0", "-0.0", "1", "-1", "0e0", "00", "01", "-01", "+1", ".5", "5.", "1.e3", "1e", "1e+", "-",
			"--1", "1.2.3", "0x10", "1_000", "1e5e5")
	case 1: // the edges of 64 bits
		return s.one("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
			"18446744073709551615", "18446744073709551616", "18446744073709551616.5", "99999999999999999999")
	case 2: // the edges of a float64
		return s.one("1e308", "1e309", "1e999", "-1e999", "1e-999", "0e999", "1.7976931348623157e308",
			"1.7976931348623158e308", "1.7976931348623159e308",
			"17976931348623157e292", "1.8e308", "179769313486231580793e289", "0.1e310", "0.00001e313", "10e307",
			"10e308", "1e2147483647", "1e2147483648",
			"0e99999999999", "1e99999999999", "1e-99999999999", "4.9e-324", "2e-324",
			"123456789012345678901234567890e279", strings.Repeat("9", 308), strings.Repeat("9", 310),
			"1"+strings.Repeat("0", 320), "0."+strings.Repeat("0", 330)+"1", "1"+strings.Repeat("0", 320)+"e-300")
	case 3:
		return fmt.Sprintf("%d.%de%d", s.IntN(100), s.Uint64(), s.IntN(640)-320)
	case 4:
		return fmt.Sprintf("%de%d", s.Uint64()>>s.IntN(64), s.IntN(640)-320)
	case 5:
		return fmt.Sprint(s.Float64())
	}
	return fmt.Sprint(s.IntN(1000) - 100)
}

// Key returns the name of a member: rather often one that is known.
func (s *Source) Key() string {
	if s.rarely(300) {
		return s.one("a", "5", "null", "'a'", "")
	}
	if s.rarely(4) {
		return s.String()
	}
	return spelled(s, s.one("event", "token", "$token", "api_key", "distinct_id", "$distinct_id", "uuid", "properties",
		"timestamp", "offset",
		"$set", "$set_once", "batch", "sent_at", "historical_migration", "a", "b", "$cookieless_mode", "$heatmap_data",
		"$lib"))
}

// spelled returns a string of JSON that says text, now and then with escapes.
func spelled(s *Source, text string) string {
	if text == "" || !s.rarely(20) {
		return `"` + text + `"`
	}
	i := s.IntN(len(text))
	return fmt.Sprintf(`"%s\u%04x%s"`, text[:i], text[i], text[i+1:])
}

// String returns a string of JSON that may be broken.
func (s *Source) String() string {
	var b strings.Builder
	b.WriteByte('"')
	for range s.IntN(4) {
		b.WriteString(s.piece())
	}
	if s.rarely(300) {
		return b.String()
	}
	return b.String() + `"`
}

// piece returns a stretch of a string, sound nine times in ten.
func (s *Source) piece() string {
	if s.rarely(40) {
		return s.one(`\ud83d`, `\ude00`, `\ud83d\n`, `\ud83dx`, `\ud83d\ud83d`, `\ude00\ud83d`, `\ud83d\`, `\ud83d\u`,
			`\ud83d\u00e9`, `\uDBFF\uDFFF\uDBFF`,
			`\u12`, `\u12g4`, `\ug123`, `\x41`, `\'`, `\U0001F600`, `\`, "\x00", "\x1f", "\n", "\t", "\xff", "\xc0\x80",
			"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", `\0`)
	}
	return s.one("a", "abcdefgh", "ten letters", "é", "€", "😀", "\u2028", "\u007f", `\"`, `\\`, `\/`, `\b`, `\f`, `\n`,
		`\r`, `\t`, `\u0000`, `\u001f`, `\u00e9`,
		`\uD83D\uDE00`, `\udbff\udfff`, `\uFFFF`, `\ufeff`, "{", "}", "[", "]", ",", ":", "  ", "$")
}

// deep returns a value of a number of levels near the one that is refused.
func (s *Source) deep() string {
	n := 120 + s.IntN(12)
	open, last := "[", "]"
	if s.rarely(2) {
		open, last = `{"a":`, "}"
	}
	return strings.Repeat(open, n) + s.Value(0) + strings.Repeat(last, n-s.IntN(2)*s.IntN(2))
}

// Break returns text as it is three times in four, else cut, or with a stretch
// lost, doubled, or changed.
func (s *Source) Break(text string) string {
	if len(text) == 0 || !s.rarely(4) {
		return text
	}
	i := s.IntN(len(text))
	j := min(len(text), i+1+s.IntN(4))
	switch s.IntN(6) {
	case 0:
		return text[:i]
	case 1:
		return text[:i] + text[j:]
	case 2:
		return text[:j] + text[i:]
	case 3:
		return text[:i] + s.one(`"`, `\`, ",", ":", "{", "}", "[", "]", "0", "-", "e", "\x00", "\xff", "\ufeff", " ",
			"\n", "u") + text[i:]
	case 4:
		return text + s.one(" ", "\n", "x", "0", ",", "{}", "null", "\x00", "]", "}")
	}
	return s.one("\ufeff", " ", "\n", "\x00", ",", "\xff") + text
}
