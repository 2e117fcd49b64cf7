package recording

import (
	"bytes"
	"io"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/recording/event"
	"rehearse/internal/recording/format"
	"rehearse/scenario"
)

// LearnJoins reads the files to learn which distinct_ids merges join, whatever sample
// of the events is replayed. Of lines of JSON only those are decoded that may be a
// merge; lines that cannot be used are passed over, for later readings to tell of.
func (f Files) LearnJoins(r *scenario.Replay) error {
	reader, err := f.Open(r)
	if err != nil {
		return err
	}
	defer reader.Close()
	for _, s := range reader.streams {
		if err := reader.learnJoins(s); err != nil {
			return err
		}
	}
	return nil
}

// learnJoins reads one part.
func (r *Reader) learnJoins(s *stream) error {
	if err := s.open(r.replay); err != nil {
		return err
	}
	defer s.close()
	next := s.next
	if s.namesMerges(&r.replay.Fields) {
		next = s.nextMerge
	}
	for {
		_, reason, err := next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if reason != "" || !r.isInTime(s.event.Time) {
			continue
		}
		r.learned.join(&s.event)
		if a := r.aliases.before(&s.event); a != nil {
			r.learned.join(a)
		}
	}
}

// namesMerges reports whether a line that is a merge is sure to have its name as a
// JSON string.
func (s *stream) namesMerges(f *scenario.Fields) bool {
	if s.nested != nil || s.table != nil || s.rows != nil {
		return false
	}
	return s.shape.Format == scenario.FormatPostHog || s.shape.Format == scenario.FormatJSONL && f.Event.Constant == ""
}

// nextMerge is next, but passes over lines that are no merges.
func (s *stream) nextMerge() (text []byte, reason event.Reason, err error) {
	for {
		line, err := s.line()
		switch {
		case err != nil:
			return nil, "", err
		case s.lines.Cut || s.shape.Listing || !mayMerge(line):
			continue
		}
		return line, format.Decode(s.decoder, format.Line{Text: line}, s.seed(), &s.event), nil
	}
}

// mayMerge reports whether a line of JSON may have the name of a merge in it: written
// out, or with a character as \u0024.
func mayMerge(line []byte) bool {
	for at := 0; ; at++ {
		n := bytes.IndexByte(line[at:], '$')
		if n < 0 {
			break
		}
		at += n
		rest := line[at:]
		if end := bytes.IndexByte(rest, '"'); end > 0 && pipeline.IsMerge(rest[:end]) {
			return true
		}
	}
	return bytes.Contains(line, []byte(`\u`))
}
