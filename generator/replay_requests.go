package generator

import (
	"encoding/base64"
	"errors"
	"strings"

	"github.com/tidwall/gjson"
	"github.com/zeebo/xxh3"

	"rehearse/capture"
	"rehearse/recording"
	"rehearse/scenario"
)

// requestReplay sends recorded requests byte for byte: path with query, content
// type, content encoding and body are those of the recording.
type requestReplay struct {
	scenario *scenario.Scenario
	lines    *recording.Requests
	rhythm   rhythm
	decoder  capture.Decoder
	lanes    int
	events   int64 // dealt out so far
}

// newRequestReplay returns a source of the recorded requests of s.
func newRequestReplay(s *scenario.Scenario) (*requestReplay, error) {
	lines, err := recording.OpenRequests(s.Replay)
	return &requestReplay{scenario: s, lines: lines, rhythm: newRhythm(s), lanes: laneCount(s)}, err
}

func (r *requestReplay) counts() *recording.Counts { return r.lines.Counts() }

// quarantine has every line that cannot be sent told to bad.
func (r *requestReplay) quarantine(bad func(recording.Bad) error) { r.lines.Bad = bad }

// Close closes the recording.
func (r *requestReplay) Close() error { return r.lines.Close() }

// Next reads the next request into b.
func (r *requestReplay) Next(b *Batch) error {
	for {
		line, err := r.lines.Next()
		if err != nil {
			return err
		}
		reason := r.read(line, b)
		if reason == "" {
			return nil
		}
		if err := r.lines.LeaveOut(reason); err != nil {
			return err
		}
	}
}

// read makes line the request of b, or says why it cannot be sent.
func (r *requestReplay) read(line []byte, b *Batch) (omitted recording.Reason) {
	if !gjson.ValidBytes(line) {
		return recording.NotJSON
	}
	f := gjson.GetManyBytes(line, "method", "path", "content_type", "content_encoding", "ip", "now", "body")
	method, path, body := f[0].Str, f[1].Str, f[6].Str
	if method != "" && method != "POST" || path == "" || path[0] != '/' {
		return recording.NotRequest
	}
	now, ok := recording.ParseTime([]byte(f[5].Raw))
	if !ok {
		return recording.NoTime
	}
	if now.Before(r.scenario.Replay.From) || !r.scenario.Replay.To.IsZero() && !now.Before(r.scenario.Replay.To) {
		return recording.OutOfTime
	}
	raw, err := base64.StdEncoding.AppendDecode(b.Body[:0], []byte(body))
	if err != nil {
		return recording.NotRequest
	}
	b.Path, b.Body, b.Plain = path, raw, len(raw)
	b.ContentType, b.ContentEncoding, b.ForwardedFor = f[2].Str, f[3].Str, f[4].Str
	r.count(b)
	if b.Due, ok = r.rhythm.due(now, b.Events); !ok {
		return recording.NoRoom
	}
	r.events += b.Events
	return ""
}

// count finds out how many events the request carries, and which queue the
// first one's distinct_id belongs to. One that cannot be decoded counts as one.
func (r *requestReplay) count(b *Batch) {
	b.First, b.Events = r.events, 1
	path, query, _ := strings.Cut(b.Path, "?")
	got, err := r.decoder.Decode(&capture.Request{
		Path: []byte(path), Query: []byte(query),
		ContentType: []byte(b.ContentType), ContentEncoding: []byte(b.ContentEncoding), Body: b.Body,
	})
	var refusal *capture.Refusal
	switch {
	case errors.As(err, &refusal):
		b.Events = max(int64(refusal.Events), 1)
	case len(got.Events) > 0:
		b.Events = int64(len(got.Events) + got.Filtered)
		b.Lane = int(xxh3.Hash(got.Events[0].DistinctID) % uint64(r.lanes))
	}
}

// Build has nothing to do: the body was recorded.
func (r *requestReplay) Build(*Batch, *Workbench) {}
