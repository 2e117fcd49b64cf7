package generator

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/recording"
	"rehearse/scenario"
)

// openReplay returns the source for recorded traffic. The recording is read
// twice: once to know what will be sent (and that it can be read to its end),
// and again to send it.
func openReplay(s *scenario.Scenario, before *resumed) (Source, Plan, error) {
	files, remove, err := recording.Spool(s.Replay.Paths)
	if err != nil {
		return nil, Plan{}, err
	}
	source, plan, err := prepareReplay(s, files, before)
	if err != nil {
		remove()
		return nil, Plan{}, err
	}
	opened := &spooled{replay: source, remove: remove}
	opened.read.total = files.Size() * s.Replay.Loop
	return opened, plan, nil
}

// spooled is a replay that knows how far it has come, and that removes its temporary
// copies when it is closed.
type spooled struct {
	replay
	read   odometer
	remove func()
}

// Next fills b with the next batch.
func (s *spooled) Next(b *Batch) error {
	err := s.replay.Next(b)
	if err == nil {
		s.read.note(b.Due, s.replay)
	}
	return err
}

// Close closes the replay.
func (s *spooled) Close() error {
	err := s.replay.Close()
	s.remove()
	return err
}

// prepareReplay surveys the recording and returns an unread source for it, or for
// what is left of it after what was sent before.
func prepareReplay(s *scenario.Scenario, files recording.Files, before *resumed) (replay, Plan, error) {
	format, err := files.Detect(s.Replay)
	if err != nil {
		return nil, Plan{}, err
	}
	if format == scenario.FormatCapture && s.Target.Endpoint == scenario.EndpointV1 {
		return nil, Plan{}, fmt.Errorf("cannot replay %q to v1: recorded requests are sent byte for byte, and these are not v1's", s.Replay.Files)
	}
	kin := &kinship{}
	open, err := opener(s, files, format, kin)
	if err != nil {
		return nil, Plan{}, err
	}
	plan, err := surveyTwice(s, open, kin)
	if err != nil {
		return nil, Plan{}, otherwise(err, format)
	}
	if before != nil {
		if open, plan, err = before.left(open, plan, laneCount(s)); err != nil {
			return nil, Plan{}, err
		}
	}
	if s.Replay.Clock == scenario.ClockProfile {
		p := s.Load.Profile
		plan.Peak, plan.Rate, plan.Pause = p.Peak(), p.Rate, Pause{}
	}
	plan.Lanes, plan.Ordered = laneCount(s), s.Replay.Order != scenario.OrderNone
	plan.Verbatim = format == scenario.FormatCapture
	source, err := open()
	return source, plan, err
}

// opener returns what opens recordings of this format from their beginning.
func opener(s *scenario.Scenario, files recording.Files, format scenario.Format, kin *kinship) (func() (replay, error), error) {
	if format != scenario.FormatCapture {
		masks, err := newPseudonyms(s.Replay)
		return func() (replay, error) { return newEventReplay(s, files, kin, masks) }, err
	}
	if s.Replay.Pseudonymize {
		return nil, errors.New("cannot pseudonymize recorded requests: they are sent byte for byte (to a target that is not this machine only with replay.pseudonymize: false)")
	}
	return func() (replay, error) { return newRequestReplay(s, files), nil }, nil
}

// surveyTwice reads the recording to its end, and again if there are merges in it
// that decide which lane events go to.
func surveyTwice(s *scenario.Scenario, open func() (replay, error), kin *kinship) (Plan, error) {
	kin.frozen = s.Replay.Order != scenario.OrderPerID
	plan, err := survey(open, laneCount(s))
	if err == nil && len(kin.parent) > 0 {
		kin.frozen = true
		return survey(open, laneCount(s))
	}
	kin.frozen = true
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
	print(out io.Writer, b *Batch, w *Workbench, events span) error
}

// Quarantine writes what source finds unusable in its recording to path, as
// recording.Quarantine does, until the run is over. A source that reads no
// recording is left as it is.
func Quarantine(source Source, path string) (closed func() error) {
	r, ok := source.(replay)
	if !ok {
		return func() error { return nil }
	}
	q := recording.NewQuarantine(path)
	r.quarantine(q.Write)
	return q.Close
}

// laneCount is how many queues the order of a replay asks for. Where events of
// one id must not overtake each other, each connection has a queue of its own.
func laneCount(s *scenario.Scenario) int {
	if s.Replay.Order == scenario.OrderPerID {
		return s.Target.Connections
	}
	return 1
}

// ErrNothingLeft says that every event of a replay that is to be resumed was
// accepted before.
var ErrNothingLeft = errors.New("nothing is left to send: every event was accepted")

// survey reads a replay to its end without building or sending anything.
func survey(open func() (replay, error), lanes int) (Plan, error) {
	r, err := open()
	if err != nil {
		return Plan{}, err
	}
	defer r.Close()
	var p Plan
	rates, b, load, sum := recording.NewCurve(time.Second), newBatch(), laneLoad{}, xxh3.New()
	for {
		b.reset()
		err := r.Next(b)
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
	p.Warnings, p.Pause = warnings(r.counts()), r.longestPause()
	if _, resumed := r.(*rest); p.Events == 0 && resumed {
		return Plan{}, ErrNothingLeft
	}
	if p.Events == 0 {
		return Plan{}, errors.Join(append([]error{emptyRecording(r.counts())}, asErrors(p.Warnings)...)...)
	}
	p.Warnings = append(p.Warnings, load.warnings(lanes)...)
	p.Peak, p.Rate, p.Recording = rates.Peak(), rates.Rate, fmt.Sprintf("%016x", sum.Sum64())
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
