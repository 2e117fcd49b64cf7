package recording

import (
	"fmt"
	"io"

	"rehearse/internal/recording/container"
	"rehearse/internal/recording/event"
	"rehearse/internal/recording/format"
	"rehearse/scenario"
)

// Requests reads recorded requests, file after file: lines as Request.Parse reads
// them, HTTP archives (HAR), or GoReplay files, told apart by how they begin.
type Requests struct {
	// Bad, if set, is told of every record that is left out because of what it is.
	Bad func(Bad) error

	replay  *scenario.Replay
	learned *Learned // nil: the recording is not read again
	part    int      // number of the one that is read next
	parts   []container.Part
	open    *requestPart
	decoder RequestDecoder
	counts  Counts

	finished int64 // bytes of the parts that were read to their ends
}

// requestPart is the part that is being read.
type requestPart struct {
	stream
	number int64                                     // of the record, from 1
	record func() (text []byte, cut bool, err error) // cut: it is too long, and this its beginning
	parse  func(*Request, []byte) event.Reason
}

// OpenRequests prepares to read the files by the rules of r.
func (f Files) OpenRequests(r *scenario.Replay) *Requests {
	requests := &Requests{replay: r, learned: f.learned, parts: f.All, counts: newCounts(&f, r)}
	requests.counts.verbatim = true
	return requests
}

// Next reads the next request into q, using its body's buffer again. Records that
// are none are left out; take may leave out others. io.EOF follows the last one.
func (r *Requests) Next(q *Request, take func(*Request) event.Reason) error {
	for {
		if r.open == nil {
			if err := r.openNext(); err != nil {
				return err
			}
		}
		record, cut, err := r.open.record()
		if err == io.EOF {
			r.open.lines.Close()
			r.open.disorder.end()
			r.finished += r.open.lines.Part.Size
			r.open = nil
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot read recording %q after request %d: %w",
				r.open.lines.Part, r.open.number, container.Explain(err))
		}
		r.counts.Lines++
		r.open.number++
		reason := event.TooLong
		if !cut {
			reason = r.open.parse(q, record)
		}
		if reason == "" && !r.decoder.PostsEvents(q) {
			reason = event.NoEvents
		}
		if reason == "" {
			q.Place = r.open.place()
			q.Ahead = r.open.disorder.note(q.Time, q.Place.Line)
			reason = take(q)
		}
		if reason == "" {
			r.counts.Events++
			return nil
		}
		if err := r.leaveOut(record, reason); err != nil {
			return err
		}
	}
}

// openNext opens the next part, and finds out how requests are written in it.
func (r *Requests) openNext() error {
	if len(r.parts) == 0 {
		return r.counts.exceeds(r.replay.MaxBad, true)
	}
	p := &requestPart{}
	p.disorder = disorder{part: r.part, file: p.lines.Part.String(), counts: &r.counts, found: r.learned}
	r.part++
	if err := p.lines.Open(r.parts[0]); err != nil {
		return err
	}
	r.open, r.parts = p, r.parts[1:]
	switch start := p.lines.Peek(); {
	case format.IsHAR(start):
		h, err := newHAR(p.lines.In)
		if err != nil {
			return fmt.Errorf("cannot read recording %q: %w", p.lines.Part, container.Explain(err))
		}
		p.record, p.parse = h.next, (*Request).parseHAR
	case format.IsGoReplay(start):
		p.record, p.parse = newGoReplay(p.lines.In).next, (*Request).parseGoReplay
	default:
		p.record, p.parse = p.plain, (*Request).Parse
	}
	return nil
}

// place is where the last record lies: its line, comments counted, or its number.
func (p *requestPart) place() event.Place {
	return event.Place{File: p.lines.Part.String(), Line: max(p.number, p.lines.Number)}
}

// plain returns the next line.
func (p *requestPart) plain() (text []byte, cut bool, err error) {
	text, err = p.stream.line()
	return text, p.lines.Cut, err
}

// leaveOut counts a record that is not sent, and tells of it if it is a bad one.
func (r *Requests) leaveOut(record []byte, reason event.Reason) error {
	at := r.open.place()
	b := Bad{File: at.File, Line: at.Line, Reason: reason, Text: record}
	return r.counts.refuse(&b, r.Bad, r.replay.MaxBad)
}

// Counts returns what was read so far.
func (r *Requests) Counts() *Counts { return &r.counts }

// Position is how many bytes were read of what Size counts.
func (r *Requests) Position() int64 {
	if r.open == nil {
		return r.finished
	}
	return r.finished + min(r.open.lines.Position(), r.open.lines.Part.Size)
}

// Close closes what is open.
func (r *Requests) Close() error {
	if r.open != nil {
		r.open.lines.Close()
	}
	r.open, r.parts = nil, nil
	return nil
}
