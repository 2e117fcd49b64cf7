package source

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/generator/body"
	"rehearse/internal/recording"
	"rehearse/internal/recording/anonymize"
	"rehearse/scenario"
)

// openReplay prepares to deal out recorded traffic. The recording is read to know
// what will be sent, and that it can be read to its end, and again to send it.
func openReplay(s *scenario.Scenario) (*wholeTraffic, error) {
	files, remove, err := recording.Spool(s.Replay.Paths)
	if err != nil {
		return nil, err
	}
	w := &wholeTraffic{total: files.Size() * s.Replay.Loop, remove: remove, files: files}
	if w.plan, w.open, err = planReplay(s, files); err != nil {
		remove()
		return nil, err
	}
	return w, nil
}

// planReplay surveys the recording and returns what opens it.
func planReplay(s *scenario.Scenario, files recording.Files) (Plan, openFunc, error) {
	format, err := files.Detect(s.Replay)
	if err != nil {
		return Plan{}, nil, err
	}
	if format == scenario.FormatCapture && s.Target.Endpoint == scenario.EndpointV1 {
		return Plan{}, nil, fmt.Errorf("cannot replay %q to v1: recorded requests are sent byte for byte, and "+
			"these are not v1's", s.Replay.Files)
	}
	learned := &recording.Learned{}
	open, err := openerOf(s, files, format, learned)
	if err != nil {
		return Plan{}, nil, err
	}
	plan, err := surveyTwice(s, open, learned)
	if err != nil {
		return Plan{}, nil, otherwise(err, format)
	}
	if s.Replay.Clock == scenario.ClockProfile {
		p := s.Load.Curve
		plan.Peak, plan.Rate, plan.Recorded.Pause = p.Peak(), p.Rate, ReplayPause{}
	}
	plan.Lanes, plan.Ordered = laneCount(s), s.Replay.Order != scenario.OrderNone
	plan.Recorded.Verbatim, plan.Recorded.MostOut = format == scenario.FormatCapture, s.Replay.MostLeftOut()
	return plan, open, nil
}

// openerOf returns what opens recordings of this format from their beginning.
func openerOf(s *scenario.Scenario, files recording.Files, format scenario.Format,
	learned *recording.Learned) (openFunc, error) {
	if format != scenario.FormatCapture {
		masks, err := anonymize.New(s.Replay)
		return func() (dealing, error) {
			r, err := newEventReplay(s, files, learned, masks)
			return dealing{Source: r, printer: r, replay: &r.replayState}, err
		}, err
	}
	if s.Replay.Pseudonymize {
		return nil, errors.New("cannot pseudonymize recorded requests: they are sent byte for byte (to a target " +
			"that is not this machine only with replay.pseudonymize: false)")
	}
	return func() (dealing, error) {
		r := newRequestReplay(s, files.With(learned))
		return dealing{Source: r, printer: r, replay: &r.replayState}, nil
	}, nil
}

// surveyTwice reads the recording to its end, and again if what was learned from it
// decides what is sent, where or when.
func surveyTwice(s *scenario.Scenario, open openFunc, learned *recording.Learned) (Plan, error) {
	plan, err := survey(open, laneCount(s))
	if learned.Freeze(s.Replay) && err == nil {
		return survey(open, laneCount(s))
	}
	return plan, err
}

// replayState is a recording while it is read: what is known of it so far. Sources that
// replay one have a replayState each, and what is put around them hides none of it.
type replayState struct {
	reader recordingReader // of this pass
	closer io.Closer       // the same
	before int64           // bytes that were read in earlier passes
	clock  replayClock
	pauses pauses
	bad    func(recording.Bad) error // told of every line that cannot be sent; nil: nobody is
}

// recordingReader reads the files of a recording: events or requests.
type recordingReader interface {
	Counts() *recording.Counts
	Position() int64
}

// position is how many bytes were read, in all passes, and which time was reached.
func (t *replayState) position() (bytes int64, recorded time.Time) {
	return t.before + t.reader.Position(), t.clock.newest
}

// refuse tells whoever asked for it of a line that cannot be sent.
func (t *replayState) refuse(b recording.Bad) error {
	if t.bad == nil {
		return nil
	}
	return t.bad(b)
}

// laneCount is how many queues the order of a replay asks for. Where events of
// one id must not overtake each other, each connection has a queue of its own.
func laneCount(s *scenario.Scenario) int {
	if s.Replay.Order == scenario.OrderPerID {
		return s.Target.Connections
	}
	return 1
}

// ErrNothingLeft says that every event of a run that is to be resumed was accepted
// before.
var errNothingLeft = errors.New("nothing is left to send: every event was accepted")

// survey reads a recording to its end, which must hold something.
func survey(open openFunc, lanes int) (Plan, error) {
	d, err := open()
	if err != nil {
		return Plan{}, err
	}
	defer d.Close()
	p, err := d.count(lanes)
	if err == nil && p.Events == 0 {
		err = errors.Join(append([]error{emptyRecording(d.replay.reader.Counts())}, asErrors(p.Warnings)...)...)
	}
	return p, err
}

// count deals out traffic to its end without building or sending anything.
func count(open openFunc, lanes int) (Plan, error) {
	d, err := open()
	if err != nil {
		return Plan{}, err
	}
	defer d.Close()
	return d.count(lanes)
}

// count deals out all that is left and says what it was.
func (d *dealing) count(lanes int) (Plan, error) {
	var p Plan
	rates, b, load, sum := recording.NewCurve(time.Second), new(body.Batch), laneLoad{}, xxh3.New()
	for {
		b.Reset()
		err := d.Next(b)
		if err == io.EOF {
			break
		}
		if err != nil {
			return Plan{}, err
		}
		p.Events += b.Events
		p.Requests++
		p.Span = max(p.Span, b.Due)
		rates.Add(b.Due, b.Events)
		load.add(b)
		b.AddTo(sum)
	}
	p.Peak, p.Rate = rates.Peak(), rates.Rate
	if d.rest != nil {
		p.Resumed.Skipped = d.rest.base
	}
	if d.replay != nil {
		p.Recorded.Checksum = fmt.Sprintf("%016x", sum.Sum64())
		p.Recorded.Lines, p.Recorded.LeftOut = d.replay.reader.Counts().Lines, d.replay.reader.Counts().Bad
		p.Warnings = append(warnings(d.replay.reader.Counts()), load.warnings(lanes)...)
		if pause := d.replay.pauses.longest; pause.Ends > p.Resumed.Skipped {
			pause.Ends -= p.Resumed.Skipped
			p.Recorded.Pause = pause // else it was over before
		}
	}
	return p, nil
}

// emptyRecording says that there is nothing to send.
func emptyRecording(c *recording.Counts) error {
	if c.Lines == 0 {
		return errors.New("cannot replay the recording: it holds no line")
	}
	if c.Bad == 0 {
		return errors.New("the recording holds nothing that can be sent")
	}
	return errUnfit
}

// errUnfit says that no line could be used, and some for what they are.
var errUnfit = errors.New("the recording holds nothing that can be sent")

// otherwise adds to errUnfit what to do if the recording was read as another format
// than it has.
func otherwise(err error, format scenario.Format) error {
	if !errors.Is(err, errUnfit) {
		return err
	}
	return errors.Join(err, fmt.Errorf("it was read as %s: replay.format names another format, and replay.fields "+
		"the members, or the columns of a table, that are event, distinct_id and timestamp", format))
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
