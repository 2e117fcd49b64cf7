package scenario

import (
	"os"
	"path/filepath"
)

// Replay describes recorded events or requests.
type Replay struct {
	Files  []string // as written, relative to the scenario file; globs allowed
	Paths  []string // resolved against the scenario file's directory, globs expanded, sorted within a glob
	Format Format
	Clock  Clock
	Speed  float64 // how many times faster than recorded
	Order  Order
	Fields Fields
}

// Fields maps the members of a JSON line to an event's parts. A dotted path
// descends; an empty one finds nothing. What is not mapped becomes a property.
type Fields struct {
	Event, DistinctID, Timestamp, UUID, Properties string
}

func readReplay(v value) *Replay {
	r := &Replay{
		Format: FormatAuto,
		Clock:  ClockRecorded,
		Speed:  1,
		Order:  OrderPerID,
		Fields: Fields{"event", "distinct_id", "timestamp", "uuid", "properties"},
	}
	v.object(fields{
		"files": func(v value) { r.Files, r.Paths = readFiles(v) },
		"format": func(v value) {
			r.Format = oneOf(v, []Format{FormatAuto, FormatCapture, FormatJSONL},
				"posthog", "mixpanel", "amplitude", "segment", "csv", "parquet", "har")
		},
		"clock":  func(v value) { r.Clock = oneOf(v, []Clock{ClockRecorded, ClockProfile}) },
		"speed":  func(v value) { r.Speed = v.number(1e-3, 1e6) },
		"order":  func(v value) { r.Order = oneOf(v, []Order{OrderPerID, OrderFile, OrderNone}) },
		"fields": func(v value) { readMapping(v, &r.Fields) },
	}, "pseudonymize")
	v.require("files")
	return r
}

func readMapping(v value, f *Fields) {
	part := func(to *string) func(value) {
		return func(v value) { *to = v.line(0, maxLine) }
	}
	v.object(fields{
		"event":       part(&f.Event),
		"distinct_id": part(&f.DistinctID),
		"timestamp":   part(&f.Timestamp),
		"uuid":        part(&f.UUID),
		"properties":  part(&f.Properties),
	})
}

// readFiles reads patterns and finds the files that they stand for.
func readFiles(v value) (patterns, paths []string) {
	items := v.list()
	if items != nil && len(items) == 0 {
		v.fail("must not be empty", "")
	}
	for _, item := range items {
		pattern := item.line(1, 4096)
		if pattern == "" {
			continue
		}
		found, err := filepath.Glob(item.d.resolve(pattern))
		switch {
		case err != nil:
			item.fail("cannot read the pattern "+item.quoted(), "* stands for any letters, ? for one, [a-z] for one of these")
		case len(found) == 0:
			item.fail("no file is "+item.quoted(), "paths are relative to the scenario file")
		}
		item.refuseDirectories(found)
		patterns, paths = append(patterns, pattern), append(paths, found...)
	}
	return patterns, paths
}

func (v value) refuseDirectories(paths []string) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			v.fail(v.quoted()+" is a directory", "as in recordings/*.jsonl.gz")
			return
		}
	}
}
