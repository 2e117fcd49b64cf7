package generator

import (
	"errors"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/capture"
	"rehearse/recording"
	"rehearse/scenario"
)

// requestReplay sends recorded requests byte for byte: path with query, content
// type, content encoding and body are those of the recording, and so are the
// headers that v1 reads.
type requestReplay struct {
	scenario *scenario.Scenario
	lines    *recording.Requests
	rhythm   rhythm
	pauses   pauses
	decoder  recording.RequestDecoder
	lanes    int
	events   int64 // dealt out so far
}

// newRequestReplay returns a source of the recorded requests of s.
func newRequestReplay(s *scenario.Scenario, files recording.Files) *requestReplay {
	return &requestReplay{scenario: s, lines: files.OpenRequests(s.Replay), rhythm: newRhythm(s), lanes: laneCount(s)}
}

func (r *requestReplay) counts() *recording.Counts { return r.lines.Counts() }

func (r *requestReplay) longestPause() Pause { return r.pauses.longest }

// position is how many bytes were read, and which time was reached.
func (r *requestReplay) position() (bytes int64, recorded time.Time) {
	return r.lines.Position(), r.rhythm.newest
}

// quarantine has every line that cannot be sent told to bad.
func (r *requestReplay) quarantine(bad func(recording.Bad) error) { r.lines.Bad = bad }

// Close closes the recording.
func (r *requestReplay) Close() error { return r.lines.Close() }

// Next reads the next request into b.
func (r *requestReplay) Next(b *Batch) error {
	q := recording.Request{Body: b.Body}
	if err := r.lines.Next(&q, func(q *recording.Request) recording.Reason { return r.take(q, b) }); err != nil {
		return err
	}
	b.Path, b.Body, b.Plain = q.Path, q.Body, len(q.Body)
	b.ContentType, b.ContentEncoding, b.ForwardedFor = q.ContentType, q.ContentEncoding, q.ForwardedFor
	b.headers = q.Headers
	r.events += b.Events
	return nil
}

// take gives the request its place in b, or says why it is not sent.
func (r *requestReplay) take(q *recording.Request, b *Batch) (omitted recording.Reason) {
	from, to := r.scenario.Replay.From, r.scenario.Replay.To
	if q.Time.Before(from) || !to.IsZero() && !q.Time.Before(to) {
		return recording.OutOfTime
	}
	r.count(b, q)
	ok := false
	if b.Due, ok = r.rhythm.due(q.Time, b.Events, q.Ahead); !ok {
		return recording.NoRoom
	}
	if !q.Ahead {
		r.pauses.note(b.Due, q.Time, q.Place, b.Events)
	}
	return ""
}

// count finds out how many events the request carries, and which queue the
// first one's distinct_id belongs to. One that cannot be decoded counts as one.
func (r *requestReplay) count(b *Batch, q *recording.Request) {
	b.First, b.Events, b.unfit, b.results = r.events, 1, 0, b.results[:0]
	got, err := r.decoder.Decode(q)
	var refusal *capture.Refusal
	switch {
	case errors.As(err, &refusal):
		b.Events = max(int64(refusal.Events), 1)
		b.unfit = b.Events
	case len(got.Results) > 0:
		b.Events = int64(len(got.Results))
		b.results = append(b.results, got.Results...)
		for _, r := range got.Results {
			if r.Verdict.Reason().Fate() == capture.FateRejected {
				b.unfit++
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
func (r *requestReplay) Build(*Batch, *Workbench) {}
