package source

import (
	"errors"

	"github.com/zeebo/xxh3"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// requestReplay sends recorded requests byte for byte: path with query, content
// type, content encoding and body are those of the recording, and so are the
// headers that v1 reads.
type requestReplay struct {
	scenario *scenario.Scenario
	replayState
	lines   *recording.Requests
	decoder recording.RequestDecoder
	lanes   int
	events  int64 // dealt out so far
}

// newRequestReplay returns a source of the recorded requests of s.
func newRequestReplay(s *scenario.Scenario, files recording.Files) *requestReplay {
	r := &requestReplay{scenario: s, lines: files.OpenRequests(s.Replay), lanes: laneCount(s)}
	r.replayState = replayState{reader: r.lines, closer: r.lines, clock: newReplayClock(s)}
	r.lines.Bad = r.refuse
	return r
}

// Next reads the next request into b.
func (r *requestReplay) Next(b *body.Batch) error {
	q := recording.Request{Body: b.Body}
	if err := r.lines.Next(&q, func(q *recording.Request) event.Reason { return r.take(q, b) }); err != nil {
		return err
	}
	b.Path, b.Body, b.Plain = q.Path, q.Body, len(q.Body)
	b.ContentType, b.ContentEncoding, b.ForwardedFor = q.ContentType, q.ContentEncoding, q.ForwardedFor
	b.Headers = q.Headers
	r.events += b.Events
	return nil
}

// take gives the request its place in b, or says why it is not sent.
func (r *requestReplay) take(q *recording.Request, b *body.Batch) (omitted event.Reason) {
	from, to := r.scenario.Replay.From, r.scenario.Replay.To
	if q.Time.Before(from) || !to.IsZero() && !q.Time.Before(to) {
		return event.OutOfTime
	}
	r.count(b, q)
	ok := false
	if b.Due, ok = r.clock.due(q.Time, b.Events, q.Ahead); !ok {
		return event.NoRoom
	}
	if !q.Ahead {
		r.pauses.note(b.Due, q.Time, q.Place, b.Events)
	}
	return ""
}

// count finds out how many events the request carries, and which queue the
// first one's distinct_id belongs to. One that cannot be decoded counts as one.
func (r *requestReplay) count(b *body.Batch, q *recording.Request) {
	b.First, b.Events, b.Unfit, b.Results = r.events, 1, 0, b.Results[:0]
	got, err := r.decoder.Decode(q)
	var refusal *capture.Refusal
	switch {
	case errors.As(err, &refusal):
		b.Events = max(int64(refusal.Events), 1)
		b.Unfit = b.Events
	case len(got.Results) > 0:
		b.Events = int64(len(got.Results))
		b.Results = append(b.Results, got.Results...)
		for _, r := range got.Results {
			if r.Verdict.Reason().Fate() == capture.FateRejected {
				b.Unfit++
			}
		}
	case len(got.Events) > 0:
		b.Events = int64(len(got.Events) + got.Filtered)
	}
	if err == nil && len(got.Events) > 0 {
		b.Lane = int(xxh3.Hash(got.Events[0].DistinctID) % uint64(r.lanes))
	}
}

// Build has nothing to do: the body was recorded.
func (r *requestReplay) Build(*body.Batch, *body.Builder) {}
