package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/generator/body"
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
		for b, w := new(body.Batch), body.NewBuilder(s, time.Unix(0, 0)); source.Next(b) == nil; b.Reset() {
			if source.Build(b, w); b.ContentType == "application/json" && b.Path == "/batch/" && !json.Valid(b.Body) {
				t.Errorf("%q became %q", line, b.Body)
			}
		}
	})
}

// TestGapsAreCapped: pauses of 1 s, 1 h and 2 s become 1, 1.5 and 1.5 s at half
// the speed twice as long.
func TestGapsAreCapped(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for _, second := range []int{0, 1, 3601, 3603} {
		fmt.Fprintf(&text, `{"e":"a","d":"x","t":%d}`+"\n", 1767225600+second)
	}
	batches, plan := dealt(t, replayOf(t, "a", text.String(), "  max_gap: 1500ms\n  speed: 0.5\n"+plainSingles))
	for i, want := range []time.Duration{0, 2 * time.Second, 5 * time.Second, 8 * time.Second} {
		if batches[i].Due != want {
			t.Errorf("event %d is due at %v, want %v", i, batches[i].Due, want)
		}
	}
	if plan.Span != 8*time.Second {
		t.Errorf("span %v", plan.Span)
	}
}

// TestLoop: three passes of events at 0, 1 and 4 s follow each other by the mean
// distance of 2 s, and no event has the uuid of another.
func TestLoop(t *testing.T) {
	t.Parallel()
	text := `{"e":"a","d":"x","t":1767225600}
{"e":"b","d":"x","t":1767225601}
{"e":"c","d":"x","t":1767225604}
`
	s := replayOf(t, "a", text, "  loop: 3\n  timestamps: now\n"+plainSingles)
	batches, plan := dealt(t, s)
	uuids := map[string]bool{}
	for i, want := range []int{0, 1, 4, 6, 7, 10, 12, 13, 16} {
		e := decoded(t, &batches[i])[0]
		uuids[e.UUID] = true
		if due := time.Duration(want) * time.Second; batches[i].Due != due || !e.Timestamp.Equal(time.Date(2030, 1, 1, 0, 0, want, 0, time.UTC)) {
			t.Errorf("event %d is due at %v and says %v, want %v", i, batches[i].Due, e.Timestamp, due)
		}
	}
	if len(uuids) != 9 || plan.Events != 9 || plan.Span != 16*time.Second {
		t.Errorf("%d different uuids, %d events over %v", len(uuids), plan.Events, plan.Span)
	}
}

// TestPass: a recording that is sent under another number has other uuids, those of a loop that
// went on; recorded requests have theirs in their bytes, and that is said.
func TestPass(t *testing.T) {
	t.Parallel()
	const line = `{"e":"a","d":"x","t":1767225600}` + "\n"
	uuids := func(more string) (all []string) {
		batches, _ := dealt(t, replayOf(t, "a", line, more+plainSingles))
		for i := range batches {
			all = append(all, decoded(t, &batches[i])[0].UUID)
		}
		return all
	}
	loop := uuids("  loop: 5\n")
	if got := uuids("  pass: 3\n  loop: 2\n"); !slices.Equal(got, loop[3:]) {
		t.Errorf("from the third pass on: %q, want the last of %q", got, loop)
	}
	for _, set := range []string{"replay.pass=1", "replay.loop=2"} {
		if _, _, err := opened(ready(t, "replay-wire", "replay.format=auto", set), Part{}); err == nil ||
			!strings.Contains(err.Error(), "under new uuids") {
			t.Errorf("%s: %v", set, err)
		}
	}
}

// TestEndlessLoop: on the clock of a profile the recording is sent as often as the profile has
// room for, and no pass begins after that.
func TestEndlessLoop(t *testing.T) {
	t.Parallel()
	const text = `{"e":"a","d":"x","t":1767225600}` + "\n" + `{"e":"b","d":"x","t":1767225601}` + "\n"
	s := replayOf(t, "a", text, fmt.Sprintf("  clock: profile\n  loop: %d\nload: {profile: \"const(5, 1s)\"}\n%s",
		scenario.MaxLoop, plainSingles))
	batches, plan := dealt(t, s)
	if len(batches) != 5 || plan.Events != 5 || len(plan.Warnings) != 0 {
		t.Errorf("%d batches, %d events, warnings %q", len(batches), plan.Events, plan.Warnings)
	}
}

// TestOrderHasItsPrice: where one id has half of the events, order per id goes at
// most twice as fast as one connection, and the plan says so.
func TestOrderHasItsPrice(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 4000 {
		id := "kiosk"
		if i%2 == 1 {
			id = fmt.Sprint("user-", i)
		}
		fmt.Fprintf(&text, `{"e":"a","d":%q,"t":%d}`+"\n", id, 1767225600+i)
	}
	_, plan, err := opened(replayOf(t, "a", text.String(), "target: {connections: 8}\n"), Part{})
	if err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(plan.Warnings, "\n"); !strings.Contains(all, "order per-id: one of 8 connections carries 5") || !strings.Contains(all, "1.8 times") {
		t.Errorf("warnings are %q", all)
	}
}

// TestNothingLeaksThroughMasks: none of the planted values is in any body, while
// equal ids stay equal, merges still join them, and shapes stay.
func TestNothingLeaksThroughMasks(t *testing.T) {
	t.Parallel()
	planted := []string{
		"anna.schmidt@example.com", "203.0.113.77", "2001:db8::7334", "Anna Schmidt", "+49 731 5550199", "4111111111111111", "Größe unbekannt",
		"https://example.com/users/anna?token=s3cr3t", "018a981f-4b35-7c66-825e-8b0eeae65714", "anon-7f31c09d", "1987-05-23", "48.401082", "she wrote a long text", "9.987600e3",
	}
	var text strings.Builder
	random := rand.New(rand.NewPCG(1, 2))
	id := func() string { return planted[[]int{0, 8, 9}[random.IntN(3)]] }
	for i := range 200 {
		value := planted[random.IntN(len(planted))]
		quoted, _ := json.Marshal(value)
		raw := string(quoted)
		if value == "48.401082" || value == "4111111111111111" || value == "9.987600e3" {
			raw = value
		}
		fmt.Fprintf(&text, `{"e":"$identify","d":%q,"t":%d,"uuid":"018a981f-4b35-7c66-825e-8b0eeae65714","properties":{"$anon_distinct_id":%q,"p%d":%s,"$set":{"email":%s,"list":[[%s]],"ok":true,"none":null},%s:1,"plan":"gold"}}`+"\n",
			id(), 1767225600+i, id(), i, raw, raw, raw, quoted)
	}
	s := replayOf(t, "a", text.String(), "  pseudonymize: true\n  keep: [plan]\n"+strings.ReplaceAll(plainSingles, "events: 1", "events: 7"))
	batches, _ := dealt(t, s)
	plain := *s
	plain.Replay = new(scenario.Replay)
	*plain.Replay = *s.Replay
	plain.Replay.Pseudonymize = false
	originals, _ := dealt(t, &plain)
	pseudonym, original := map[string]string{}, map[string]string{}
	for i := range batches {
		for _, value := range planted {
			if bytes.Contains(bytes.ToLower(batches[i].Body), bytes.ToLower([]byte(value))) {
				t.Fatalf("%q is in the body %s", value, batches[i].Body)
			}
		}
		before := decoded(t, &originals[i])
		for k, after := range decoded(t, &batches[i]) {
			var was, is struct {
				Anon string `json:"$anon_distinct_id"`
				Plan string `json:"plan"`
			}
			json.Unmarshal(before[k].Properties, &was)
			json.Unmarshal(after.Properties, &is)
			for _, pair := range [][2]string{{before[k].DistinctID, after.DistinctID}, {was.Anon, is.Anon}} {
				if old, ok := pseudonym[pair[0]]; ok && old != pair[1] {
					t.Fatalf("%s has two pseudonyms, %s and %s", pair[0], old, pair[1])
				}
				if old, ok := original[pair[1]]; ok && old != pair[0] {
					t.Fatalf("%s and %s share the pseudonym %s", old, pair[0], pair[1])
				}
				pseudonym[pair[0]], original[pair[1]] = pair[1], pair[0]
				if max(len(pair[0]), 16) != len(pair[1]) {
					t.Errorf("%s became %s", pair[0], pair[1])
				}
			}
			if is.Plan != "gold" || after.Event != "$identify" {
				t.Errorf("%s %s: what is kept is gone", after.Event, after.Properties)
			}
		}
	}
	if len(pseudonym) != 3 {
		t.Errorf("%d ids, want 3", len(pseudonym))
	}
}

// TestRequestsAreNotPseudonymized: what cannot be masked is not sent.
func TestRequestsAreNotPseudonymized(t *testing.T) {
	t.Parallel()
	s := replayOf(t, "a", `{"path":"/e/","body":"e30=","now":"2026-01-01T00:00:00Z"}`, "")
	s.Replay.Pseudonymize, s.Replay.Fields = true, scenario.DefaultFields()
	if _, _, err := opened(s, Part{}); err == nil || !strings.Contains(err.Error(), "cannot pseudonymize") {
		t.Errorf("error is %v", err)
	}
}

func TestBadRecordings(t *testing.T) {
	t.Parallel()
	whole := compressed(strings.Repeat(threeLines, 1000))
	for _, c := range []struct{ name, file, content, want string }{
		{"empty", "a.jsonl", "", "holds no line"},
		{"comments only", "a.jsonl", "# nothing\n\n", "holds no line"},
		{"truncated gzip", "a.gz", whole[:len(whole)-20], "breaks off"},
		{"not gzip after all", "a.gz", "\x1f\x8b\x08nonsense nonsense nonsense", "cannot read recording"},
		{"nothing usable", "a.jsonl", "hello\nworld\n", "nothing that can be sent"},
		{"a table without these columns", "a.csv", "name,user,at\na,x,2026-01-01\n", "it was read as jsonl: replay.format names"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := opened(replayOf(t, c.file, c.content, ""), Part{})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

// TestLinesLeftOut: what cannot be sent is counted by reason, with the place
// where it began, and the rest is sent.
func TestLinesLeftOut(t *testing.T) {
	t.Parallel()
	_, plan, err := opened(replayOf(t, "a.jsonl", `[1,2]
{"e":"a","d":"x","t":"2026-01-01T00:00:00Z"
{"e":"","d":"x","t":"2026-01-01T00:00:00Z"}
{"e":"a","t":"2026-01-01T00:00:00Z"}
{"e":"a","d":"x","t":"yesterday"}
`+threeLines, ""), Part{})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Events != 3 || plan.Span != 2*time.Second {
		t.Errorf("planned %d events over %v, want 3 over 2 s", plan.Events, plan.Span)
	}
	all := strings.Join(plan.Warnings, "\n")
	for _, want := range []string{
		"2 recorded lines left out: not a JSON object (first at ", "a.jsonl:1; replay.format says",
		"1 recorded lines left out: no event name", "left out: no distinct_id", "left out: no time", `"yesterday" is not written like any time`, "time_format how it is written",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("the warnings lack %q:\n%s", want, all)
		}
	}
}
