package recording

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"rehearse/scenario"
)

// shape is what is told of a part from its beginning.
type shape struct {
	format  scenario.Format
	wrapped bool        // records that Airbyte wrapped
	listing bool        // a list of files, as exports write one beside them
	table   *tableShape // nil: it is none
}

// isMapped reports whether the scenario's mapping reads it.
func (s *shape) isMapped() bool {
	return s.format == scenario.FormatJSONL || s.format == scenario.FormatCSV
}

// shapeOf tells what a part holds from its beginning, unless the scenario says.
func shapeOf(start []byte, r *scenario.Replay) shape {
	switch {
	case r.Format == scenario.FormatParquet, bytes.HasPrefix(start, []byte(parquetMagic)):
		return shape{format: scenario.FormatParquet}
	case r.Format == scenario.FormatAuto && (isHAR(start) || isGoReplay(start)):
		return shape{format: scenario.FormatCapture}
	}
	if r.Format == scenario.FormatAuto || r.Format == scenario.FormatCSV {
		if t := findTable(start, r); t != nil {
			return shape{format: scenario.FormatCSV, table: t}
		}
	}
	if f := plainFormat(firstLine(start), r); f != scenario.FormatAuto {
		return shape{format: f}
	}
	first := firstObject(start)
	m := look(first)
	if m.isManifest() {
		return shape{format: scenario.FormatJSONL, listing: true}
	}
	if m.has("stream") && m.has("data") {
		wrapped := lineShape(look(unwrap(line{text: first})), r)
		wrapped.wrapped = true
		return wrapped
	}
	return lineShape(m, r)
}

// lineShape tells what lines, or rows of a Parquet file, with these members hold.
func lineShape(m members, r *scenario.Replay) shape {
	switch {
	case r.Format != scenario.FormatAuto && r.Format != scenario.FormatParquet:
		return shape{format: r.Format}
	case r.Fields.IsMapped():
		return shape{format: scenario.FormatJSONL}
	}
	return shape{format: m.format()}
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
func firstLine(start []byte) []byte {
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
type members struct{ names, values []string }

// look reads the members of a line.
func look(line []byte) members {
	var m members
	s := scanner{text: line}
	for name, more := s.first(); more; name, more = s.member() {
		m.names = append(m.names, string(name))
		m.values = append(m.values, string(s.value()))
	}
	return m
}

// value returns the value of a member, empty if there is none.
func (m members) value(name string) string {
	for i, n := range m.names {
		if n == name {
			return m.values[i]
		}
	}
	return ""
}

// has reports whether there is such a member.
func (m members) has(name string) bool { return m.value(name) != "" }

// isManifest reports whether an object lists files: {"files": […]} as PostHog's batch
// exports write it, or {"entries": [{"url": …}]} as Redshift does.
func (m members) isManifest() bool {
	if len(m.names) == 0 {
		return false
	}
	list := strings.HasPrefix(m.values[0], "[")
	switch m.names[0] {
	case "files":
		return list && len(m.names) == 1
	case "entries":
		return list && strings.Contains(m.values[0], `"url"`)
	}
	return false
}

// format tells a format from the members of a line.
func (m members) format() scenario.Format {
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
func isHAR(start []byte) bool {
	start = bytes.TrimSpace(start)
	if len(start) == 0 || start[0] != '{' {
		return false
	}
	return bytes.HasPrefix(bytes.TrimSpace(start[1:]), []byte(`"log"`))
}

// isGoReplay reports whether a recording begins like a GoReplay file: a kind, an
// identifier and a time in nanoseconds, then a request line.
func isGoReplay(start []byte) bool {
	head, rest, more := bytes.Cut(start, []byte("\n"))
	_, _, ok := goReplayHead(head)
	return ok && more && len(rest) > 0 && rest[0] >= 'A' && rest[0] <= 'Z'
}

// goReplayHead reads the first line of a record.
func goReplayHead(line []byte) (kind byte, at time.Time, ok bool) {
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
