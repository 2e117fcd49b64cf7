package source

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/generator/body"
	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// Survey deals out all of a scenario's traffic to a caller that wants to see it before it is
// sent. A recording is read as it is dealt out, and what will be sent is known when its
// end was reached.
type Survey struct {
	dealing
	plan    Plan // of what is synthesized
	count   counter
	open    openFunc
	lanes   int
	files   recording.Files
	learned *recording.Learned
	format  scenario.Format
	seen    looker
	remove  func() // the copies of pipes

	scenario *scenario.Scenario
}

// looker is shown the events of a recording the first time that they are read.
type looker struct {
	see    func(*event.Event) // nil: nobody looks
	counts *recording.Counts  // what came of the lines
}

// OpenSurvey begins to deal out the traffic of s. Each event of recorded ones is shown
// to see once, as it was recorded, if that is not nil; it is good until see returns.
func OpenSurvey(s *scenario.Scenario, see func(*event.Event)) (*Survey, error) {
	if s.Replay != nil {
		return surveyReplay(s, see)
	}
	y, plan := NewSynth(s)
	return &Survey{dealing: dealing{Source: y, printer: y, synth: y}, plan: plan, remove: func() {}}, nil
}

// surveyReplay begins to deal out a recording.
func surveyReplay(s *scenario.Scenario, see func(*event.Event)) (*Survey, error) {
	v := &Survey{scenario: s, lanes: laneCount(s), learned: &recording.Learned{}, seen: looker{see: see}}
	var err error
	if v.files, v.remove, err = recording.Spool(s.Replay.Paths); err != nil {
		return nil, err
	}
	v.files = v.files.With(v.learned)
	if err := v.prepare(); err != nil {
		v.remove()
		return nil, err
	}
	return v, nil
}

// prepare finds out how the recording is read, and opens it.
func (v *Survey) prepare() (err error) {
	s := v.scenario
	if v.format, err = v.files.Detect(s.Replay); err != nil {
		return err
	}
	if v.format == scenario.FormatCapture && s.Target.Endpoint == scenario.EndpointV1 {
		return fmt.Errorf("cannot replay %q to v1: recorded requests are sent byte for byte, and "+
			"these are not v1's", s.Replay.Files)
	}
	if v.open, err = openerOf(s, v.files, v.format); err != nil {
		return err
	}
	if v.format != scenario.FormatCapture && (v.lanes > 1 || s.Replay.Sample.Persons > 0) {
		if err := v.files.LearnJoins(s.Replay); err != nil {
			return err
		}
	}
	return v.begin()
}

// begin deals out the traffic from its beginning.
func (v *Survey) begin() (err error) {
	if v.dealing, err = v.open(); err != nil {
		return err
	}
	v.count = newCounter()
	if v.seen.see != nil {
		v.dealing.replay.looker = &v.seen
	}
	return nil
}

// Next fills b with the next batch; io.EOF follows the last one.
func (v *Survey) Next(b *body.Batch) error {
	err := v.Source.Next(b)
	if err == nil && v.replay != nil {
		v.count.add(b)
	}
	return err
}

// End returns what was dealt out, once Next has returned io.EOF. It may be that reading
// the recording has shown that something belongs elsewhere. Then again is true, the plan
// is not to be used, and all is dealt out once more from its beginning.
func (v *Survey) End() (plan Plan, again bool, err error) {
	if v.replay == nil {
		return v.plan, false, nil
	}
	plan = v.count.plan(&v.dealing, v.lanes)
	if plan.Events == 0 {
		err := errors.Join(append([]error{emptyRecording(v.replay.reader.Counts())}, asErrors(plan.Warnings)...)...)
		return Plan{}, false, otherwise(err, v.format)
	}
	if v.learned.Freeze() {
		v.dealing.Close()
		v.seen.see = nil
		return Plan{}, true, v.begin()
	}
	s := v.scenario
	if s.Replay.Clock == scenario.ClockProfile {
		p := s.Load.Curve
		plan.Peak, plan.Rate, plan.Recorded.Pause = p.Peak(), p.Rate, ReplayPause{}
	}
	plan.Lanes, plan.Ordered = v.lanes, s.Replay.Order != scenario.OrderNone
	plan.Recorded.Verbatim, plan.Recorded.MostOut = v.format == scenario.FormatCapture, s.Replay.MostLeftOut()
	return plan, false, nil
}

// Plan deals out what is left and returns what all was.
func (v *Survey) Plan() (Plan, error) {
	for b := new(body.Batch); ; {
		b.Reset()
		err := v.Next(b)
		if err == nil {
			continue
		}
		if err != io.EOF {
			return Plan{}, err
		}
		if plan, again, err := v.End(); err != nil || !again {
			return plan, err
		}
	}
}

// Seen is what came of the lines of a recording whose events were shown; nil: they were
// not, because it holds requests.
func (v *Survey) Seen() *recording.Counts { return v.seen.counts }

// Close closes the recording, if there is one, and removes copies that were made of it.
func (v *Survey) Close() error {
	defer v.remove()
	return v.dealing.Close()
}

// count deals out traffic to its end without building or sending anything.
func count(open openFunc, lanes int) (Plan, error) {
	d, err := open()
	if err != nil {
		return Plan{}, err
	}
	defer d.Close()
	c := newCounter()
	for b := new(body.Batch); ; {
		b.Reset()
		err := d.Next(b)
		if err == io.EOF {
			return c.plan(&d, lanes), nil
		}
		if err != nil {
			return Plan{}, err
		}
		c.add(b)
	}
}

// counter counts what is dealt out.
type counter struct {
	events, requests int64
	span             time.Duration
	rates            *recording.Curve
	load             laneLoad
	sum              *xxh3.Hasher
}

func newCounter() counter { return counter{rates: recording.NewCurve(time.Second), sum: xxh3.New()} }

// add counts a batch.
func (c *counter) add(b *body.Batch) {
	c.events += b.Events
	c.requests++
	c.span = max(c.span, b.Due)
	c.rates.Add(b.Due, b.Events)
	c.load.add(b)
	b.AddTo(c.sum)
}

// plan is what was counted of d, which has come to its end.
func (c *counter) plan(d *dealing, lanes int) Plan {
	p := Plan{Events: c.events, Requests: c.requests, Span: c.span, Peak: c.rates.Peak(), Rate: c.rates.Rate}
	if d.rest != nil {
		p.Resumed.Skipped = d.rest.base
	}
	if d.replay != nil {
		counts := d.replay.reader.Counts()
		p.Recorded.Checksum = fmt.Sprintf("%016x", c.sum.Sum64())
		p.Recorded.Lines, p.Recorded.LeftOut = counts.Lines, counts.Bad
		p.Warnings = append(warnings(counts, d.replay.clock.endless), c.load.warnings(lanes)...)
		if pause := d.replay.pauses.longest; pause.Ends > p.Resumed.Skipped {
			pause.Ends -= p.Resumed.Skipped
			p.Recorded.Pause = pause // else it was over before
		}
	}
	return p
}

// laneLoad is how the events of a replay fall on its lanes.
type laneLoad []int64

// add counts a batch.
func (l *laneLoad) add(b *body.Batch) {
	for len(*l) <= b.Lane {
		*l = append(*l, 0)
	}
	(*l)[b.Lane] += b.Events
}
