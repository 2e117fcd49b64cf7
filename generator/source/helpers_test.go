package source

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/scenario"
)

// dealt opens s and builds every batch of it.
func dealt(t *testing.T, s *scenario.Scenario) (batches []body.Batch, plan Plan) {
	t.Helper()
	source, plan, err := opened(s, Part{})
	if err != nil {
		t.Fatal(err)
	}
	w := body.NewBuilder(s, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	for {
		b := new(body.Batch)
		if err := source.Next(b); err == io.EOF {
			return batches, plan
		} else if err != nil {
			t.Fatal(err)
		}
		source.Build(b, w)
		b.Body = bytes.Clone(b.Body)
		batches = append(batches, *b)
	}
}

const plainSingles = "target: {compression: none, connections: 4}\nbatching: {events: 1}\n"

// ready loads a ready scenario.
func ready(t *testing.T, name string, set ...string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.LoadWith(filepath.Join("..", "..", "scenarios", name+".yaml"), scenario.Options{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recorded reads the lines of a recording.
func recorded(t *testing.T, name string) (lines [][]byte) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "scenarios", "recordings", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	scan := bufio.NewScanner(r)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		if !bytes.HasPrefix(scan.Bytes(), []byte("#")) {
			lines = append(lines, bytes.Clone(scan.Bytes()))
		}
	}
	return lines
}

// replayOf returns a scenario that replays a file of this content.
func replayOf(t *testing.T, name, content, more string) *scenario.Scenario {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return parse(t, "name: test\nreplay:\n  files: ["+path+"]\n  fields: {event: e, distinct_id: d, timestamp: t}\n"+more)
}

func compressed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, text)
	z.Close()
	return b.String()
}

const threeLines = `{"e":"a","d":"x","t":"2026-01-01T00:00:00Z","n":1}
{"e":"b","d":"y","t":"2026-01-01T00:00:01Z","n":2}
{"e":"c","d":"x","t":"2026-01-01T00:00:02Z","n":3}
`

// longReplay is a recording of 1200 events over two minutes.
func longReplay(t *testing.T) *scenario.Scenario {
	t.Helper()
	var text strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&text, `{"e":"a","d":"user-%d","t":%d,"properties":{"n":%d,"filler":"%s"}}`+"\n", i*i%97, 1767225600000+i*100, i, strings.Repeat("x", i%400))
	}
	return replayOf(t, "a", text.String(), "target: {connections: 6, compression: none}\nbatching: {events: 30, bytes: 4kB, age: 2s}\n")
}

// wireEvent is an event as a body has it.
type wireEvent struct {
	Event      string          `json:"event"`
	DistinctID string          `json:"distinct_id"`
	UUID       string          `json:"uuid"`
	Timestamp  time.Time       `json:"timestamp"`
	Properties json.RawMessage `json:"properties"`
}

// decoded reads the events of a body.
func decoded(t *testing.T, b *body.Batch) []wireEvent {
	t.Helper()
	var read struct{ Batch []wireEvent }
	if err := json.Unmarshal(b.Body, &read); err != nil {
		t.Fatalf("%v in %s", err, b.Body)
	}
	return read.Batch
}
