package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tidwall/gjson"

	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
	"rehearse/internal/verify"
	"rehearse/scenario"
)

// Files returns the source that files are which a pattern stands for: a file, all
// files below a directory, or those that a pattern matches as in a shell. They hold
// requests that an endpoint recorded, or an export of events as lines of JSON or as
// Parquet; they may be compressed, and lie in archives. inOrder says that the rows of
// an export stand in the order in which they came. What Files returns removes the
// copies of what can be read only once.
func Files(pattern string, inOrder bool) (s *verify.Source, remove func(), err error) {
	f := fromPattern(pattern, inOrder)
	if _, err := f.look(); err != nil {
		f.forget()
		return nil, nil, err
	}
	return f.source, f.forget, nil
}

// Watched is Files for files that may not be there yet, and grow.
func Watched(pattern string, inOrder bool) (s *verify.Source, remove func(), err error) {
	f := fromPattern(pattern, inOrder)
	if pattern == "-" {
		return nil, nil, errors.New("standard input can be read only once, and cannot be watched")
	}
	f.source.Again = &verify.Again{Reopen: f.look}
	return f.source, f.forget, nil
}

// fromPattern has not looked at any file.
func fromPattern(pattern string, inOrder bool) *fromFiles {
	f := &fromFiles{pattern: pattern, copies: func() {}}
	f.source = &verify.Source{Kind: "export", Name: pattern, Position: f.position, InOrder: inOrder, Open: f.openExport}
	return f
}

// look finds the files and what they hold, and tells whether they are others than at the
// last look.
func (f *fromFiles) look() (changed bool, err error) {
	paths, _, err := scenario.FindFiles(f.pattern)
	if err == nil && len(paths) == 0 {
		err = errors.New("no file is there")
	}
	if err != nil {
		return false, fmt.Errorf("cannot read %q: %w", f.pattern, err)
	}
	state := stateOf(paths)
	if state == f.state && f.source.Again != nil {
		return false, nil
	}
	files, remove, err := recording.Spool(paths)
	if err != nil {
		return false, err
	}
	f.copies()
	f.files, f.copies = files, remove
	requests, err := holdsRequests(files)
	if err != nil {
		return false, err
	}
	if s := f.source; requests {
		s.Kind, s.Sent, s.InOrder, s.Arrival = "requests", true, true, true
		s.Open, s.Notes = f.openRequests, f.notes
	}
	f.state = state // which was taken before they were looked into
	return true, nil
}

// forget removes copies of what can be read only once.
func (f *fromFiles) forget() { f.copies() }

// stateOf is what changes if files do.
func stateOf(paths []string) string {
	var b strings.Builder
	for _, path := range paths {
		fmt.Fprintf(&b, "%q", path)
		if info, err := os.Stat(path); err == nil {
			fmt.Fprint(&b, info.Size(), info.ModTime().UnixNano())
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// fromFiles are files, and where reading them has got to.
type fromFiles struct {
	pattern string
	source  *verify.Source
	state   string // of the files when they were looked at
	copies  func() // removes them

	files   recording.Files
	records *recording.Records // the ones that were opened last
	untold  int64              // recorded requests that do not say how they were answered

	place  event.Place // of the last record
	broken bool        // it is no JSON
}

// open begins to read the files; columns are those of rows that are read, nil: all.
func (f *fromFiles) open(columns []string) *recording.Records {
	f.records, f.broken, f.untold = f.files.OpenRecords(columns), false, 0
	return f.records
}

// next returns the next record. A file whose last line is broken was cut off, and is not
// read to its end.
func (f *fromFiles) next() (text []byte, cut bool, err error) {
	text, cut, err = f.records.Next()
	now := f.records.Place()
	if f.broken && (errors.Is(err, io.EOF) || now.File != f.place.File) {
		return nil, false, fmt.Errorf("%s: the last line is no JSON: the file breaks off (was it copied whole?)",
			f.place)
	}
	f.place, f.broken = now, false
	return text, cut, err
}

// position is how many bytes were read.
func (f *fromFiles) position() (read, all int64) {
	if f.records == nil {
		return 0, 0
	}
	return f.records.Position(), f.files.Size()
}

// holdsRequests tells recorded requests from events by the first record.
func holdsRequests(files recording.Files) (bool, error) {
	r := files.OpenRecords([]string{"path", "body"})
	defer r.Close()
	text, _, err := r.Next()
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	path := gjson.GetBytes(text, "path")
	return strings.HasPrefix(path.Str, "/") && bytes.Contains(text, []byte(`"body"`)), nil
}
