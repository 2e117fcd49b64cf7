package recording

import (
	"rehearse/internal/recording/container"
	"rehearse/internal/recording/format"
	"rehearse/scenario"
)

// Files are recordings as they were when they were looked at, and what was learned of
// them so far.
type Files struct {
	container.Parts

	learned *Learned // nil: they are read once
}

// Look lists what lies at the paths, archives unfolded, in order. What can be read
// only once, and archives that are compressed or lie in others, are left as they are.
func Look(paths []string) (Files, error) {
	parts, err := container.LookParts(paths)
	return Files{Parts: parts}, err
}

// Spool looks at what lies at the paths, as Look does, and copies what can be read
// only once, standard input and pipes, and what has to be unpacked to be looked into,
// into temporary files. What it returns removes the copies.
func Spool(paths []string) (f Files, remove func(), err error) {
	parts, remove, err := container.SpoolParts(paths)
	return Files{Parts: parts}, remove, err
}

// Size is how many bytes lie at the paths; what cannot be looked at counts as nothing.
func Size(paths []string) int64 {
	f, _ := container.LookParts(paths)
	return f.Size()
}

// With returns the files as they are read by what l holds, or so that l learns.
func (f Files) With(l *Learned) Files {
	f.learned = l
	return f
}

// Detect returns the format of the first of the files, as far as it matters to
// what reads them: FormatCapture for requests, another one for events.
func (f Files) Detect(r *scenario.Replay) (scenario.Format, error) {
	if r.Format != scenario.FormatAuto {
		return r.Format, nil
	}
	for _, p := range f.All {
		var l container.Lines
		if err := l.Open(p); err != nil {
			return "", err
		}
		start := l.Peek()
		s := format.ShapeOf(start, r)
		l.Close()
		if format.FirstLine(start) != nil {
			return s.Format, nil
		}
	}
	return scenario.FormatJSONL, nil
}

// Group returns the hash that stands for an id and all those that merges join to it, as
// far as that was learned.
func (f *Files) Group(id []byte) uint64 { return f.learned.Group(id) }
