package source

import (
	"io"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/internal/recording"
	"rehearse/internal/recording/anonymize"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// eventReplay sends recorded events in requests of our own making. It reads
// events, spreads them over lanes by distinct_id, and closes a lane's batch when
// it is full or its oldest event too old.
type eventReplay struct {
	replayState
	scenario   *scenario.Scenario
	files      recording.Files
	reader     *recording.Reader
	anonymizer *anonymize.Anonymizer // nil: data goes as it is
	lanes      laneBatches
	pass       int64 // of a loop, from 0
	events     int64 // dealt out so far
	ended      bool
}

// newEventReplay returns a source of the recorded events of s. The anonymizer is the
// same for every reading of one recording.
func newEventReplay(s *scenario.Scenario, files recording.Files, m *anonymize.Anonymizer) (*eventReplay, error) {
	r := &eventReplay{
		scenario:    s,
		files:       files,
		replayState: replayState{clock: newReplayClock(s)},
		anonymizer:  m,
		lanes:       newLaneBatches(s),
	}
	return r, r.open()
}

const never = time.Duration(1<<63 - 1)

// open begins to read the recording.
func (r *eventReplay) open() (err error) {
	r.reader, err = r.files.Open(r.scenario.Replay)
	if err != nil {
		return err
	}
	r.replayState.reader, r.closer = r.reader, r.reader
	if r.pass == 0 {
		r.reader.Bad = r.refuse
	}
	return nil
}

// Next moves the next closed batch into b, reading on until there is one.
func (r *eventReplay) Next(b *body.Batch) error {
	for len(r.lanes.closed) == 0 {
		if r.ended {
			return io.EOF
		}
		if err := r.read(); err != nil {
			return err
		}
	}
	r.lanes.take(b)
	b.First = r.events
	r.events += b.Events
	return nil
}

// read takes one event into its lane. At the end of the recording it begins again,
// or closes what is still open.
func (r *eventReplay) read() error {
	e, err := r.reader.Next()
	if err == io.EOF {
		return r.turn()
	}
	if err != nil {
		return err
	}
	if r.looker != nil && r.pass == 0 {
		r.looker.see(e)
	}
	due, ok := r.clock.due(e.Time, 1, e.Ahead)
	if !ok {
		r.reader.LeaveOut(event.NoRoom)
		return nil
	}
	if !e.Ahead {
		r.pauses.note(due, e.Time, e.Place, 1)
	}
	r.lanes.closeAged(due)
	r.lanes.add(r.lane(e.DistinctID), e, due, event.Again(e.UUID, r.scenario.Replay.Pass+r.pass))
	return nil
}

// turn ends a pass through the recording.
func (r *eventReplay) turn() error {
	if r.looker != nil && r.pass == 0 {
		r.looker.counts = r.reader.Seen()
	}
	r.pass++
	if r.pass < r.scenario.Replay.Loop && r.reader.Counts().Events > 0 && !r.clock.full() {
		r.before += r.reader.Position()
		r.reader.Close()
		r.clock.again()
		return r.open()
	}
	r.ended = true
	r.lanes.closeAll()
	return nil
}

// lane is the queue that the events of an id and of those that merges join to it go to.
// The recording has been read once, so that it is known before the first event is sent:
// a merge never overtakes the events of either id, nor they it.
func (r *eventReplay) lane(id []byte) int {
	if len(r.lanes.open) == 1 {
		return 0
	}
	return int(r.files.Group(id) % uint64(len(r.lanes.open)))
}

// Build makes the body of b from its recorded events.
func (r *eventReplay) Build(b *body.Batch, w *body.Builder) { w.Assemble(b, r) }

// Fill writes the i-th event of b into w.Event.
func (r *eventReplay) Fill(b *body.Batch, i int64, w *body.Builder) {
	item, name, id, properties := b.Recorded.At(i)
	w.Event = capture.Event{Name: name, DistinctID: id, UUID: item.UUID, Timestamp: item.Time, Properties: properties}
	if r.scenario.Replay.Timestamps == scenario.StampsNow {
		w.Event.Timestamp = w.Origin.Add(item.Due)
	}
	if r.anonymizer != nil {
		r.anonymizer.Mask(&w.Event, &w.Masked)
	}
}

// Append appends the i-th event of b.
func (r *eventReplay) Append(dst []byte, b *body.Batch, i int64, w *body.Builder) []byte {
	r.Fill(b, i, w)
	return capture.AppendMembers(dst, &w.Event)
}

// laneBatches are the batches of all lanes while they fill up.
type laneBatches struct {
	full   int           // events that close a batch
	age    time.Duration // of its first event that does
	open   []laneBatch   // one a lane
	oldest time.Duration // when the first of them will be too old
	last   time.Duration // due time of the last event
	closed []laneBatch   // in order of their due times
	spare  []body.Records
}

// laneBatch is a lane's batch while it fills up, and until it is dealt out.
type laneBatch struct {
	lane   int
	events body.Records
	due    time.Duration // when it will be too old; once closed, when it is due
}

// newLaneBatches returns the lanes of a replay.
func newLaneBatches(s *scenario.Scenario) laneBatches {
	l := laneBatches{
		full: s.Batching.MaxEvents, age: s.Batching.Age, open: make([]laneBatch, laneCount(s)), oldest: never,
	}
	for i := range l.open {
		l.open[i].lane = i
	}
	return l
}

// take moves the first closed batch into b.
func (l *laneBatches) take(b *body.Batch) {
	c := l.closed[0]
	l.closed = l.closed[1:]
	l.spare = append(l.spare, b.Recorded)
	b.Recorded = c.events
	b.Events, b.Due, b.Lane = int64(c.events.Len()), c.due, c.lane
}

// add adds an event to its lane and closes the lane's batch when it is full.
func (l *laneBatches) add(lane int, e *event.Event, due time.Duration, uuid capture.UUID) {
	c := &l.open[lane]
	if c.events.Len() == 0 {
		c.due = never
		if l.age > 0 {
			c.due = due + l.age
		}
		l.oldest = min(l.oldest, c.due)
	}
	c.events.Add(e, due, uuid)
	l.last = due
	if c.events.Len() >= l.full {
		l.close(lane, due)
	}
}

// closeAged closes the batches that are too old at a time, oldest first.
func (l *laneBatches) closeAged(at time.Duration) {
	for l.oldest <= at {
		if lane := l.soonest(); lane >= 0 && l.open[lane].due <= at {
			l.close(lane, l.open[lane].due)
		}
		l.oldest = never
		if lane := l.soonest(); lane >= 0 {
			l.oldest = l.open[lane].due
		}
	}
}

// soonest is the lane whose batch will be too old first; -1: all are empty.
func (l *laneBatches) soonest() int {
	first := -1
	for i := range l.open {
		if l.open[i].events.Len() > 0 && (first < 0 || l.open[i].due < l.open[first].due) {
			first = i
		}
	}
	return first
}

// closeAll closes all batches at the end of the recording.
func (l *laneBatches) closeAll() {
	for lane := range l.open {
		l.close(lane, l.last)
	}
}

// close moves a lane's batch to those that are due, if it holds anything.
func (l *laneBatches) close(lane int, due time.Duration) {
	c := &l.open[lane]
	if c.events.Len() == 0 {
		return
	}
	l.closed = append(l.closed, laneBatch{lane: lane, events: c.events, due: due})
	c.events = body.Records{}
	if n := len(l.spare); n > 0 {
		c.events, l.spare = l.spare[n-1].Reset(), l.spare[:n-1]
	}
}
