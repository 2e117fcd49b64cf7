package generator

import (
	"errors"
	"slices"
	"time"

	"rehearse/results"
	"rehearse/scenario"
)

// A Source deals out the batches of a run. What to send is decided in order and
// cheaply by Next; the expensive part, Build, runs on all cores.
type Source interface {
	// Next fills b with the next batch in order of its due time; io.EOF ends
	// the run. One goroutine calls it.
	Next(b *Batch) error

	// Build makes the body of b. Many goroutines call it, each with a
	// workbench of its own.
	Build(b *Batch, w *Workbench)
}

// Plan is what a source will deliver.
type Plan struct {
	Events    int64
	Whole     int64  // events of the whole recording, of which a resumed replay leaves some out; 0: Events
	Recording string // of a replay: a checksum of its events in the order that they are dealt out
	Requests  int64  // before any batch is split by its byte limit
	Verbatim  bool   // recorded requests are sent, byte for byte
	Span      time.Duration
	Peak      float64                     // events per second
	Rate      func(time.Duration) float64 // events per second offered at a time
	Lanes     int                         // queues that batches are dealt to
	Ordered   bool                        // one batch in flight a queue, so that none overtakes another
	Warnings  []string
	Pause     Pause           // of a replay on its recorded clock: the longest
	Sharded   bool            // events of other shards lie between ours
	Doubtful  []results.Range // of a resumed replay: sent again, though a run that was killed may have sent them
}

// Notes says what is to be known before the run: the warnings, and a long pause.
func (p *Plan) Notes() []string {
	if !p.Pause.IsLong() {
		return p.Warnings
	}
	return append(slices.Clone(p.Warnings), p.Pause.String()+"; "+p.Pause.Hint())
}

// Open returns the source that s asks for, and what it will deliver. A
// recording is read to its end first; an error says where it cannot be.
func Open(s *scenario.Scenario) (Source, Plan, error) {
	if s.Replay != nil {
		return openReplay(s, nil)
	}
	synth, plan := NewSynth(s)
	return synth, plan, nil
}

// OpenRest returns the source of what is left of the replay s when the events of
// these numbers were accepted before, in any order; events keep their numbers.
// The plan is that of the rest. What the source deals out depends on the scenario
// and the recording alone, so that numbers mean the same events in every run. If
// the run before was killed, broken says so, and the plan lists what is in doubt.
func OpenRest(s *scenario.Scenario, accepted []results.Range, broken *Broken) (Source, Plan, error) {
	switch {
	case s.Replay == nil:
		return nil, Plan{}, errors.New("cannot resume: the scenario replays no recording")
	case s.Replay.Pseudonymize && s.Replay.Key.Reveal() == "":
		return nil, Plan{}, errors.New("cannot resume: the pseudonyms would be others than before (set replay.key in the scenario before the first run)")
	}
	return openReplay(s, &resumed{results.Union(accepted), broken})
}
