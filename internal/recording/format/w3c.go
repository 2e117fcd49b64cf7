package format

import (
	"bytes"
	"net/url"
	"strings"

	"rehearse/internal/recording/event"
)

// W3C reads logs in the Extended Log File Format of the W3C (WD-logfile-960323), as
// IIS and CloudFront write them: directives that begin with # say which fields the
// lines behind them have. Lines become events as those of other access logs do, at
// times that are UTC; fields that those do not have become properties by their names.
type W3C struct {
	fields []w3cField
	date   []byte // of the last #Date, for lines without a date
	cells  [][]byte
	when   []byte
	path   []byte
}

// w3cField is a field of a line.
type w3cField struct {
	name string
	part func(*w3cLine) *[]byte // which part of the line it is; nil: it becomes a property
}

// w3cLine is what a line tells.
type w3cLine struct {
	logLine
	date, method, stem, query []byte
}

// w3cParts are the fields that are parts of an event, by their names in small letters.
var w3cParts = map[string]func(*w3cLine) *[]byte{
	"date":           func(l *w3cLine) *[]byte { return &l.date },
	"time":           func(l *w3cLine) *[]byte { return &l.time },
	"c-ip":           func(l *w3cLine) *[]byte { return &l.host },
	"cs-username":    func(l *w3cLine) *[]byte { return &l.user },
	"cs-method":      func(l *w3cLine) *[]byte { return &l.method },
	"cs-uri":         func(l *w3cLine) *[]byte { return &l.stem },
	"cs-uri-stem":    func(l *w3cLine) *[]byte { return &l.stem },
	"cs-uri-query":   func(l *w3cLine) *[]byte { return &l.query },
	"sc-status":      func(l *w3cLine) *[]byte { return &l.status },
	"sc-bytes":       func(l *w3cLine) *[]byte { return &l.size },
	"cs(referer)":    func(l *w3cLine) *[]byte { return &l.referrer },
	"cs(user-agent)": func(l *w3cLine) *[]byte { return &l.agent },
}

// directive returns what a line says that is a directive of a name.
func directive(line []byte, name string) (text []byte, ok bool) {
	if len(line) < len(name) || !strings.EqualFold(string(line[:len(name)]), name) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name):]), true
}

// isW3C reports whether a directive stands before the first line that says which fields
// lines have.
func isW3C(start []byte) bool {
	for line := range bytes.Lines(start) {
		if _, ok := directive(line, "#Fields:"); ok {
			return true
		}
		if line[0] != '#' && len(bytes.TrimSpace(line)) > 0 {
			return false
		}
	}
	return false
}

// Direct heeds a line that begins with #. A nil reader has no directives.
func (w *W3C) Direct(line []byte) {
	if w == nil {
		return
	}
	if fields, ok := directive(line, "#Fields:"); ok {
		w.fields = w.fields[:0]
		for _, name := range strings.Fields(string(fields)) {
			w.fields = append(w.fields, w3cField{name, w3cParts[strings.ToLower(name)]})
		}
	}
	if date, ok := directive(line, "#Date:"); ok {
		w.date = append(w.date[:0], date[:min(len(date), len("2006-01-02"))]...)
	}
}

func (w *W3C) decode(row Line, seed int64, e *event.Event) event.Reason {
	if !w.split(row.Text) || len(w.cells) != len(w.fields) {
		return event.NotLogged
	}
	l := w3cLine{date: w.date}
	for i, cell := range w.cells {
		if part := w.fields[i].part; part != nil && string(cell) != "-" {
			*part(&l) = cell
		}
	}
	w.when = append(append(append(w.when[:0], l.date...), ' '), l.time...)
	e.When = w.when
	e.Time, _ = event.ParseText(w.when)
	if e.Rename("request"); l.method != nil {
		e.Rename(string(l.method[:min(len(l.method), 16)]) + " " + kindOfFile(l.stem))
	}
	if l.user == nil {
		l.user = []byte("-")
	}
	e.SetPlainID(l.who())
	w.properties(&l, e)
	e.Identify(nil, row.Text, seed)
	return ""
}

// properties writes what else a line tells.
func (w *W3C) properties(l *w3cLine, e *event.Event) {
	w.path = append(w.path[:0], l.stem...)
	if l.query != nil {
		w.path = append(append(w.path, '?'), l.query...)
	}
	e.Open()
	e.PutText("$current_url", w.path)
	e.PutCell("status", l.status)
	e.PutCell("bytes", l.size)
	e.PutText("$referrer", l.referrer)
	e.PutText("$raw_user_agent", unpacked(l.agent))
	for i, cell := range w.cells {
		if f := &w.fields[i]; f.part == nil && string(cell) != "-" {
			e.PutCell(f.name, cell)
		}
	}
	if isAddress(l.host) {
		e.PutText("$ip", l.host)
	}
	e.Close()
}

// unpacked is a user agent without what its blanks were written as: + by IIS, and
// percent-encoded by CloudFront.
func unpacked(agent []byte) []byte {
	if bytes.IndexByte(agent, '%') >= 0 {
		if text, err := url.PathUnescape(string(agent)); err == nil {
			return []byte(text)
		}
	}
	return bytes.ReplaceAll(agent, []byte{'+'}, []byte{' '})
}

// split cuts a line into its cells: at tabs if it has any, else at blanks that are not
// in quotes.
func (w *W3C) split(line []byte) bool {
	w.cells = w.cells[:0]
	if bytes.IndexByte(line, '\t') >= 0 {
		for more := true; more; {
			var cell []byte
			cell, line, more = bytes.Cut(line, []byte{'\t'})
			w.cells = append(w.cells, cell)
		}
		return true
	}
	for line = bytes.TrimSpace(line); len(line) > 0; line = bytes.TrimLeft(line, " ") {
		end := bytes.IndexByte(line, ' ')
		if line[0] == '"' {
			if end = endOfQuotes(line, 1); end < 0 {
				return false
			}
			w.cells = append(w.cells, bytes.ReplaceAll(line[1:end-1], []byte(`""`), []byte{'"'}))
		} else {
			if end < 0 {
				end = len(line)
			}
			w.cells = append(w.cells, line[:end])
		}
		line = line[end:]
	}
	return true
}
