package generator

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tidwall/gjson"

	"rehearse/scenario"
)

// openReplay returns the source for recorded traffic. The recording is read
// twice: once to know what will be sent (and that it can be read to its end),
// and again to send it.
func openReplay(s *scenario.Scenario) (Source, Plan, error) {
	format, err := formatOf(s.Replay)
	if err != nil {
		return nil, Plan{}, err
	}
	if format == scenario.FormatCapture && s.Target.Endpoint == scenario.EndpointV1 {
		return nil, Plan{}, fmt.Errorf("cannot replay %q to v1: recorded requests are sent byte for byte, and these are not v1's", s.Replay.Files)
	}
	plan, err := survey(newReplay(s, format))
	if err != nil {
		return nil, Plan{}, err
	}
	if s.Replay.Clock == scenario.ClockProfile {
		p := s.Load.Profile
		plan.Peak, plan.Rate = p.Peak(), p.Rate
	}
	plan.Lanes, plan.Ordered = laneCount(s), s.Replay.Order != scenario.OrderNone
	return newReplay(s, format), plan, nil
}

// replay is a source that reads a recording and knows what it left out.
type replay interface {
	Source
	leftOut() *omissions
	print(out io.Writer, b *Batch, w *Workbench, events span) error
}

// newReplay returns an unread source for a recording of this format.
func newReplay(s *scenario.Scenario, format scenario.Format) replay {
	if format == scenario.FormatCapture {
		return newRequestReplay(s)
	}
	return newEventReplay(s)
}

// formatOf tells what the recordings of r hold: what the scenario says, or what
// the first line looks like.
func formatOf(r *scenario.Replay) (scenario.Format, error) {
	if r.Format != scenario.FormatAuto {
		return r.Format, nil
	}
	rec := openRecording(r.Paths)
	defer rec.Close()
	line, err := rec.next()
	if errors.Is(err, io.EOF) {
		return "", fmt.Errorf("cannot replay %q: the recording holds no line", r.Files)
	}
	if err != nil {
		return "", err
	}
	if gjson.GetBytes(line, "path").Exists() && gjson.GetBytes(line, "body").Exists() {
		return scenario.FormatCapture, nil
	}
	return scenario.FormatJSONL, nil
}

// laneCount is how many queues the order of a replay asks for. Where events of
// one id must not overtake each other, each connection has a queue of its own.
func laneCount(s *scenario.Scenario) int {
	if s.Replay.Order == scenario.OrderPerID {
		return s.Target.Connections
	}
	return 1
}

// survey reads a replay to its end without building or sending anything.
func survey(r replay) (Plan, error) {
	var p Plan
	var perSecond []int64
	b := newBatch()
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
		for second := int(b.Due / time.Second); len(perSecond) <= second; {
			perSecond = append(perSecond, 0)
		}
		perSecond[b.Due/time.Second] += b.Events
	}
	p.Warnings = r.leftOut().warnings()
	if p.Events == 0 {
		return Plan{}, errors.Join(append([]error{errors.New("the recording holds nothing that can be sent")}, asErrors(p.Warnings)...)...)
	}
	for _, n := range perSecond {
		p.Peak = max(p.Peak, float64(n))
	}
	p.Rate = func(t time.Duration) float64 {
		if s := int(t / time.Second); s >= 0 && s < len(perSecond) {
			return float64(perSecond[s])
		}
		return 0
	}
	return p, nil
}

// asErrors turns texts into errors.
func asErrors(texts []string) []error {
	var errs []error
	for _, t := range texts {
		errs = append(errs, errors.New(t))
	}
	return errs
}

// omissions counts what a replay could not send, by reason.
type omissions []omission

type omission struct {
	reason string
	count  int64
	path   string // where it occurred first
	line   int64
}

// add counts one line left out.
func (o *omissions) add(reason string, r *recording) {
	for i := range *o {
		if (*o)[i].reason == reason {
			(*o)[i].count++
			return
		}
	}
	*o = append(*o, omission{reason, 1, r.path, r.number})
}

// warnings says what was left out and where it began.
func (o *omissions) warnings() []string {
	var texts []string
	for _, m := range *o {
		texts = append(texts, fmt.Sprintf("%d recorded lines left out: %s (first at %s:%d)", m.count, m.reason, m.path, m.line))
	}
	return texts
}
