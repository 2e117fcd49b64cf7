package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// Sample writes n events of s to out, from event number from on, as they would
// be sent by a run that began at start: one JSON object a line. A run of
// recorded requests is sampled by its requests.
func Sample(out io.Writer, s *scenario.Scenario, start time.Time, from, n int64) error {
	o, err := Open(s, Part{})
	if err != nil {
		return err
	}
	defer o.Close()
	if from < 0 || n < 0 || from >= o.Plan.Events {
		return fmt.Errorf("cannot sample event %d: the scenario has events 0 to %d", from, o.Plan.Events-1)
	}
	n = min(n, o.Plan.Events-from)
	w := body.NewBuilder(s, start)
	if o.dealt.synth != nil {
		return o.dealt.synth.sample(out, w, from, n)
	}
	return sampleRanges(out, o, &Lost{Ranges: []results.Range{{First: from, Count: n}}}, []*body.Builder{w})
}

// SampleFaults writes the first n events from number from on that are wrong on
// purpose, one JSON object a line: index, fault in the words of the scenario
// file, and the event.
func SampleFaults(out io.Writer, s *scenario.Scenario, start time.Time, from, n int64) error {
	if s.Traffic == nil {
		return errors.New("cannot list faults: the scenario replays a recording")
	}
	y, plan := NewSynth(s)
	if from < 0 || n < 0 || from >= plan.Events {
		return fmt.Errorf("cannot list faults from event %d on: the scenario has events 0 to %d", from, plan.Events-1)
	}
	w := body.NewBuilder(s, start)
	y.prepare(w)
	var line []byte
	for i := from; i < plan.Events && n > 0; i++ {
		fault := y.model.Fault(i, &w.Traffic)
		if fault == "" {
			continue
		}
		n--
		y.model.Write(&w.Event, i, &w.Traffic)
		line = fmt.Appendf(line[:0], `{"index":%d,"fault":"%s","event":`, i, fault)
		line = append(capture.AppendEvent(line, &w.Event), "}\n"...)
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// eventSpan is a range of event numbers.
type eventSpan struct{ from, to int64 }

// sample writes events by their number alone.
func (y *Synth) sample(out io.Writer, w *body.Builder, from, n int64) error {
	y.prepare(w)
	var line []byte
	for i := from; i < from+n; i++ {
		y.model.Write(&w.Event, i, &w.Traffic)
		line = append(capture.AppendEvent(line[:0], &w.Event), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// print writes those events of b that lie in the range.
func (r *eventReplay) print(out io.Writer, b *body.Batch, w *body.Builder, events eventSpan) error {
	var line []byte
	for i := range b.Events {
		if n := b.First + i; n < events.from || n >= events.to {
			continue
		}
		r.Fill(b, i, w)
		line = append(capture.AppendEvent(line[:0], &w.Event), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// print writes those events of b that lie in the range.
func (y *Synth) print(out io.Writer, b *body.Batch, w *body.Builder, events eventSpan) error {
	from := max(b.First, events.from)
	return y.sample(out, w, from, min(b.First+b.Events, events.to)-from)
}

// print writes the request of b.
func (r *requestReplay) print(out io.Writer, b *body.Batch, _ *body.Builder, _ eventSpan) error {
	line := map[string]any{"path": b.Path, "content_type": b.ContentType, "events": b.Events}
	if json.Valid(b.Body) {
		line["body"] = json.RawMessage(b.Body)
	} else {
		line["body_base64"] = bytes.Clone(b.Body)
	}
	return json.NewEncoder(out).Encode(line)
}

// Measure makes n events of s, from event number from on, and says what they
// are like beside what the scenario asks for.
func Measure(s *scenario.Scenario, start time.Time, from, n int64) (*traffic.Measured, error) {
	if s.Traffic == nil {
		return nil, errors.New("cannot measure the shape: the scenario replays a recording")
	}
	y, plan := NewSynth(s)
	switch {
	case from < 0 || from >= plan.Events:
		return nil, fmt.Errorf("cannot measure from event %d on: the scenario has events 0 to %d", from, plan.Events-1)
	case n < 1 || n > traffic.MostMeasured:
		return nil, fmt.Errorf("cannot measure %d events: ask for 1 to %d", n, traffic.MostMeasured)
	}
	w := body.NewBuilder(s, start)
	y.prepare(w)
	return y.model.Measure(from, min(from+n, plan.Events), &w.Traffic), nil
}

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
		return errors.New("cannot print the events of the run: the pseudonyms would be others than it sent (set " +
			"replay.key in the scenario before the run)")
	}
	byLane, err := shared(s, lost.Shards)
	if err != nil {
		return err
	}
	o, err := Open(s, Part{})
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
		return fmt.Errorf("cannot print event %d: the scenario has events 0 to %d",
			lost.Ranges[n-1].First+lost.Ranges[n-1].Count-1, o.Plan.Events-1)
	}
	var builders []*body.Builder
	for _, start := range lost.Starts {
		w := body.NewBuilder(s, start)
		w.Origin = start.Add(-lost.Skipped)
		builders = append(builders, w)
	}
	if len(builders) > 1 {
		o.Source = &shardSource{Source: o.Source, index: -1, of: int64(lost.Shards), byLane: byLane}
	} else if o.dealt.synth != nil {
		for _, r := range lost.Ranges {
			if err := o.dealt.synth.sample(out, builders[0], r.First, r.Count); err != nil {
				return err
			}
		}
		return nil
	}
	return sampleRanges(out, o, &lost, builders)
}

// printer writes events of a batch as they are sent, or tells of them.
type printer interface {
	print(out io.Writer, b *body.Batch, w *body.Builder, events eventSpan) error
	tell(b *body.Batch, w *body.Builder, each eachEvent) error
}

// sampleRanges deals out a source once, up to the end of the last range. A request
// that ranges share is printed once. Where there are several workbuilders, each is
// for the batches of one shard.
func sampleRanges(out io.Writer, o *Opened, lost *Lost, builders []*body.Builder) error {
	ranges := lost.Ranges
	for b := new(body.Batch); len(ranges) > 0; {
		b.Reset()
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
			if i > 0 && o.Plan.Recorded.Verbatim {
				break
			}
			w, events := builders[b.Shard%len(builders)], eventSpan{r.First, r.First + r.Count}
			if err := o.dealt.print(out, b, w, events); err != nil {
				return err
			}
		}
		for len(ranges) > 0 && ranges[0].First+ranges[0].Count <= end {
			ranges = ranges[1:]
		}
	}
	return nil
}
