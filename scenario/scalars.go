package scenario

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

// The tags that YAML resolves plain scalars to.
const (
	tagNull  = "!!null"
	tagBool  = "!!bool"
	tagInt   = "!!int"
	tagFloat = "!!float"
	tagText  = "!!str"
	tagTime  = "!!timestamp"
)

// hints say how each kind of scalar is written.
const (
	hintRate     = "as in 5000/s, 300k/min or 1M/h"
	hintCount    = "as in 64, 10k or 1M"
	hintBytes    = "as in 5MB, 64KiB or 400"
	hintShare    = "as in 5% or 0.1%"
	hintDuration = "as in 250ms, 1m30s or 2d"
	hintTime     = "as in 2026-12-01T10:00:00+01:00 or 2026-12-01"
)

// quoted returns the value as the file spells it, so that what the environment
// holds is not told.
func (v value) quoted() string { return strconv.Quote(units.Clip(v.node.Value)) }

// refers tells whether the value refers to the environment.
func (v value) refers() bool { return strings.Contains(v.node.Value, opening) }

// scalar returns the text of a scalar of one of the tags, references expanded. A
// value with references may stand for anything.
func (v value) scalar(expected string, tags ...string) (string, bool) {
	free := v.refers() || v.d.plain && v.node.Tag == tagText
	if v.node.Kind != yaml.ScalarNode || !free && !slices.Contains(tags, v.node.Tag) {
		hint := ""
		if expected == "text" && v.node.Kind == yaml.ScalarNode && v.node.Tag != tagNull {
			hint = "put it in quotes"
		}
		v.fail("expected "+expected+", found "+v.kind(), hint)
		return "", false
	}
	if v.d.plain || !v.refers() {
		return v.node.Value, true
	}
	text, err := expand(v.node.Value, v.d.lookup)
	if err != nil {
		v.fail(err.Error(), "")
		return "", false
	}
	if !isBoundElsewhere(v.path) {
		v.d.references = append(v.d.references, reference{v.path, text})
	}
	if v.d.tree.expanded == nil {
		v.d.tree.expanded = map[*yaml.Node]string{}
	}
	v.d.tree.expanded[v.node] = text
	return text, true
}

// paragraphs reads text of any length that does no harm to a terminal.
func (v value) paragraphs() string {
	text, _ := v.scalar("text", tagText, tagTime)
	harmful := func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }
	if strings.ContainsFunc(text, harmful) {
		v.fail("must not contain control characters", "")
	}
	return text
}

// line reads text of one line, within bounds of its length in characters.
func (v value) line(low, high int) string {
	text, ok := v.scalar("text", tagText, tagTime)
	length := utf8.RuneCountInString(text)
	switch {
	case !ok:
	case strings.ContainsFunc(text, unicode.IsControl):
		v.fail("must be one line without control characters", "")
	case length < low:
		v.fail("must not be empty", "")
	case length > high:
		v.fail(fmt.Sprintf("longer than %d characters", high), "")
	default:
		return text
	}
	return ""
}

// flag reads true or false.
func (v value) flag() bool {
	text, ok := v.scalar("true or false", tagBool)
	if !ok {
		return false
	}
	flag := strings.EqualFold(text, "true")
	if !flag && !strings.EqualFold(text, "false") {
		v.fail("expected true or false, found "+v.quoted(), "")
	}
	return flag
}

// measured reads a scalar through one of the parsers of units.
func measured[T any](v value, parse func(string) (T, error), expected, hint string) (result T, ok bool) {
	text, ok := v.scalar(expected, tagText, tagInt, tagFloat)
	if !ok {
		return result, false
	}
	result, err := parse(text)
	if err != nil {
		v.unreadable(err, hint)
	}
	return result, err == nil
}

// unreadable reports what a parser said, without what the environment holds.
func (v value) unreadable(err error, hint string) {
	what := err.Error()
	if v.refers() {
		what = "what " + v.quoted() + " stands for cannot be read"
	}
	v.fail(what, hint)
}

// count reads a whole number within bounds.
func (v value) count(low, high int64) int64 {
	n, ok := measured(v, units.ParseCount, "a count", hintCount)
	if ok && (n < low || n > high) {
		v.fail(fmt.Sprintf("must be %d to %d", low, high), "")
	}
	return n
}

// bytes reads a size within bounds.
func (v value) bytes(low, high int64) int64 {
	n, ok := measured(v, units.ParseBytes, "a size", hintBytes)
	if ok && (n < low || n > high) {
		v.fail(fmt.Sprintf("must be %s to %s", units.FormatBytes(low), units.FormatBytes(high)), "")
	}
	return n
}

// duration reads a duration within bounds.
func (v value) duration(low, high time.Duration) time.Duration {
	d, ok := measured(v, units.ParseDuration, "a duration", hintDuration)
	if ok && (d < low || d > high) {
		v.fail(fmt.Sprintf("must be %s to %s", units.FormatDuration(low), units.FormatDuration(high)), "")
	}
	return d
}

// rate reads a rate in events per second.
func (v value) rate() float64 {
	rate, _ := measured(v, units.ParseRate, "a rate", hintRate)
	return rate
}

// share reads a share as a fraction of 1.
func (v value) share() float64 {
	share, _ := measured(v, units.ParseShare, "a share", hintShare)
	return share
}

// number reads a plain decimal number within bounds.
func (v value) number(low, high float64) float64 {
	n, ok := measured(v, parseNumber, "a number", "as in 1 or 0.5")
	if ok && (n < low || n > high) {
		v.fail(fmt.Sprintf("must be %v to %v", low, high), "")
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

// time reads a time or a date, UTC unless it says otherwise.
func (v value) time() time.Time {
	text, ok := v.scalar("a time", tagText, tagTime)
	if !ok {
		return time.Time{}
	}
	t, err := units.ParseTime(text)
	if err != nil {
		v.unreadable(err, hintTime)
	}
	return t
}

// oneOf reads a word of a closed set.
func oneOf[T ~string](v value, known []T) T {
	text, ok := v.scalar("text", tagText)
	switch {
	case !ok:
	case slices.Contains(known, T(text)):
	default:
		v.fail("unknown word "+v.quoted(), suggest(text, words(known)))
	}
	return T(text)
}
