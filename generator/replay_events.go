package generator

import (
	"io"
	"time"

	"rehearse/capture"
	"rehearse/recording"
	"rehearse/recording/anonymize"
	"rehearse/scenario"
)

// eventReplay sends recorded events in requests of our own making. It reads
// events, spreads them over lanes by distinct_id, and closes a lane's batch when
// it is full or its oldest event too old.
type eventReplay struct {
	scenario *scenario.Scenario
	files    recording.Files
	reader   *recording.Reader
	rhythm   rhythm
	pauses   pauses
	learned  *recording.Learned
	masks    *anonymize.Anonymizer // nil: data goes as it is
	pass     int64                 // of a loop, from 0
	before   int64                 // bytes that were read in earlier passes
	full     int                   // events that close a batch
	age      time.Duration
	fill     eventFiller
	bad      func(recording.Bad) error

	lanes  []collection
	oldest time.Duration // when the first of the lanes' batches will be too old
	last   time.Duration // due time of the last event read
	queue  []collection  // closed batches in order of their due times
	spare  []records     // buffers of batches that were dealt out
	events int64         // dealt out so far
	ended  bool
}

// collection is a lane's batch while it fills up, and until it is dealt out.
type collection struct {
	lane   int
	events records
	due    time.Duration // when it will be too old; once closed, when it is due
	count  int64         // events that went through the lane
}

// newEventReplay returns a source of the recorded events of s. What was learned of
// them is the same for every reading of one recording, and so are the masks.
func newEventReplay(s *scenario.Scenario, files recording.Files, l *recording.Learned, m *anonymize.Anonymizer) (*eventReplay, error) {
	r := &eventReplay{
		scenario: s,
		files:    files.With(l),
		rhythm:   newRhythm(s),
		learned:  l,
		masks:    m,
		full:     s.Batching.MaxEvents,
		age:      s.Batching.Age,
		lanes:    make([]collection, laneCount(s)),
		oldest:   never,
	}
	r.fill = r.fillEvent
	for i := range r.lanes {
		r.lanes[i].lane = i
	}
	return r, r.open()
}

const never = time.Duration(1<<63 - 1)

// open begins to read the recording.
func (r *eventReplay) open() (err error) {
	r.reader, err = r.files.Open(r.scenario.Replay)
	if err == nil && r.pass == 0 {
		r.reader.Bad = r.bad
	}
	return err
}

func (r *eventReplay) counts() *recording.Counts { return r.reader.Counts() }

func (r *eventReplay) longestPause() Pause { return r.pauses.longest }

// position is how many bytes were read, in all passes, and which time was reached.
func (r *eventReplay) position() (bytes int64, recorded time.Time) {
	return r.before + r.reader.Position(), r.rhythm.newest
}

// quarantine has every line that cannot be sent told to bad.
func (r *eventReplay) quarantine(bad func(recording.Bad) error) { r.bad, r.reader.Bad = bad, bad }

// Close closes the recording.
func (r *eventReplay) Close() error { return r.reader.Close() }

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
	b.recorded = c.events
	b.First, b.Events, b.Due, b.Lane = r.events, int64(len(c.events.items)), c.due, c.lane
	r.events += b.Events
	return nil
}

// read takes one event into its lane. At the end of the recording it begins anew,
// or closes what is still open.
func (r *eventReplay) read() error {
	e, err := r.reader.Next()
	if err == io.EOF {
		return r.turn()
	}
	if err != nil {
		return err
	}
	due, ok := r.rhythm.due(e.Time, 1, e.Ahead)
	if !ok {
		r.reader.LeaveOut(recording.NoRoom)
		return nil
	}
	if !e.Ahead {
		r.pauses.note(due, e.Time, e.Place, 1)
	}
	r.closeAged(due)
	r.collect(e, due)
	return nil
}

// turn ends a pass through the recording.
func (r *eventReplay) turn() error {
	if r.pass++; r.pass < r.scenario.Replay.Loop && r.reader.Counts().Events > 0 {
		r.before += r.reader.Position()
		r.reader.Close()
		r.rhythm.again()
		return r.open()
	}
	r.ended = true
	for lane := range r.lanes {
		r.close(lane, r.last)
	}
	return nil
}

// collect adds an event to its lane and closes the lane's batch when it is full.
func (r *eventReplay) collect(e *recording.Event, due time.Duration) {
	lane := r.lane(e.DistinctID)
	c := &r.lanes[lane]
	if len(c.events.items) == 0 {
		c.due = never
		if r.age > 0 {
			c.due = due + r.age
		}
		r.oldest = min(r.oldest, c.due)
	}
	c.events.add(e, due, recording.Again(e.UUID, r.pass))
	c.count++
	r.last = due
	if len(c.events.items) >= r.full {
		r.close(lane, due)
	}
}

// lane is the queue that the events of an id and of those that merges join to it go to.
// The recording has been read once, so that it is known before the first event is sent:
// a merge never overtakes the events of either id, nor they it.
func (r *eventReplay) lane(id []byte) int {
	if len(r.lanes) == 1 {
		return 0
	}
	return int(r.learned.Group(id) % uint64(len(r.lanes)))
}

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
		if len(r.lanes[i].events.items) > 0 && (first < 0 || r.lanes[i].due < r.lanes[first].due) {
			first = i
		}
	}
	return first
}

// close moves a lane's batch to the queue, if it holds anything.
func (r *eventReplay) close(lane int, due time.Duration) {
	c := &r.lanes[lane]
	if len(c.events.items) == 0 {
		return
	}
	r.queue = append(r.queue, collection{lane: lane, events: c.events, due: due})
	c.events = records{}
	if n := len(r.spare); n > 0 {
		c.events, r.spare = r.spare[n-1].reset(), r.spare[:n-1]
	}
}

// Build makes the body of b from its recorded events.
func (r *eventReplay) Build(b *Batch, w *Workbench) { w.assemble(b, r.fill) }

// fillEvent writes the i-th event of b into w.event.
func (r *eventReplay) fillEvent(b *Batch, i int64, w *Workbench) {
	item, name, id, properties := b.recorded.at(i)
	w.event = capture.Event{Name: name, DistinctID: id, UUID: item.uuid, Timestamp: item.at, Properties: properties}
	if r.scenario.Replay.Timestamps == scenario.StampsNow {
		w.event.Timestamp = w.origin.Add(item.due)
	}
	if r.masks != nil {
		r.masks.Mask(&w.event, &w.masked)
	}
}
