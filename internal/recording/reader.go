package recording

import (
	"bytes"
	"container/heap"
	"io"
	"slices"
	"time"

	"rehearse/internal/recording/container"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// Reader reads the events of several recordings as one: merged by time, with
// disorder within a bound put right. Files are open only while their time has
// come. It is for one goroutine.
type Reader struct {
	// Bad, if set, is told of every line that is left out because of what it is.
	// The text is good until it returns; its error ends the reading.
	Bad func(Bad) error

	replay  *scenario.Replay
	learned *Learned  // nil: the recording is not read again
	streams []*stream // a heap by the time of the next event
	current *stream   // whose event was handed out last
	chosen  sampler
	aliases aliases
	waiting reorder
	ended   bool

	counts   Counts
	finished int64 // bytes of the parts that were read to their ends
}

// Open prepares to read the files by the rules of r. It looks at the first event of
// each, so that it can merge them by time.
func (f Files) Open(r *scenario.Replay) (*Reader, error) {
	reader := &Reader{
		replay: r, learned: f.learned, chosen: newSampler(r.Sample, f.learned),
		waiting: reorder{bound: r.Reorder}, counts: newCounts(&f, r),
	}
	if err := reader.peek(f.All); err != nil {
		return nil, err
	}
	heap.Init((*byHead)(&reader.streams))
	return reader, nil
}

// peek looks into each part, and settles what their times mean.
func (r *Reader) peek(parts []container.Part) error {
	c := &event.Clock{Times: r.replay.Fields.Times}
	doubtful := make(map[*stream][]byte)
	for i, p := range parts {
		s := &stream{part: p, name: p.String(), order: i, clock: c, remark: r.counts.remark, learned: r.learned}
		s.disorder = disorder{part: i, file: s.name, counts: &r.counts, found: r.learned}
		when, err := s.peek(r.replay)
		if err != nil {
			return err
		}
		if when != nil {
			doubtful[s] = when
		}
		if c.Zoneless && s.shape.IsMapped() { // Products say what theirs mean: UTC.
			r.counts.remark("times that do not say their zone are read as UTC (replay.fields.time_zone names another)")
		}
		c.Zoneless = false
		r.streams = append(r.streams, s)
	}
	for s, when := range doubtful {
		s.head, _ = c.Value(when)
	}
	return c.Settle()
}

// Next returns the next event; it is good until the next call. io.EOF follows
// the last one.
func (r *Reader) Next() (*event.Event, error) {
	if r.replay.Reorder == 0 {
		return r.merged()
	}
	for !r.ended && !r.waiting.ready() {
		e, err := r.merged()
		if err == io.EOF {
			r.ended = true
			break
		}
		if err != nil {
			return nil, err
		}
		r.waiting.push(e)
	}
	return r.waiting.pop()
}

// merged returns the next event of the streams, the oldest of their heads.
func (r *Reader) merged() (*event.Event, error) {
	if s := r.current; s != nil {
		r.current = nil
		if err := r.advance(s); err != nil {
			return nil, err
		}
	}
	for len(r.streams) > 0 {
		s := r.streams[0]
		if s.opened {
			return r.handOut(s), nil
		}
		if err := s.open(r.replay); err != nil {
			return nil, err
		}
		if err := r.advance(s); err != nil {
			return nil, err
		}
	}
	return nil, r.counts.exceeds(r.replay.MaxBad, true)
}

// handOut returns the next event of a stream, or the alias that goes before it.
func (r *Reader) handOut(s *stream) *event.Event {
	r.counts.Events++
	s.event.Place = event.Place{File: s.name, Line: s.lines.Number}
	if a := r.aliases.before(&s.event); a != nil && r.chosen.takes(a) {
		r.counts.Added++
		a.Place, a.Ahead = s.event.Place, s.event.Ahead
		return a
	}
	r.current = s
	if s.event.OwnID {
		r.counts.OwnIDs++
	}
	return &s.event
}

// advance reads on in the stream at the top of the heap, until it has another
// event or is at its end, and puts the stream where it belongs then.
func (r *Reader) advance(s *stream) error {
	for {
		text, reason, err := s.next()
		if err == io.EOF {
			s.close()
			s.disorder.end()
			r.finished += s.part.Size
			heap.Pop((*byHead)(&r.streams))
			return nil
		}
		if err != nil {
			return err
		}
		r.counts.Lines++
		if reason == "" {
			reason = r.choose(s)
		}
		s.text = text
		if reason == "" {
			break
		}
		if err := r.leaveOut(s, text, reason); err != nil {
			return err
		}
	}
	if !s.event.Ahead { // Else it is handed out where it stands.
		s.head = s.event.Time
	}
	if len(r.streams) > 1 {
		heap.Fix((*byHead)(&r.streams), 0)
	}
	return nil
}

// choose notes disorder, and applies the window and the sample.
func (r *Reader) choose(s *stream) event.Reason {
	s.event.Ahead = s.disorder.note(s.event.Time, s.lines.Number)
	switch {
	case !r.isInTime(s.event.Time):
		return event.OutOfTime
	case !r.chosen.takes(&s.event):
		return event.Unsampled
	}
	return ""
}

// isInTime reports whether a time lies in the window of the replay.
func (r *Reader) isInTime(t time.Time) bool {
	return !t.Before(r.replay.From) && (r.replay.To.IsZero() || t.Before(r.replay.To))
}

// leaveOut counts a line that is not sent and tells of it, if it is a bad one.
func (r *Reader) leaveOut(s *stream, text []byte, reason event.Reason) error {
	b := Bad{File: s.name, Line: s.lines.Number, Reason: reason, Text: text, when: s.event.When}
	return r.counts.refuse(&b, r.Bad, r.replay.MaxBad)
}

// Example is the first event of a recording beside the line that it was read from.
type Example struct {
	Event *event.Event
	Line  []byte
}

// Example returns the first event of the files, read by the rules of r. io.EOF: there
// is none.
func (f Files) Example(r *scenario.Replay) (*Example, error) {
	plain := *r
	plain.Reorder = 0
	reader, err := f.Open(&plain)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	e, err := reader.Next()
	for err == nil && reader.current == nil { // That was one that no line held.
		e, err = reader.Next()
	}
	if err != nil {
		return nil, err
	}
	example := &Example{Event: &event.Event{}, Line: bytes.Clone(reader.current.text)}
	example.Event.Copy(e)
	return example, nil
}

// LeaveOut counts the event that Next returned last as one that is not sent.
func (r *Reader) LeaveOut(reason event.Reason) {
	r.counts.leaveOut(&Bad{Reason: reason})
	r.counts.Events--
}

// Counts returns what was read so far.
func (r *Reader) Counts() *Counts {
	r.counts.Restored, r.counts.Late = r.waiting.restored, r.waiting.late
	return &r.counts
}

// Seen returns what was read so far, as if no event had been left out after Next had
// returned it.
func (r *Reader) Seen() *Counts {
	seen := *r.Counts()
	seen.Left = slices.DeleteFunc(slices.Clone(seen.Left), func(l LeftOut) bool {
		if l.Reason == event.NoRoom {
			seen.Events += l.Lines
		}
		return l.Reason == event.NoRoom
	})
	return &seen
}

// Position is how many bytes were read of what Size counts.
func (r *Reader) Position() int64 {
	bytes := r.finished
	for _, s := range r.streams {
		if s.opened {
			bytes += min(s.position(), s.part.Size)
		}
	}
	return bytes
}

// Close closes what is open.
func (r *Reader) Close() error {
	for _, s := range r.streams {
		s.close()
	}
	r.streams = nil
	return nil
}

// byHead orders streams by the time of their next event, those of one time by
// the order in which they were named.
type byHead []*stream

func (h byHead) Len() int { return len(h) }
func (h byHead) Less(i, j int) bool {
	if c := h[i].head.Compare(h[j].head); c != 0 {
		return c < 0
	}
	return h[i].order < h[j].order
}
func (h byHead) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push appends a stream.
func (h *byHead) Push(x any) { *h = append(*h, x.(*stream)) }

// Pop removes the last stream.
func (h *byHead) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
