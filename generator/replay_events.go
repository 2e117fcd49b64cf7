package generator

import (
	"io"
	"time"

	"github.com/tidwall/gjson"
	"github.com/zeebo/xxh3"

	"rehearse/capture"
	"rehearse/scenario"
)

// eventReplay sends recorded events in requests of our own making. It reads
// lines, spreads them over lanes by distinct_id, and closes a lane's batch when
// it is full or its oldest event too old.
type eventReplay struct {
	recording *recording
	rhythm    rhythm
	omitted   omissions
	fields    scenario.Fields
	full      int           // events that close a batch
	age       time.Duration // and how old it may grow
	fill      eventFiller

	lanes  []collection
	oldest time.Duration // when the first of the lanes' batches will be too old
	last   time.Duration // due time of the last line read
	queue  []collection  // closed batches in order of their due times
	spare  []lines       // buffers of batches that were dealt out
	events int64         // dealt out so far
	ended  bool
}

// collection is a lane's batch while it fills up, and until it is dealt out.
type collection struct {
	lane  int
	lines lines
	due   time.Duration // when it will be too old; once closed, when it is due
}

// newEventReplay returns a source of the recorded events of s.
func newEventReplay(s *scenario.Scenario) *eventReplay {
	r := &eventReplay{
		recording: openRecording(s.Replay.Paths),
		rhythm:    newRhythm(s),
		fields:    s.Replay.Fields,
		full:      s.Batching.MaxEvents,
		age:       s.Batching.Age,
		lanes:     make([]collection, laneCount(s)),
		oldest:    never,
	}
	r.fill = r.fillEvent
	for i := range r.lanes {
		r.lanes[i].lane = i
	}
	return r
}

const never = time.Duration(1<<63 - 1)

func (r *eventReplay) leftOut() *omissions { return &r.omitted }

// Close closes the recording.
func (r *eventReplay) Close() error { return r.recording.Close() }

// Next moves the next closed batch into b, reading on until there is one.
func (r *eventReplay) Next(b *Batch) error {
	for len(r.queue) == 0 {
		if r.ended {
			return io.EOF
		}
		if err := r.read(); err != nil {
			return err
		}
	}
	c := r.queue[0]
	r.queue = r.queue[1:]
	r.spare = append(r.spare, b.recorded)
	b.recorded = c.lines
	b.First, b.Events, b.Due, b.Lane = r.events, int64(len(c.lines.ends)), c.due, c.lane
	r.events += b.Events
	return nil
}

// read takes one line into its lane. At the end of the recording it closes
// what is still open.
func (r *eventReplay) read() error {
	line, err := r.recording.next()
	if err == io.EOF {
		r.ended = true
		for lane := range r.lanes {
			r.close(lane, r.last)
		}
		return nil
	}
	if err != nil {
		return err
	}
	id, at, reason := r.look(line)
	if reason != "" {
		r.omitted.add(reason, r.recording)
		return nil
	}
	due, ok := r.rhythm.due(at, 1)
	if !ok {
		r.omitted.add(afterProfile, r.recording)
		return nil
	}
	r.closeAged(due)
	r.collect(line, id, due)
	return nil
}

// look finds what decides about a line: whose it is and when it was recorded.
func (r *eventReplay) look(line []byte) (id string, at time.Time, omitted string) {
	if len(line) == 0 || line[0] != '{' || !gjson.ValidBytes(line) {
		return "", at, notJSON
	}
	f := gjson.GetManyBytes(line, r.fields.Event, r.fields.DistinctID, r.fields.Timestamp)
	if f[0].String() == "" {
		return "", at, "no event name in " + r.fields.Event
	}
	if f[1].String() == "" {
		return "", at, "no distinct_id in " + r.fields.DistinctID
	}
	at, ok := parseTime(f[2])
	if !ok {
		return "", at, "no time in " + r.fields.Timestamp
	}
	return f[1].String(), at, ""
}

// collect adds a line to its lane and closes the lane's batch when it is full.
func (r *eventReplay) collect(line []byte, id string, due time.Duration) {
	lane := r.lane(id)
	c := &r.lanes[lane]
	if len(c.lines.ends) == 0 {
		c.due = due + r.age
		r.oldest = min(r.oldest, c.due)
	}
	c.lines.add(line, r.recording.number)
	r.last = due
	if len(c.lines.ends) >= r.full {
		r.close(lane, due)
	}
}

// lane is the queue that the events of an id go to.
func (r *eventReplay) lane(id string) int { return int(xxh3.HashString(id) % uint64(len(r.lanes))) }

// closeAged closes the batches that are too old at a time, oldest first.
func (r *eventReplay) closeAged(at time.Duration) {
	for r.oldest <= at {
		if lane := r.soonest(); lane >= 0 && r.lanes[lane].due <= at {
			r.close(lane, r.lanes[lane].due)
		}
		r.oldest = never
		if lane := r.soonest(); lane >= 0 {
			r.oldest = r.lanes[lane].due
		}
	}
}

// soonest is the lane whose batch will be too old first; -1: all are empty.
func (r *eventReplay) soonest() int {
	first := -1
	for i := range r.lanes {
		if len(r.lanes[i].lines.ends) > 0 && (first < 0 || r.lanes[i].due < r.lanes[first].due) {
			first = i
		}
	}
	return first
}

// close moves a lane's batch to the queue, if it holds anything.
func (r *eventReplay) close(lane int, due time.Duration) {
	c := &r.lanes[lane]
	if len(c.lines.ends) == 0 {
		return
	}
	r.queue = append(r.queue, collection{lane, c.lines, due})
	c.lines = lines{}
	if n := len(r.spare); n > 0 {
		c.lines, r.spare = r.spare[n-1].reset(), r.spare[:n-1]
	}
}

// Build makes the body of b from its recorded lines.
func (r *eventReplay) Build(b *Batch, w *Workbench) { w.assemble(b, r.fill) }

// fillEvent writes the i-th line of b into w.event. Its properties are the
// object in the mapped member, or else every member that is mapped to nothing.
func (r *eventReplay) fillEvent(b *Batch, i int64, w *Workbench) {
	line, number := b.recorded.at(i)
	f := gjson.GetManyBytes(line, r.fields.Event, r.fields.DistinctID, r.fields.Timestamp, r.fields.UUID, r.fields.Properties)
	e := &w.event
	e.Name = append(e.Name[:0], f[0].String()...)
	w.ids = append(w.ids[:0], f[1].String()...)
	e.DistinctID = w.ids
	e.Timestamp, _ = parseTime(f[2])
	e.UUID = uuidOf(f[3], line, number)
	if f[4].IsObject() {
		e.Properties = append(w.props[:0], f[4].Raw...)
	} else {
		e.Properties = r.appendUnmapped(w.props[:0], line)
	}
	w.props = e.Properties
}

// appendUnmapped appends an object of the members that no field is mapped to.
func (r *eventReplay) appendUnmapped(dst, line []byte) []byte {
	dst = append(dst, '{')
	gjson.ParseBytes(line).ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case r.fields.Event, r.fields.DistinctID, r.fields.Timestamp, r.fields.UUID:
			return true
		}
		if len(dst) > 1 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, key.Raw...), ':'), value.Raw...)
		return true
	})
	return append(dst, '}')
}

// uuidOf is the recorded identifier if it is a UUID. Otherwise one is derived
// from the recorded identifier, or from the line and its place, so that the
// same recording always gives the same UUIDs and what is sent twice can be
// told (version 8 of RFC 9562, section 5.8).
func uuidOf(id gjson.Result, line []byte, number int64) capture.UUID {
	if u, err := capture.ParseUUID(id.Str); err == nil {
		return u
	}
	var h xxh3.Uint128
	if id.Exists() {
		h = xxh3.HashString128(id.String())
	} else {
		h = xxh3.Hash128Seed(line, uint64(number))
	}
	u := capture.UUID(h.Bytes())
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u
}
