package generator

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture"
	"rehearse/scenario"
	"rehearse/staging"
)

// ready loads a ready scenario.
func ready(t *testing.T, name string, set ...string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.LoadWith(filepath.Join("..", "scenarios", name+".yaml"), scenario.Options{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recorded reads the lines of a recording.
func recorded(t *testing.T, name string) (lines [][]byte) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "scenarios", "recordings", name))
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

// TestWireReplay: the recorded requests arrive byte for byte and in order.
func TestWireReplay(t *testing.T) {
	t.Parallel()
	type request struct{ path, kind, body string }
	var want []request
	for _, line := range recorded(t, "posthog_wire_2023-09.jsonl") {
		var r struct {
			Path, Body string
			Kind       string `json:"content_type"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		body, err := base64.StdEncoding.DecodeString(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, request{r.Path, r.Kind, string(body)})
	}
	synctest.Test(t, func(t *testing.T) {
		var got []request
		r := stageRun{scenario: ready(t, "replay-wire")}
		r.endpoint.Observe = func(q *capture.Request, _ int) {
			path := string(q.Path)
			if len(q.Query) > 0 {
				path += "?" + string(q.Query)
			}
			got = append(got, request{path, string(q.ContentType), string(q.Body)})
		}
		r.run(t)
		r.balance(t)
		if len(got) != len(want) || len(want) != 16 {
			t.Fatalf("%d requests arrived of %d recorded", len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("request %d arrived as %q, recorded as %q", i, got[i], want[i])
			}
		}
		// 88 events; one came in a request that says gzip and is none
		if got := r.total.Fates; got[capture.FateAccepted].Events != 87 || got[capture.FateRejected].Events != 1 || r.stats.Events.Accepted != 87 {
			t.Errorf("%+v, the endpoint accepted %d events; want 87, and 1 rejected", got, r.stats.Events.Accepted)
		}
	})
}

// arrivals gathers which events arrive at an endpoint, in order.
type arrivals struct {
	mu      sync.Mutex
	decoder capture.Decoder
	byID    map[string][]string // uuids by distinct_id
	events  int
}

func (a *arrivals) observe(r *capture.Request, _ int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	got, err := a.decoder.Decode(r)
	if err != nil {
		return
	}
	for _, e := range got.Events {
		id := string(e.DistinctID)
		a.byID[id] = append(a.byID[id], e.UUID.String())
		a.events++
	}
}

// TestActivityReplay: an hour of real activity arrives whole, the events of each
// actor in their recorded order, even at an endpoint that stalls and is slower
// for some requests than for others.
func TestActivityReplay(t *testing.T) {
	t.Parallel()
	want := map[string]int{}
	order := map[string][]string{}
	lines, set := recorded(t, "activity-2015-02-22-21.json.gz"), []string(nil)
	if len(lines) != 29963 {
		t.Errorf("%d lines were recorded", len(lines))
	}
	if raced { // What races shows as well in the first minutes.
		lines = lines[:3000]
		path := filepath.Join(t.TempDir(), "activity.json")
		if err := os.WriteFile(path, bytes.Join(lines, []byte("\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		set = []string{"replay.files=[" + path + "]"}
	}
	for _, line := range lines {
		var e struct{ Actor, ID string }
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		want[e.Actor]++
		order[e.Actor] = append(order[e.Actor], derived(e.ID))
	}
	synctest.Test(t, func(t *testing.T) {
		got := arrivals{byID: map[string][]string{}}
		r := stageRun{scenario: ready(t, "replay-activity", set...), endpoint: staging.Config{
			Stall: staging.Stall{Every: 7 * time.Second, For: 2 * time.Second}, Delay: 5 * time.Millisecond,
			Observe: got.observe,
		}}
		r.run(t)
		r.balance(t)
		if got.events != len(lines) {
			t.Errorf("%d events arrived of %d recorded", got.events, len(lines))
		}
		for id, n := range want {
			if strings.Join(got.byID[id], " ") != strings.Join(order[id], " ") {
				t.Fatalf("the %d events of one actor arrived as\n%v, recorded as\n%v", n, got.byID[id], order[id])
			}
		}
	})
}

// derived is the UUID that a replay gives to a recorded id which is none.
func derived(id string) string {
	u := capture.UUID(xxh3.HashString128(id).Bytes())
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// TestRecordedSpeedInVirtualTime: a recorded hour at its own speed ends to the
// nanosecond when it should, with every second of it slept through.
func TestRecordedSpeedInVirtualTime(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here that other replays do not do")
	}
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var last time.Duration
		began := time.Now()
		r := stageRun{scenario: ready(t, "replay-activity", "replay.speed=1", "replay.order=none", "batching.events=1000", "batching.age=30s"), endpoint: staging.Config{
			Observe: func(*capture.Request, int) {
				mu.Lock()
				defer mu.Unlock()
				last = max(last, time.Since(began))
			},
		}}
		r.run(t)
		r.balance(t)
		if want := time.Hour - time.Second; r.plan.Span != want || last != want { // from 21:00:00 to 21:59:59
			t.Errorf("planned %v, the last request arrived after %v, want %v", r.plan.Span, last, want)
		}
	})
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
