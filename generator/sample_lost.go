package generator

import (
	"errors"
	"fmt"
	"io"
	"time"

	"rehearse/results"
	"rehearse/scenario"
)

// Lost says which events of a run are meant, and when they were sent.
type Lost struct {
	Starts  []time.Time     // of the run; where shards that did not start together were merged, of each of them
	Skipped time.Duration   // of a run that resumed another: see Plan
	Shards  int             // how many machines shared it; 1: none did
	Ranges  []results.Range // sorted and disjoint, as a ledger has them
}

// SampleLost writes the events of s that lost names, as the run sent them, like
// Sample. A recording is judged by same, if that is given, before anything is
// written.
func SampleLost(out io.Writer, s *scenario.Scenario, lost Lost, same func([]scenario.FileSum) error) error {
	if s.Replay != nil && s.Replay.Pseudonymize && s.Replay.Key.Reveal() == "" {
		return errors.New("cannot print the events of the run: the pseudonyms would be others than it sent (set replay.key in the scenario before the run)")
	}
	whole, byLane := s, false
	if lost.Shards > 1 {
		var err error
		if whole, byLane, err = shared(s, lost.Shards); err != nil {
			return err
		}
	}
	o, err := Open(whole, Part{})
	if err != nil {
		return err
	}
	defer o.Close()
	if same != nil {
		sums, err := o.Recordings()
		if err == nil {
			err = same(sums)
		}
		if err != nil {
			return err
		}
	}
	if n := len(lost.Ranges); n > 0 && lost.Ranges[n-1].First+lost.Ranges[n-1].Count > o.Plan.Events {
		return fmt.Errorf("cannot print event %d: the scenario has events 0 to %d", lost.Ranges[n-1].First+lost.Ranges[n-1].Count-1, o.Plan.Events-1)
	}
	var benches []*Workbench
	for _, start := range lost.Starts {
		w := newWorkbench(s, start)
		w.origin = start.Add(-lost.Skipped)
		benches = append(benches, w)
	}
	if len(benches) > 1 {
		o.Source = &shardSource{Source: o.Source, index: -1, of: int64(lost.Shards), byLane: byLane}
	} else if o.synth != nil {
		for _, r := range lost.Ranges {
			if err := o.synth.sample(out, benches[0], r.First, r.Count); err != nil {
				return err
			}
		}
		return nil
	}
	return sampleRanges(out, o, &lost, benches)
}

// printer writes events of a batch as they are sent.
type printer interface {
	print(out io.Writer, b *Batch, w *Workbench, events span) error
}

// printer is what the events come from.
func (o *Opened) printer() printer {
	if o.synth != nil {
		return o.synth
	}
	return o.replay
}

// sampleRanges deals out a source once, up to the end of the last range. A request
// that ranges share is printed once. Where there are several workbenches, each is
// for the batches of one shard.
func sampleRanges(out io.Writer, o *Opened, lost *Lost, benches []*Workbench) error {
	ranges, p := lost.Ranges, o.printer()
	for b := newBatch(); len(ranges) > 0; {
		b.reset()
		if err := o.Next(b); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		end := b.First + b.Events
		for i, r := range ranges {
			if r.First >= end {
				break
			}
			if i > 0 && o.Plan.Verbatim {
				break
			}
			if err := p.print(out, b, benches[b.shard%len(benches)], span{r.First, r.First + r.Count}); err != nil {
				return err
			}
		}
		for len(ranges) > 0 && ranges[0].First+ranges[0].Count <= end {
			ranges = ranges[1:]
		}
	}
	return nil
}
