package generator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/capture"
	"rehearse/scenario"
	"rehearse/staging"
)

// dealt opens s and builds every batch of it.
func dealt(t *testing.T, s *scenario.Scenario) (batches []Batch, plan Plan) {
	t.Helper()
	source, plan, err := opened(s, Part{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorkbench(s, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	for {
		b := newBatch()
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

// wireEvent is an event as the endpoint reads it.
type wireEvent struct {
	Event      string          `json:"event"`
	DistinctID string          `json:"distinct_id"`
	UUID       string          `json:"uuid"`
	Timestamp  time.Time       `json:"timestamp"`
	Properties json.RawMessage `json:"properties"`
}

func (b *Batch) decoded(t *testing.T) []wireEvent {
	t.Helper()
	var body struct{ Batch []wireEvent }
	if err := json.Unmarshal(b.Body, &body); err != nil {
		t.Fatalf("%v in %s", err, b.Body)
	}
	return body.Batch
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
		e := batches[i].decoded(t)[0]
		uuids[e.UUID] = true
		if due := time.Duration(want) * time.Second; batches[i].Due != due || !e.Timestamp.Equal(time.Date(2030, 1, 1, 0, 0, want, 0, time.UTC)) {
			t.Errorf("event %d is due at %v and says %v, want %v", i, batches[i].Due, e.Timestamp, due)
		}
	}
	if len(uuids) != 9 || plan.Events != 9 || plan.Span != 16*time.Second {
		t.Errorf("%d different uuids, %d events over %v", len(uuids), plan.Events, plan.Span)
	}
}

// TestMergesKeepTheirOrder: the events of an anonymous id, the merge, and those of
// the user arrive in this order, for chains of merges too, at an endpoint that is
// much slower for some requests than for others.
func TestMergesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	at := 1767225600000
	line := func(name, id, more string) {
		at += 10
		fmt.Fprintf(&text, `{"e":%q,"d":%q,"t":%d,"properties":{%s}}`+"\n", name, id, at, more)
	}
	const families = 40
	step := func(i int) {
		anon, user, alias := fmt.Sprintf("anon-%d", i), fmt.Sprintf("user-%d", i), fmt.Sprintf("alias-%d", i)
		line("view", anon, "")
		line("$identify", user, fmt.Sprintf(`"$anon_distinct_id":%q`, anon))
		line("view", user, "")
		line("view", alias, "")
		line("$create_alias", user, fmt.Sprintf(`"alias":%q`, alias))
		line("view", alias, "")
	}
	for i := range families {
		step(i)
	}
	s := replayOf(t, "a", text.String(), "target: {connections: 8}\nbatching: {events: 1}\n")
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		var decoder capture.Decoder
		r := stageRun{scenario: s, endpoint: staging.Config{
			Stall: staging.Stall{Every: 300 * time.Millisecond, For: 200 * time.Millisecond}, Delay: 25 * time.Millisecond,
			Observe: func(q *capture.Request, _ int) {
				mu.Lock()
				defer mu.Unlock()
				if got, err := decoder.Decode(q); err == nil {
					order = append(order, string(got.Events[0].Event)+" "+string(got.Events[0].DistinctID))
				}
			},
		}}
		r.run(t)
		r.balance(t)
		byFamily := map[string][]string{}
		for _, e := range order {
			family := e[strings.LastIndex(e, "-"):]
			byFamily[family] = append(byFamily[family], e)
		}
		for family, got := range byFamily {
			want := strings.ReplaceAll("view anon$ $identify user$ view user$ view alias$ $create_alias user$ view alias$", "$ ", family+" ")
			want = strings.TrimSuffix(want, "$") + family
			if strings.Join(got, " ") != want {
				t.Errorf("arrived as %v", got)
			}
		}
		if len(byFamily) != families {
			t.Errorf("%d families arrived", len(byFamily))
		}
	})
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
		before := originals[i].decoded(t)
		for k, after := range batches[i].decoded(t) {
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
