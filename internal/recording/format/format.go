package format

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/container"
	"rehearse/scenario"
)

// shape is what is told of a part from its beginning.
type Shape struct {
	Format  scenario.Format
	wrapped bool        // records that Airbyte wrapped
	Listing bool        // a list of files, as exports write one beside them
	Table   *tableShape // nil: it is none
	W3C     *W3C        // nil: it is no log of that form
}

// isMapped reports whether the scenario's mapping reads it.
func (s *Shape) IsMapped() bool {
	return s.Format == scenario.FormatJSONL || s.Format == scenario.FormatCSV
}

// shapeOf tells what a part holds from its beginning, unless the scenario says.
func ShapeOf(start []byte, r *scenario.Replay) Shape {
	switch {
	case r.Format == scenario.FormatParquet, bytes.HasPrefix(start, []byte(container.ParquetMagic)):
		return Shape{Format: scenario.FormatParquet}
	case r.Format == scenario.FormatAuto && (IsHAR(start) || IsGoReplay(start)):
		return Shape{Format: scenario.FormatCapture}
	case r.Format == scenario.FormatAccessLog, r.Format == scenario.FormatAuto && !r.Fields.IsMapped():
		if isW3C(start) {
			return Shape{Format: scenario.FormatAccessLog, W3C: &W3C{}}
		}
	}
	if r.Format == scenario.FormatAuto || r.Format == scenario.FormatCSV {
		if t := findTable(start, r); t != nil {
			return Shape{Format: scenario.FormatCSV, Table: t}
		}
	}
	if f := plainFormat(FirstLine(start), r); f != scenario.FormatAuto {
		return Shape{Format: f}
	}
	first := firstObject(start)
	m := look(first)
	if m.isManifest() {
		return Shape{Format: scenario.FormatJSONL, Listing: true}
	}
	if m.has("stream") && m.has("data") {
		wrapped := LineShape(look(unwrap(Line{Text: first})), r)
		wrapped.wrapped = true
		return wrapped
	}
	return LineShape(m, r)
}

// lineShape tells what lines, or rows of a Parquet file, with these members hold.
func LineShape(m Members, r *scenario.Replay) Shape {
	switch {
	case r.Format != scenario.FormatAuto && r.Format != scenario.FormatParquet:
		return Shape{Format: r.Format}
	case r.Fields.IsMapped():
		return Shape{Format: scenario.FormatJSONL}
	}
	return Shape{Format: m.format()}
}

// plainFormat tells a format that is neither JSON nor has a header from its first
// line, FormatAuto if it is none of those.
func plainFormat(first []byte, r *scenario.Replay) scenario.Format {
	first = bytes.TrimRight(first, "\r")
	switch {
	case r.Format == scenario.FormatSnowplow, r.Format == scenario.FormatAccessLog:
		return r.Format
	case r.Format != scenario.FormatAuto:
	case isSnowplow(first):
		return scenario.FormatSnowplow
	case isAccessLog(first):
		return scenario.FormatAccessLog
	}
	return scenario.FormatAuto
}

// firstLine returns the first line that is neither blank nor begins with #.
func FirstLine(start []byte) []byte {
	for line := range bytes.Lines(start) {
		if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) > 0 && line[0] != '#' {
			return line
		}
	}
	return nil
}

// firstObject returns the first line that begins like an object.
func firstObject(start []byte) []byte {
	for line := range bytes.Lines(start) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] == '{' {
			return line
		}
	}
	return nil
}

// members are the names and values of a line's members, as far as it can be read.
type Members struct{ Names, Values []string }

// look reads the members of a line.
func look(line []byte) Members {
	var m Members
	s := jsonscan.Scanner{Text: line}
	for name, more := s.First(); more; name, more = s.Member() {
		m.Names = append(m.Names, string(name))
		m.Values = append(m.Values, string(s.Value()))
	}
	return m
}

// value returns the value of a member, empty if there is none.
func (m Members) value(name string) string {
	for i, n := range m.Names {
		if n == name {
			return m.Values[i]
		}
	}
	return ""
}

// has reports whether there is such a member.
func (m Members) has(name string) bool { return m.value(name) != "" }

// isManifest reports whether an object lists files: {"files": […]} as PostHog's batch
// exports write it, or {"entries": [{"url": …}]} as Redshift does.
func (m Members) isManifest() bool {
	if len(m.Names) == 0 {
		return false
	}
	list := strings.HasPrefix(m.Values[0], "[")
	switch m.Names[0] {
	case "files":
		return list && len(m.Names) == 1
	case "entries":
		return list && strings.Contains(m.Values[0], `"url"`)
	}
	return false
}

// format tells a format from the members of a line.
func (m Members) format() scenario.Format {
	_, timed := descend([]byte(m.value("properties")), "time")
	switch {
	case m.has("path") && m.has("body"):
		return scenario.FormatCapture
	case m.has("event_type") && (m.has("device_id") || m.has("user_id") || m.has("amplitude_id")):
		return scenario.FormatAmplitude
	case m.has("event") && timed && !m.has("distinct_id"):
		return scenario.FormatMixpanel
	case m.has("messageId") || m.has("type") && m.has("anonymousId"):
		return scenario.FormatSegment
	case m.has("event") && m.has("distinct_id") && m.has("timestamp"):
		return scenario.FormatPostHog
	}
	return scenario.FormatJSONL
}

// isHAR reports whether a recording begins like an HTTP archive.
func IsHAR(start []byte) bool {
	start = bytes.TrimSpace(start)
	if len(start) == 0 || start[0] != '{' {
		return false
	}
	return bytes.HasPrefix(bytes.TrimSpace(start[1:]), []byte(`"log"`))
}

// isGoReplay reports whether a recording begins like a GoReplay file: a kind, an
// identifier and a time in nanoseconds, then a request line.
func IsGoReplay(start []byte) bool {
	head, rest, more := bytes.Cut(start, []byte("\n"))
	_, _, ok := GoReplayHead(head)
	return ok && more && len(rest) > 0 && rest[0] >= 'A' && rest[0] <= 'Z'
}

// goReplayHead reads the first line of a record.
func GoReplayHead(line []byte) (kind byte, at time.Time, ok bool) {
	parts := bytes.Fields(line)
	if len(parts) < 3 || len(parts[0]) != 1 || parts[0][0] < '1' || parts[0][0] > '3' {
		return 0, at, false
	}
	nanoseconds, err := strconv.ParseInt(string(parts[2]), 10, 64)
	if err != nil || nanoseconds <= 0 {
		return 0, at, false
	}
	return parts[0][0], time.Unix(0, nanoseconds), true
}
