package scenario

import (
	"fmt"
	"strings"
)

// Where returns the place of a field, such as load.profile, as file:line:col;
// where the file does not give it, that of the nearest field around it. The place
// of an override is --set.
func (s *Scenario) Where(path string) string {
	for !s.Gives(path) && path != "" {
		path = path[:max(strings.LastIndexByte(path, '.'), 0)]
	}
	place, known := s.source.places[path]
	switch {
	case !known:
		return s.File()
	case place.line == 0:
		return override
	}
	return fmt.Sprintf("%s:%d:%d", s.File(), place.line, place.col)
}

// Gives tells whether the file, or an override, gives a field.
func (s *Scenario) Gives(path string) bool {
	_, ok := s.source.places[path]
	return ok
}

// place is where a field stands, both from 1; line 0: in no file.
type place struct{ line, col int }

// places returns where the known fields stand.
func (d *decoder) places() map[string]place {
	all := make(map[string]place, len(d.given))
	for path, f := range d.given {
		all[path] = place{f.key.node.Line, f.key.node.Column}
		if f.value.node.Line == 0 {
			all[path] = place{}
		}
	}
	return all
}
