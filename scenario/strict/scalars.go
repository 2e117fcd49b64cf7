package strict

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"rehearse/internal/units"
)

// Tag is what YAML takes a plain scalar for.
type Tag string

// The tags of scalars.
const (
	Null  Tag = "!!null"
	Bool  Tag = "!!bool"
	Int   Tag = "!!int"
	Float Tag = "!!float"
	Text  Tag = "!!str"
	Time  Tag = "!!timestamp"
)

// MaxLine is how long a text of one line usually may be, in characters.
const MaxLine = 200

// hints say how each kind of scalar is written.
const (
	HintRate     = "as in 5000/s, 300k/min or 1M/h"
	hintCount    = "as in 64, 10k or 1M"
	hintBytes    = "as in 5MB, 64KiB or 400"
	hintShare    = "as in 5% or 0.1%"
	hintDuration = "as in 250ms, 1m30s or 2d"
	hintTime     = "as in 2026-12-01T10:00:00+01:00 or 2026-12-01"
)

// Tag returns what YAML takes the scalar for, whatever references stand for.
func (v Value) Tag() Tag { return Tag(v.node.Tag) }

// Raw returns the scalar as the document spells it, references included.
func (v Value) Raw() string { return v.node.Value }

// Quoted returns the value as the file spells it, so that what the environment
// holds is not told.
func (v Value) Quoted() string { return strconv.Quote(units.Clip(v.node.Value)) }

// Refers tells whether the value refers to the environment.
func (v Value) Refers() bool { return strings.Contains(v.node.Value, opening) }

// Scalar returns the text of a scalar of one of the tags, references expanded. A
// value with references may stand for anything.
func (v Value) Scalar(expected string, tags ...Tag) (string, bool) {
	free := v.Refers() || v.d.resolved && v.Tag() == Text
	if !v.IsScalar() || !free && !slices.Contains(tags, v.Tag()) {
		hint := ""
		if expected == "text" && v.IsScalar() && v.Tag() != Null {
			hint = "put it in quotes"
		}
		v.Fail("expected "+expected+", found "+v.found(), hint)
		return "", false
	}
	if v.d.resolved || !v.Refers() {
		return v.node.Value, true
	}
	text, err := expand(v.node.Value, v.d.lookup)
	if err != nil {
		v.Fail(err.Error(), "")
		return "", false
	}
	v.d.refs = append(v.d.refs, Reference{v.path, text})
	if v.d.expanded == nil {
		v.d.expanded = map[*yaml.Node]string{}
	}
	v.d.expanded[v.node] = text
	return text, true
}

// Cell returns a scalar as it stands, whatever it looks like to YAML and without looking
// at the environment.
func (v Value) Cell(hint string) string {
	if !v.IsScalar() {
		v.Fail("expected text, found "+v.found(), hint)
		return ""
	}
	return v.node.Value
}

// IsResolved tells whether the document is one in which nothing refers to the environment.
func (v Value) IsResolved() bool { return v.d.resolved }

// Paragraphs reads text of any length that does no harm to a terminal.
func (v Value) Paragraphs() string {
	text, _ := v.Scalar("text", Text, Time)
	harmful := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if strings.ContainsFunc(text, harmful) {
		v.Fail("must not contain control characters", "")
	}
	return text
}

// Line reads text of one line, within bounds of its length in characters.
func (v Value) Line(low, high int) string {
	text, ok := v.Scalar("text", Text, Time)
	length := utf8.RuneCountInString(text)
	switch {
	case !ok:
	case strings.ContainsFunc(text, unicode.IsControl):
		v.Fail("must be one line without control characters", "")
	case length < low:
		v.Fail("must not be empty", "")
	case length > high:
		v.Fail(fmt.Sprintf("longer than %d characters", high), "")
	default:
		return text
	}
	return ""
}

// Lines reads a list of texts of one line and most characters each.
func (v Value) Lines(most int) (lines []string) {
	for _, item := range v.List() {
		lines = append(lines, item.Line(1, most))
	}
	return lines
}

// Name reads a text that may name files: letters, digits, dots, dashes and underscores;
// hint says what for.
func (v Value) Name(hint string) string {
	name := v.Line(1, 64)
	if strings.ContainsFunc(name, unsafeInName) || strings.HasPrefix(name, ".") {
		v.Fail("must be letters, digits, dots, dashes and underscores, no dot first", hint)
	}
	return name
}

// unsafeInName tells whether a character is kept out of the names of files.
func unsafeInName(r rune) bool {
	safe := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !safe && !strings.ContainsRune("._-", r)
}

// Flag reads true or false.
func (v Value) Flag() bool {
	text, ok := v.Scalar("true or false", Bool)
	if !ok {
		return false
	}
	flag := strings.EqualFold(text, "true")
	if !flag && !strings.EqualFold(text, "false") {
		v.Fail("expected true or false, found "+v.Quoted(), "")
	}
	return flag
}

// Measured reads a scalar through one of the parsers of units.
func Measured[T any](v Value, parse func(string) (T, error), expected, hint string) (result T, ok bool) {
	text, ok := v.Scalar(expected, Text, Int, Float)
	if !ok {
		return result, false
	}
	result, err := parse(text)
	if err != nil {
		v.Unreadable(err, hint)
	}
	return result, err == nil
}

// Unreadable reports what a parser said, without what the environment holds.
func (v Value) Unreadable(err error, hint string) {
	what := err.Error()
	if v.Refers() {
		what = "what " + v.Quoted() + " stands for cannot be read"
	}
	v.Fail(what, hint)
}

// Count reads a whole number within bounds.
func (v Value) Count(low, high int64) int64 {
	n, ok := Measured(v, units.ParseCount, "a count", hintCount)
	if ok && (n < low || n > high) {
		v.Fail(fmt.Sprintf("must be %d to %d", low, high), "")
	}
	return n
}

// Bytes reads a size within bounds.
func (v Value) Bytes(low, high int64) int64 {
	n, ok := Measured(v, units.ParseBytes, "a size", hintBytes)
	if ok && (n < low || n > high) {
		v.Fail(fmt.Sprintf("must be %s to %s", units.FormatBytes(low), units.FormatBytes(high)), "")
	}
	return n
}

// Duration reads a duration within bounds.
func (v Value) Duration(low, high time.Duration) time.Duration {
	d, ok := Measured(v, units.ParseDuration, "a duration", hintDuration)
	if ok && (d < low || d > high) {
		v.Fail(fmt.Sprintf("must be %s to %s", units.FormatDuration(low), units.FormatDuration(high)), "")
	}
	return d
}

// Rate reads a rate in events per second.
func (v Value) Rate() float64 {
	rate, _ := Measured(v, units.ParseRate, "a rate", HintRate)
	return rate
}

// Share reads a share as a fraction of 1.
func (v Value) Share() float64 {
	share, _ := Measured(v, units.ParseShare, "a share", hintShare)
	return share
}

// Number reads a plain decimal number within bounds.
func (v Value) Number(low, high float64) float64 {
	n, ok := Measured(v, parseNumber, "a number", "as in 1 or 0.5")
	if ok && (n < low || n > high) {
		v.Fail(fmt.Sprintf("must be %v to %v", low, high), "")
	}
	return n
}

func parseNumber(text string) (float64, error) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, fmt.Errorf("cannot read %q as a number", units.Clip(text))
	}
	return n, nil
}

// Time reads a time or a date, UTC unless it says otherwise.
func (v Value) Time() time.Time {
	text, ok := v.Scalar("a time", Text, Time)
	if !ok {
		return time.Time{}
	}
	t, err := units.ParseTime(text)
	if err != nil {
		v.Unreadable(err, hintTime)
	}
	return t
}

// OneOf reads a word of a closed set.
func OneOf[T ~string](v Value, known []T) T {
	text, ok := v.Scalar("text", Text)
	switch {
	case !ok:
	case slices.Contains(known, T(text)):
	default:
		var words []string
		for _, k := range known {
			words = append(words, string(k))
		}
		v.Fail("unknown word "+v.Quoted(), suggest(text, words))
	}
	return T(text)
}
