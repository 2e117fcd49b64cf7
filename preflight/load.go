package preflight

import (
	"time"

	"rehearse/capture"
	"rehearse/scenario/schedule"
)

// Load is what will be sent, as the generator counts or estimates it. The errors
// are as in Errors.
type Load struct {
	Events   int64
	Requests int64
	Body     int64 // bytes before compression
	Wire     int64 // bytes as they travel, heads included
	MaxBody  int64 // of the largest body that was built
	MaxWire  int64 // and of it as it travels
	Errors   Errors

	Refused []capture.Refused // what an endpoint refuses, by reason

	Curve  *schedule.Curve
	Leaves func(event int64) time.Duration // when the batch of an event is due; nil: when the event is

	Recorded bool // requests are sent byte for byte as they were recorded

	Warnings []string // what a recording holds that is not as it should be
	Pause    Pause    // of a recording: the longest, if it is worth a word

	Tally *Tally // what was counted, if every request was built; else nil
}

// Pause is a time in which nothing is sent: how long it is, what is said of it, and
// what would help.
type Pause struct {
	Length        time.Duration
	Message, Hint string
}

// mostRows is how many stages a recorded curve is cut into.
const mostRows = 20_000

// Steps turns a curve that is known second by second into a profile.
func Steps(rate func(time.Duration) float64, span time.Duration) (*schedule.Curve, error) {
	width := max(time.Second, (span/mostRows + time.Second).Truncate(time.Second))
	var stages []schedule.Stage
	for at := time.Duration(0); at <= span; at += width {
		r := rate(at + time.Second/2)
		stages = append(stages, schedule.Stage{From: r, To: r, Over: width})
	}
	return schedule.NewCurve(stages)
}

// perRequest is how many events a request has on average.
func (l *Load) perRequest() float64 { return float64(l.Events) / float64(max(l.Requests, 1)) }
