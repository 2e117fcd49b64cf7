package scenario

import (
	"slices"
	"time"

	"rehearse/internal/strptime"
	"rehearse/scenario/strict"
)

// Fields maps the members of a JSON line, or the columns of a table, to an event's
// parts. What is not mapped becomes a property.
type Fields struct {
	Event, DistinctID, Timestamp, UUID Source
	Properties                         string // the path to an object; empty: there is none

	Each  string // the path to a list in a line whose elements are the events; empty: the line is one
	Table Table
	Times Times
}

// Source is where a part of an event comes from. The zero one finds nothing.
type Source struct {
	Members  []string // dotted paths; the first that says something counts
	Join     bool     // they are read one after the other, with a blank between, as one
	Constant string   // what it is instead, whatever a line holds
}

// Table is how a table without a header of its own is read.
type Table struct {
	Columns   []string // the names of the columns; empty: the first line has them
	Separator byte     // between cells; a blank stands for any number of blanks; 0: told from the header
}

// Times are how recorded times are written. The zero one tells it from them.
type Times struct {
	Format *strptime.Format // nil: none is given
	Unit   time.Duration    // of numbers since 1970; 0: told from their size
	Zone   *time.Location   // of times that do not say theirs; nil: UTC
}

// From is the source that is the first of these paths.
func From(paths ...string) Source { return Source{Members: paths} }

// DefaultFields is the mapping where the scenario gives none.
func DefaultFields() Fields {
	return Fields{Event: From("event"), DistinctID: From("distinct_id"), Timestamp: From("timestamp"),
		UUID:       From("uuid"),
		Properties: "properties"}
}

// IsMapped reports whether the scenario maps members, so that lines are not those of
// a product.
func (f *Fields) IsMapped() bool {
	d := DefaultFields()
	return f.Each != "" || f.Properties != d.Properties ||
		!f.Event.equals(d.Event) || !f.DistinctID.equals(d.DistinctID) ||
		!f.Timestamp.equals(d.Timestamp) || !f.UUID.equals(d.UUID)
}

func (s Source) equals(o Source) bool {
	return slices.Equal(s.Members, o.Members) && s.Join == o.Join && s.Constant == o.Constant
}

// readMapping reads replay.fields.
func readMapping(v strict.Value, f *Fields) {
	source := func(to *Source) func(strict.Value) { return func(v strict.Value) { *to = readSource(v) } }
	v.Object(strict.Fields{
		"event":       source(&f.Event),
		"distinct_id": source(&f.DistinctID),
		"timestamp":   source(&f.Timestamp),
		"uuid":        source(&f.UUID),
		"properties":  func(v strict.Value) { f.Properties = v.Line(0, strict.MaxLine) },
		"each":        func(v strict.Value) { f.Each = v.Line(1, strict.MaxLine) },
		"columns":     func(v strict.Value) { f.Table.Columns = readColumns(v) },
		"separator":   func(v strict.Value) { f.Table.Separator = readSeparator(v) },
		"time_format": func(v strict.Value) { f.Times.Format = readTimeFormat(v) },
		"time_unit":   func(v strict.Value) { f.Times.Unit = readTimeUnit(v) },
		"time_zone":   func(v strict.Value) { f.Times.Zone = readZone(v) },
	})
	if v.Gives("time_format") && v.Gives("time_unit") {
		v.FailGiven("time_unit", "has no meaning beside a time_format",
			"%s in a format is a number of seconds since 1970")
	}
	if f.Event.Join || f.DistinctID.Join || f.UUID.Join || f.Timestamp.Constant != "" || f.UUID.Constant != "" {
		v.Fail("only a timestamp is joined, and only event and distinct_id are constants", "")
	}
}

// readTimeUnit reads the unit of numbers since 1970.
func readTimeUnit(v strict.Value) time.Duration {
	switch strict.OneOf(v, []string{"s", "ms", "us", "ns"}) {
	case "s":
		return time.Second
	case "ms":
		return time.Millisecond
	case "us":
		return time.Microsecond
	}
	return time.Nanosecond
}

// readSource reads a path, a list of them, a join or a constant.
func readSource(v strict.Value) (s Source) {
	switch {
	case v.IsList():
		s.Members = v.Lines(strict.MaxLine)
		if len(s.Members) == 0 {
			v.Fail("must not be empty", "")
		}
	case v.IsMapping():
		v.Object(strict.Fields{
			"constant": func(v strict.Value) { s.Constant = v.Line(1, strict.MaxLine) },
			"join":     func(v strict.Value) { s.Members, s.Join = v.Lines(strict.MaxLine), true },
		})
		if (s.Constant == "") == (len(s.Members) == 0) {
			v.Fail("wants a constant, or members to join", "as in {constant: pageview} or {join: [date, time]}")
		}
	default:
		if path := v.Line(0, strict.MaxLine); path != "" {
			s.Members = []string{path}
		}
	}
	return s
}

// readColumns reads the names of columns; one may be empty, and its cells are then
// left out.
func readColumns(v strict.Value) []string {
	var names []string
	for _, item := range v.List() {
		names = append(names, item.Line(0, strict.MaxLine))
	}
	if len(names) == 1 {
		v.Fail("a table has two columns or more", "")
	}
	return names
}

// readSeparator reads what stands between cells.
func readSeparator(v strict.Value) byte {
	text, ok := v.Scalar("text", strict.Text)
	switch {
	case !ok:
	case text == "tab", text == `\t`:
		return '\t'
	case text == "blank", text == "space":
		return ' '
	case len(text) != 1 || text[0] > '~' || text[0] < ' ' && text[0] != '\t' || text[0] == '"':
		v.Fail("expected one character, found "+v.Quoted(), `as in ",", ";", "|", tab or blank`)
	default:
		return text[0]
	}
	return 0
}

// readZone reads the name of a time zone or an offset.
func readZone(v strict.Value) *time.Location {
	text, ok := v.Scalar("text", strict.Text)
	if !ok {
		return nil
	}
	if t, err := time.Parse("-07:00", text); err == nil {
		return t.Location()
	}
	zone, err := time.LoadLocation(text)
	if err != nil || text == "" || text == "Local" {
		v.Fail("unknown time zone "+v.Quoted(), "as in Europe/Berlin, UTC or +02:00")
		return nil
	}
	return zone
}

// readTimeFormat reads how times are written.
func readTimeFormat(v strict.Value) *strptime.Format {
	text := v.Line(1, strict.MaxLine)
	if text == "" {
		return nil
	}
	f, err := strptime.Parse(text)
	if err != nil {
		v.Unreadable(err, "as in %d/%m/%Y %H:%M:%S, the directives of strptime(3)")
	}
	return f
}
