package generator

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/scenario"
)

// TestRecordedEvent: what is mapped becomes the event's parts, what is not its
// properties, byte for byte.
func TestRecordedEvent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, line, more, want string }{
		{"unmapped members", `{"n":1e3,"e":"a","d":"x","t":"2026-01-01T00:00:00Z","deep":{"é":[1, 2]}}`, "",
			`{"event":"a","distinct_id":"x","uuid":"U","timestamp":"2026-01-01T00:00:00.000Z","properties":{"n":1e3,"deep":{"é":[1, 2]}}}`},
		{"numeric id and time", `{"e":"a","d":7,"t":1767225600}`, "",
			`{"event":"a","distinct_id":"7","uuid":"U","timestamp":"2026-01-01T00:00:00.000Z","properties":{}}`},
		{"milliseconds", `{"e":"a","d":"x","t":1767225600123}`, "",
			`{"event":"a","distinct_id":"x","uuid":"U","timestamp":"2026-01-01T00:00:00.123Z","properties":{}}`},
		{"properties as they are", `{"e":"a","d":"x","t":1767225600,"properties":{"p":1},"other":2}`, "",
			`{"event":"a","distinct_id":"x","uuid":"U","timestamp":"2026-01-01T00:00:00.000Z","properties":{"p":1}}`},
		{"a uuid is kept", `{"e":"a","d":"x","t":1767225600,"uuid":"018a981f-4b35-7c66-825e-8b0eeae65714"}`, "",
			`{"event":"a","distinct_id":"x","uuid":"018a981f-4b35-7c66-825e-8b0eeae65714","timestamp":"2026-01-01T00:00:00.000Z","properties":{}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := replayOf(t, "a.jsonl", c.line, c.more)
			var out bytes.Buffer
			if err := Sample(&out, s, time.Now(), 0, 1); err != nil {
				t.Fatal(err)
			}
			got := strings.TrimSpace(out.String())
			if !strings.Contains(c.want, "018a") {
				e := decode(t, []byte(got))
				got = strings.Replace(got, e.UUID, "U", 1)
			}
			if got != c.want {
				t.Errorf("the event is\n%s, want\n%s", got, c.want)
			}
		})
	}
}

// FuzzRecordedLine: no line of a recording makes a replay panic, and whatever is
// sent, masked or not, is valid JSON.
func FuzzRecordedLine(f *testing.F) {
	for line := range strings.Lines(threeLines) {
		f.Add([]byte(line))
	}
	f.Add([]byte(`{"e":"a","d":"\ud800","t":1e99}`))
	f.Add([]byte(`{"e":"a","d":{"b":[]},"t":"2026-01-01T00:00:00Z","properties":{"a":1},"properties":2}`))
	f.Add([]byte(`{"e":"a","d":"x","t":1,"at":"2026-01-01T00:00:00.5+01:00","n":-12.5e-3,"a@b":["é"]}`))
	f.Add([]byte(`{"path":"/batch/?a=b","method":"POST","body":"e30=","now":"2026-01-01T00:00:00Z","ip":"\r\nX: y"}`))
	path := filepath.Join(f.TempDir(), "a.jsonl")
	f.Fuzz(func(t *testing.T, line []byte) {
		if err := os.WriteFile(path, line, 0o600); err != nil {
			t.Fatal(err)
		}
		r := scenario.DefaultReplay()
		r.Paths, r.Pseudonymize = []string{path}, len(line)%2 == 0
		r.Fields.Event, r.Fields.DistinctID, r.Fields.Timestamp = scenario.From("e"), scenario.From("d"), scenario.From("t")
		s := &scenario.Scenario{
			Replay:   r,
			Batching: scenario.Batching{MinEvents: 2, MaxEvents: 2, Bytes: 1 << 20},
			Target:   scenario.Target{Connections: 2},
		}
		source, _, err := opened(s, Part{})
		if err != nil {
			return
		}
		for b, w := newBatch(), newWorkbench(s, time.Unix(0, 0)); source.Next(b) == nil; b.reset() {
			if source.Build(b, w); b.ContentType == contentJSON && b.Path == "/batch/" && !json.Valid(b.Body) {
				t.Errorf("%q became %q", line, b.Body)
			}
		}
	})
}
