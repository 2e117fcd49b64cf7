package generator

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/recording"
	"rehearse/recording/anonymize"
	"rehearse/scenario"
)

// openReplay prepares to deal out recorded traffic. The recording is read to know
// what will be sent, and that it can be read to its end, and again to send it.
func openReplay(s *scenario.Scenario) (*whole, error) {
	files, remove, err := recording.Spool(s.Replay.Paths)
	if err != nil {
		return nil, err
	}
	w := &whole{total: files.Size() * s.Replay.Loop, remove: remove, files: files}
	if w.plan, w.open, err = planReplay(s, files); err != nil {
		remove()
		return nil, err
	}
	return w, nil
}

// planReplay surveys the recording and returns what opens it.
func planReplay(s *scenario.Scenario, files recording.Files) (Plan, func() (dealing, error), error) {
	format, err := files.Detect(s.Replay)
	if err != nil {
		return Plan{}, nil, err
	}
	if format == scenario.FormatCapture && s.Target.Endpoint == scenario.EndpointV1 {
		return Plan{}, nil, fmt.Errorf("cannot replay %q to v1: recorded requests are sent byte for byte, and these are not v1's", s.Replay.Files)
	}
	learned := &recording.Learned{}
	read, err := opener(s, files, format, learned)
	if err != nil {
		return Plan{}, nil, err
	}
	open := func() (dealing, error) {
		r, err := read()
		return dealing{Source: r, replay: r}, err
	}
	plan, err := surveyTwice(s, open, learned)
	if err != nil {
		return Plan{}, nil, otherwise(err, format)
	}
	if s.Replay.Clock == scenario.ClockProfile {
		p := s.Load.Curve
		plan.Peak, plan.Rate, plan.Pause = p.Peak(), p.Rate, Pause{}
	}
	plan.Lanes, plan.Ordered = laneCount(s), s.Replay.Order != scenario.OrderNone
	plan.Verbatim, plan.MostOut = format == scenario.FormatCapture, s.Replay.MostLeftOut()
	return plan, open, nil
}

// opener returns what opens recordings of this format from their beginning.
func opener(s *scenario.Scenario, files recording.Files, format scenario.Format, learned *recording.Learned) (func() (replay, error), error) {
	if format != scenario.FormatCapture {
		masks, err := anonymize.New(s.Replay)
		return func() (replay, error) { return newEventReplay(s, files, learned, masks) }, err
	}
	if s.Replay.Pseudonymize {
		return nil, errors.New("cannot pseudonymize recorded requests: they are sent byte for byte (to a target that is not this machine only with replay.pseudonymize: false)")
	}
	return func() (replay, error) { return newRequestReplay(s, files.With(learned)), nil }, nil
}

// surveyTwice reads the recording to its end, and again if what was learned from it
// decides what is sent, where or when.
func surveyTwice(s *scenario.Scenario, open func() (dealing, error), learned *recording.Learned) (Plan, error) {
	plan, err := survey(open, laneCount(s))
	if learned.Freeze(s.Replay) && err == nil {
		return survey(open, laneCount(s))
	}
	return plan, err
}

// replay is a source that reads a recording and knows what it left out.
type replay interface {
	Source
	io.Closer
	counts() *recording.Counts
	quarantine(func(recording.Bad) error)
	position() (bytes int64, recorded time.Time) // read so far
	longestPause() Pause                         // so far
	printer
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
var ErrNothingLeft = errors.New("nothing is left to send: every event was accepted")

// survey reads a recording to its end, which must hold something.
func survey(open func() (dealing, error), lanes int) (Plan, error) {
	d, err := open()
	if err != nil {
		return Plan{}, err
	}
	defer d.Close()
	p, err := d.count(lanes)
	if err == nil && p.Events == 0 {
		err = errors.Join(append([]error{emptyRecording(d.replay.counts())}, asErrors(p.Warnings)...)...)
	}
	return p, err
}

// count deals out traffic to its end without building or sending anything.
func count(open func() (dealing, error), lanes int) (Plan, error) {
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
	rates, b, load, sum := recording.NewCurve(time.Second), newBatch(), laneLoad{}, xxh3.New()
	for {
		b.reset()
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
		b.addTo(sum)
	}
	p.Peak, p.Rate = rates.Peak(), rates.Rate
	if d.rest != nil {
		p.Skipped = d.rest.base
	}
	if d.replay != nil {
		p.Recording = fmt.Sprintf("%016x", sum.Sum64())
		p.Lines, p.LeftOut = d.replay.counts().Lines, d.replay.counts().Bad
		p.Warnings = append(warnings(d.replay.counts()), load.warnings(lanes)...)
		if pause := d.replay.longestPause(); pause.Ends > p.Skipped {
			pause.Ends -= p.Skipped
			p.Pause = pause // else it was over before
		}
	}
	return p, nil
}

// addTo adds what was read for the batch to a checksum: the events, or the request.
func (b *Batch) addTo(sum *xxh3.Hasher) {
	for i := range b.recorded.items {
		sum.Write(b.recorded.items[i].uuid[:])
	}
	sum.Write(b.recorded.text)
	sum.WriteString(b.Path)
	sum.Write(b.Body)
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
	return errors.Join(err, fmt.Errorf("it was read as %s: replay.format names another format, and replay.fields the members, or the columns of a table, that are event, distinct_id and timestamp", format))
}

// asErrors turns texts into errors.
func asErrors(texts []string) []error {
	var errs []error
	for _, t := range texts {
		errs = append(errs, errors.New(t))
	}
	return errs
}

// warnings says what was left out and where it began, and what was put right.
func warnings(c *recording.Counts) []string {
	var texts []string
	for i := range c.Left {
		texts = append(texts, fmt.Sprintf("%d recorded lines left out: %s", c.Left[i].Lines, c.Left[i].Why()))
	}
	return append(texts, c.Notes()...)
}

// laneLoad is how the events of a replay fall on its lanes.
type laneLoad []int64

// add counts a batch.
func (l *laneLoad) add(b *Batch) {
	for len(*l) <= b.Lane {
		*l = append(*l, 0)
	}
	(*l)[b.Lane] += b.Events
}

// warnings says what order per id costs: the lane with the most to do sets the pace,
// while without order all connections share the work evenly. What costs less than a
// twentieth is not worth a word.
func (l laneLoad) warnings(lanes int) []string {
	var all, most int64
	for _, n := range l {
		all += n
		most = max(most, n)
	}
	cost := float64(most) * float64(lanes) / float64(max(all, 1))
	if lanes < 2 || all < tellingEvents || cost < 1.05 {
		return nil
	}
	return []string{fmt.Sprintf("order per-id: one of %d connections carries %.1f %% of the events, so the replay can go %.1f times as fast as one connection; without order, %d times, which is %.1f times the rate",
		lanes, 100*float64(most)/float64(all), float64(all)/float64(most), lanes, cost)}
}

// tellingEvents is how many events it takes before their spread over lanes means
// anything.
const tellingEvents = 1000
