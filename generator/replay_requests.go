package generator

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/tidwall/gjson"
	"github.com/zeebo/xxh3"

	"rehearse/capture"
	"rehearse/scenario"
)

// requestReplay sends recorded requests byte for byte: path with query, content
// type, content encoding and body are those of the recording.
type requestReplay struct {
	recording *recording
	rhythm    rhythm
	omitted   omissions
	decoder   capture.Decoder
	lanes     int
	events    int64 // dealt out so far
}

// newRequestReplay returns a source of the recorded requests of s.
func newRequestReplay(s *scenario.Scenario) *requestReplay {
	return &requestReplay{
		recording: openRecording(s.Replay.Paths),
		rhythm:    newRhythm(s),
		lanes:     laneCount(s),
	}
}

func (r *requestReplay) leftOut() *omissions { return &r.omitted }

// Close closes the recording.
func (r *requestReplay) Close() error { return r.recording.Close() }

// Next reads the next request into b.
func (r *requestReplay) Next(b *Batch) error {
	for {
		line, err := r.recording.next()
		if err != nil {
			return err
		}
		if reason := r.read(line, b); reason != "" {
			r.omitted.add(reason, r.recording)
			continue
		}
		return nil
	}
}

// read makes line the request of b, or says why it cannot be sent.
func (r *requestReplay) read(line []byte, b *Batch) (omitted string) {
	if !gjson.ValidBytes(line) {
		return notJSON
	}
	f := gjson.GetManyBytes(line, "method", "path", "content_type", "content_encoding", "ip", "now", "body")
	method, path, body := f[0].Str, f[1].Str, f[6].Str
	if method != "" && method != "POST" {
		return "not a POST"
	}
	if path == "" || path[0] != '/' {
		return "no path"
	}
	now, ok := parseTime(f[5])
	if !ok {
		return "no time in member now"
	}
	raw, err := base64.StdEncoding.AppendDecode(b.Body[:0], []byte(body))
	if err != nil {
		return "the body is not base64"
	}
	b.Path, b.Body, b.Plain = path, raw, len(raw)
	b.ContentType, b.ContentEncoding, b.ForwardedFor = f[2].Str, f[3].Str, f[4].Str
	r.count(b)
	if b.Due, ok = r.rhythm.due(now, b.Events); !ok {
		return afterProfile
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

// Why recorded lines are left out.
const (
	notJSON      = "not a JSON object"
	afterProfile = "the profile is over"
)

// parseTime reads RFC 3339 text, or a number of seconds or milliseconds since 1970.
func parseTime(v gjson.Result) (time.Time, bool) {
	switch v.Type {
	case gjson.String:
		t, err := time.Parse(time.RFC3339Nano, v.Str)
		return t, err == nil
	case gjson.Number:
		if v.Num > 1e11 {
			return time.UnixMilli(int64(v.Num)), true
		}
		return time.UnixMicro(int64(v.Num * 1e6)), v.Num > 0
	}
	return time.Time{}, false
}
