package source

import (
	"errors"
	"io"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/internal/recording"
	"rehearse/results"
	"rehearse/scenario"
)

// A Source deals out the batches of a run. What to send is decided in order and
// cheaply by Next; the expensive part, Build, runs on all cores.
type Source interface {
	// Next fills b with the next batch in order of its due time; io.EOF ends
	// the run. One goroutine calls it.
	Next(b *body.Batch) error

	// Build makes the body of b. Many goroutines call it, each with a
	// builder of its own.
	Build(b *body.Batch, w *body.Builder)
}

// Plan is what a source will deliver.
type Plan struct {
	Events   int64
	Requests int64 // before any batch is split by its byte limit
	Span     time.Duration
	Peak     float64                     // events per second
	Rate     func(time.Duration) float64 // events per second offered at a time
	Lanes    int                         // queues that batches are dealt to
	Ordered  bool                        // one batch in flight a queue, so that none overtakes another
	Sharded  bool                        // events of other shards lie between ours
	Warnings []string

	Recorded Recorded      // of a replay
	Whole    results.Count // of the whole, of which a shard or a resumed run leaves some out
	Resumed  Resumed
}

// Recorded is what a plan says of the recording that is replayed.
type Recorded struct {
	Checksum string      // of its events in the order that they are dealt out
	Verbatim bool        // requests are sent, byte for byte
	Pause    ReplayPause // on its recorded clock: the longest
	Lines    int64       // without blank ones and comments
	LeftOut  int64       // of these, those that cannot be sent for what they are
	MostOut  float64     // which share of them may be; 0: that was seen to while reading
}

// Resumed is what a plan says of the runs that are resumed.
type Resumed struct {
	Skipped  time.Duration   // how much earlier than in the whole its events are due
	Doubtful []results.Range // sent again, though the run before may have sent them
}

// Part says which part of a scenario's traffic is meant. The zero value is all of
// it.
type Part struct {
	Index, Of int         // the batches of shard Index, from 0, of so many; Of less than 2: all
	Resumes   *Resumption // nil: from the beginning
}

// Connections is how many of the connections of the whole the part has. Where their
// number does not divide, the first shards have one more.
func (p *Part) Connections(whole int) int {
	of := max(p.Of, 1)
	return (whole - p.Index + of - 1) / of
}

// Resumption is what is known of the runs that a run resumes.
type Resumption struct {
	Accepted []results.Range // events that are not sent again, in any order
	Broken   []*BrokenRun    // those of the runs of which not all is known
}

// Opened is a source and all that is known of it. What can be asked of a recording
// is asked here, and not of the source, so that nothing that is put around one can
// hide it.
type Opened struct {
	Source
	Plan Plan

	// Again opens the same part, of the same copies of pipes, without some events.
	Again func(done []results.Range) (*Opened, error)

	dealt    dealing
	progress *progressLog  // of a recording
	kept     scenario.Kept // of lines that cannot be sent
	files    recording.Files
	remove   func() // the copies of pipes
}

// Open returns the source of a part of the scenario's traffic, and what it will
// deliver. A recording is read to its end first; an error says where it cannot be.
// What is dealt out depends on the scenario and the recording alone: numbers mean
// the same events in every run, whichever part of them it sends.
func Open(s *scenario.Scenario, p Part) (*Opened, error) {
	if p.Resumes != nil && s.Replay != nil && s.Replay.Pseudonymize && s.Replay.Key.Reveal() == "" {
		return nil, errors.New("cannot resume: the pseudonyms would be others than before (set replay.key in the " +
			"scenario before the first run)")
	}
	byLane, err := shared(s, max(p.Of, 1))
	if err != nil {
		return nil, err
	}
	w, err := openWhole(s)
	if err != nil {
		return nil, err
	}
	o, err := w.part(s, &p, byLane)
	if err != nil {
		w.remove()
		return nil, err
	}
	o.remove = w.remove
	o.Again = func(done []results.Range) (*Opened, error) {
		return w.part(s, &Part{Index: p.Index, Of: p.Of, Resumes: &Resumption{Accepted: done}}, byLane)
	}
	return o, nil
}

// wholeTraffic is all of a scenario's traffic, which can be dealt out again and again.
type wholeTraffic struct {
	plan   Plan
	open   openFunc
	total  int64 // bytes of a recording, all passes
	files  recording.Files
	remove func() // the copies of pipes
}

// dealing is one time that traffic is dealt out.
type dealing struct {
	Source
	printer
	synth  *Synth // one of these is nil
	replay *replayState
	rest   *resumed // nil: nothing is left out
}

// openFunc begins to deal out the same traffic once more.
type openFunc func() (dealing, error)

// Close closes the recording, if there is one.
func (d *dealing) Close() error {
	if d.replay == nil {
		return nil
	}
	return d.replay.closer.Close()
}

// openWhole prepares to deal out all of the traffic of s.
func openWhole(s *scenario.Scenario) (*wholeTraffic, error) {
	if s.Replay != nil {
		return openReplay(s)
	}
	_, plan := NewSynth(s)
	return &wholeTraffic{plan: plan, remove: func() {}, open: func() (dealing, error) {
		y, _ := NewSynth(s)
		return dealing{Source: y, printer: y, synth: y}, nil
	}}, nil
}

// part opens a part of the whole; s is the scenario as it was given.
func (k *wholeTraffic) part(s *scenario.Scenario, p *Part, byLane bool) (*Opened, error) {
	plan, open := k.plan, k.open
	plan.Whole = results.Count{Requests: plan.Requests, Events: plan.Events}
	var err error
	if p.Of > 1 {
		share := shardSource{index: int64(p.Index), of: int64(p.Of), byLane: byLane}
		if plan, open, err = shardOf(s, plan, open, share); err != nil {
			return nil, err
		}
	}
	if p.Resumes != nil {
		if plan, open, err = p.Resumes.left(plan, open); err != nil {
			return nil, err
		}
	}
	d, err := open()
	if err != nil {
		return nil, err
	}
	o := &Opened{Source: d.Source, Plan: plan, dealt: d, files: k.files, remove: func() {}}
	if d.replay != nil {
		o.kept = s.Replay.Quarantine
		o.progress = &progressLog{total: k.total}
	}
	return o, nil
}

// Next fills b with the next batch, and notes how far the recording was read for it.
func (o *Opened) Next(b *body.Batch) error {
	err := o.Source.Next(b)
	if err == nil && o.progress != nil {
		o.progress.note(b.Due, o.dealt.replay)
	}
	return err
}

// Close closes the recording, if there is one, and removes copies that were made
// of it.
func (o *Opened) Close() error {
	defer o.remove()
	return o.dealt.Close()
}

// Follow returns what tells how far the recording has been read for what is due by
// a time of the run, while it runs; nil if there is none. One goroutine may call it,
// with times that do not fall.
func (o *Opened) Follow() func(now time.Duration) ReplayProgress {
	if o.progress == nil {
		return nil
	}
	return o.progress.upTo
}

// Quarantine writes what is unusable in the recording to path, as
// recording.Quarantine does, until the run is over.
func (o *Opened) Quarantine(path string) (closed func() error) {
	if o.dealt.replay == nil {
		return func() error { return nil }
	}
	q := recording.NewQuarantine(path, o.kept)
	o.dealt.replay.bad = q.Write
	return q.Close
}

// Recordings identifies the files that are read, which takes reading them once more.
func (o *Opened) Recordings() ([]scenario.FileSum, error) { return o.files.Sums() }

// NotStarted deals out all that is left, each batch as one that never left.
func (o *Opened) NotStarted() (*results.Interval, error) {
	recorder := results.NewRecorder(1)
	for b := new(body.Batch); ; {
		b.Reset()
		switch err := o.Next(b); {
		case errors.Is(err, io.EOF):
			return recorder.Tick(time.Millisecond, results.Count{}), nil // a moment, so that it is part of the run
		case err != nil:
			return nil, err
		}
		recorder.Sender(0).Record(&results.Outcome{First: b.First, Events: b.Events, Due: b.Due,
			Reason: capture.NotStarted})
	}
}

// Largest deals out all that is left and returns how many events the largest
// request has.
func (o *Opened) Largest() (events int64, err error) {
	for b := new(body.Batch); ; {
		b.Reset()
		if err := o.Next(b); errors.Is(err, io.EOF) {
			return events, nil
		} else if err != nil {
			return events, err
		}
		events = max(events, b.Events)
	}
}
