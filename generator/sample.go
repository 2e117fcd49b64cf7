package generator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"rehearse/capture"
	"rehearse/generator/traffic"
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
	w := newWorkbench(s, start)
	if o.synth != nil {
		return o.synth.sample(out, w, from, n)
	}
	return sampleRanges(out, o, &Lost{Ranges: []results.Range{{First: from, Count: n}}}, []*Workbench{w})
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
	w := newWorkbench(s, start)
	y.prepare(w)
	var line []byte
	for i := from; i < plan.Events && n > 0; i++ {
		fault := y.model.Fault(i, &w.pen)
		if fault == "" {
			continue
		}
		n--
		y.model.Write(&w.event, i, &w.pen)
		line = fmt.Appendf(line[:0], `{"index":%d,"fault":"%s","event":`, i, fault)
		line = append(capture.AppendEvent(line, &w.event), "}\n"...)
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// span is a range of event numbers.
type span struct{ from, to int64 }

// sample writes events by their number alone.
func (y *Synth) sample(out io.Writer, w *Workbench, from, n int64) error {
	y.prepare(w)
	var line []byte
	for i := from; i < from+n; i++ {
		y.model.Write(&w.event, i, &w.pen)
		line = append(capture.AppendEvent(line[:0], &w.event), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// print writes those events of b that lie in the range.
func (r *eventReplay) print(out io.Writer, b *Batch, w *Workbench, events span) error {
	var line []byte
	for i := range b.Events {
		if n := b.First + i; n < events.from || n >= events.to {
			continue
		}
		r.fill(b, i, w)
		line = append(capture.AppendEvent(line[:0], &w.event), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return nil
}

// print writes those events of b that lie in the range.
func (y *Synth) print(out io.Writer, b *Batch, w *Workbench, events span) error {
	from := max(b.First, events.from)
	return y.sample(out, w, from, min(b.First+b.Events, events.to)-from)
}

// print writes the request of b.
func (r *requestReplay) print(out io.Writer, b *Batch, _ *Workbench, _ span) error {
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
func Measure(s *scenario.Scenario, start time.Time, from, n int64) (*traffic.Shape, error) {
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
	w := newWorkbench(s, start)
	y.prepare(w)
	return y.model.Measure(from, min(from+n, plan.Events), &w.pen), nil
}
