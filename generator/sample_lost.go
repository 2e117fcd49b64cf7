package generator

import (
	"errors"
	"fmt"
	"io"
	"time"

	"rehearse/results"
	"rehearse/scenario"
)

// Lost says which events of a run are meant.
type Lost struct {
	Start  time.Time       // of the run
	Shards int             // how many machines shared it; 1: none did
	Ranges []results.Range // sorted and disjoint, as a ledger has them
}

// SampleLost writes the events of s that lost names, as the run sent them, like
// Sample.
func SampleLost(out io.Writer, s *scenario.Scenario, lost Lost) error {
	if s.Replay != nil && s.Replay.Pseudonymize && s.Replay.Key.Reveal() == "" {
		return errors.New("cannot print the events of the run: the pseudonyms would be others than it sent (set replay.key in the scenario before the run)")
	}
	whole := s
	if lost.Shards > 1 {
		var err error
		if whole, _, err = shared(s, lost.Shards); err != nil {
			return err
		}
	}
	source, plan, err := Open(whole)
	if err != nil {
		return err
	}
	if n := len(lost.Ranges); n > 0 && lost.Ranges[n-1].First+lost.Ranges[n-1].Count > plan.Events {
		return fmt.Errorf("cannot print event %d: the scenario has events 0 to %d", lost.Ranges[n-1].First+lost.Ranges[n-1].Count-1, plan.Events-1)
	}
	w := newWorkbench(s, lost.Start)
	if y, ok := source.(*Synth); ok {
		for _, r := range lost.Ranges {
			if err := y.sample(out, w, r.First, r.Count); err != nil {
				return err
			}
		}
		return nil
	}
	defer source.(io.Closer).Close()
	return sampleRanges(out, source.(replay), w, lost.Ranges)
}

// sampleRanges reads a recording once, up to the end of the last range. A request
// that ranges share is printed once.
func sampleRanges(out io.Writer, source replay, w *Workbench, ranges []results.Range) error {
	for b := newBatch(); len(ranges) > 0; {
		b.reset()
		if err := source.Next(b); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		end := b.First + b.Events
		for i, r := range ranges {
			if r.First >= end {
				break
			}
			if i > 0 && len(b.recorded.items) == 0 {
				break
			}
			if err := source.print(out, b, w, span{r.First, r.First + r.Count}); err != nil {
				return err
			}
		}
		for len(ranges) > 0 && ranges[0].First+ranges[0].Count <= end {
			ranges = ranges[1:]
		}
	}
	return nil
}
