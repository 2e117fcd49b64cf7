package source

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/scenario"
)

// parse reads a scenario from text.
func parse(t testing.TB, text string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse("test.yaml", []byte(text), scenario.Options{Dir: "../../scenarios"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const shopScenario = `
name: shop
load: {profile: "const(1000, 60s)"}
target: {compression: none}
traffic:
  seed: 42
  distinct_ids: {count: 10k, skew: 1.1, hot: [{share: 5%}, {id: kiosk, share: 2%}]}
  events: {$pageview: 70, purchase: 10, $identify: 3, $create_alias: 0.5, $merge_dangerously: 0.1, $groupidentify: 1, $set: 2}
  properties: {bytes: {p50: 400, p99: 2000}}
`

// eventsOf returns the JSON of events [from, to).
func eventsOf(s *scenario.Scenario, from, to int64) [][]byte {
	y, _ := NewSynth(s)
	w := body.NewBuilder(s, time.Unix(1_700_000_000, 0))
	y.prepare(w)
	var all [][]byte
	for i := from; i < to; i++ {
		y.model.Write(&w.Event, i, &w.Traffic)
		all = append(all, capture.AppendEvent(nil, &w.Event))
	}
	return all
}

// read is an event as the far end reads it.
type read struct {
	Event      string
	DistinctID string `json:"distinct_id"`
	UUID       string
	Timestamp  time.Time
	Properties map[string]any
}

func decode(t testing.TB, text []byte) read {
	t.Helper()
	var e read
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return e
}

func TestRandomAccessEqualsSequential(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	s := parse(t, shopScenario)
	all := eventsOf(s, 0, 40_000)
	for _, i := range []int64{39_999, 16_384, 16_383, 7, 32_768, 0} {
		if one := eventsOf(s, i, i+1)[0]; !bytes.Equal(one, all[i]) {
			t.Errorf("event %d alone:\n%s\nin sequence:\n%s", i, one, all[i])
		}
	}
}

// bodiesOf returns a digest of the first n bodies, built by this many workers.
func bodiesOf(t testing.TB, s *scenario.Scenario, n, workers int) string {
	t.Helper()
	source, plan, err := opened(s, Part{})
	if err != nil {
		t.Fatal(err)
	}
	batches := make([]*body.Batch, 0, min(int64(n), plan.Requests))
	for len(batches) < cap(batches) {
		b := new(body.Batch)
		if err := source.Next(b); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		batches = append(batches, b)
	}
	var group sync.WaitGroup
	for k := range workers {
		group.Go(func() {
			w := body.NewBuilder(s, time.Unix(1_700_000_000, 0))
			for i := k; i < len(batches); i += workers {
				source.Build(batches[i], w)
			}
		})
	}
	group.Wait()
	sum := sha256.New()
	for _, b := range batches {
		for part := b; part != nil; part = part.Overflow {
			io.WriteString(sum, part.Path)
			sum.Write(part.Body)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func TestSameBytesFromAnyNumberOfBuilders(t *testing.T) {
	t.Parallel()
	s := parse(t, shopScenario)
	if one, many := bodiesOf(t, s, 400, 1), bodiesOf(t, s, 400, 16); one != many {
		t.Errorf("bodies built by 1 worker %s, by 16 %s", one, many)
	}
}

// fingerprints are of the first 10,000 bodies of each ready scenario.
var fingerprints = map[string]string{
	"capacity":           "b0a9629195c20215a42eba6b95d97617a501bed7a5ecd18ffd392e76fefb07eb",
	"import-beside-live": "532136eee5ba266ca8b4a165cb422dc321c2a17f261eb2562e1d2beb1e2369cb",
	"quickstart":         "206572c5a0b8873c46179107955692057250e2d2ca806ed3c76e9ad49f7db0ad",
	"historical-import":  "9c4550c241086a791a3316c60bd4770b3e3a76fa365547aeb289b4f27e80d65a",
	"hot-id":             "2aab70f7f0633332596e8cb318cb3275f45119763be297bd762dd96b85ec4e6b",
	"merge-storm":        "17c8870d82b884ea63e5270558d2b0bc968b01dfd3e97dbfd80d423145bc14a6",
	"mobile-morning":     "8f17cc266e4906ee61bc40bb20e5e714f97447a8faea735e694b2e9fce91f04a",
	"flash-crowd":        "4f7016264d8fee5806b5a732492f22650cfbceecd8838ac65dc4cbde7d7df317",
	"single-event-flood": "b1ed63d149a047eab3be4eaf76cce137b5f5b76b831f512029b43ec5b6fde87a",
	"replay-wire":        "ad5c2c06f6a337b28ab12b95a69d5b82161d2985bb760aab874fc7e4eab57de9",
	"replay-activity":    "1d414c08dc80842e7887984e9fc9943855405376182c7546b415ded4dd601308",
}

// TestFingerprints pins the bodies of the ready scenarios: what a file means
// must not change unnoticed.
func TestFingerprints(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("builders that race are looked for by TestSameBytesFromAnyNumberOfBuilders")
	}
	files, err := filepath.Glob("../../scenarios/*.yaml")
	if err != nil || len(files) < len(fingerprints) {
		t.Fatalf("found %d scenarios (%v), want %d", len(files), err, len(fingerprints))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			s, err := scenario.LoadWith(file, scenario.Options{Set: []string{"target.compression=none"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := bodiesOf(t, s, 10_000, 2); got != fingerprints[name] {
				t.Errorf("the bodies of %s have digest\n%s, want\n%s", name, got, fingerprints[name])
			}
		})
	}
}

func TestSplitByBytes(t *testing.T) {
	t.Parallel()
	s := parse(t, shopScenario+"batching: {events: 200, bytes: 10kB}\n")
	y, _ := NewSynth(s)
	w := body.NewBuilder(s, time.Unix(0, 0))
	b := new(body.Batch)
	if err := y.Next(b); err != nil {
		t.Fatal(err)
	}
	y.Build(b, w)
	next := int64(0)
	for part := b; part != nil; part = part.Overflow {
		if part.First != next {
			t.Errorf("part begins with event %d, want %d", part.First, next)
		}
		if len(part.Body) > 10_000 && part.Events > 1 {
			t.Errorf("a body of %d events has %d bytes, want at most 10,000", part.Events, len(part.Body))
		}
		var body struct{ Batch []read }
		if err := json.Unmarshal(part.Body, &body); err != nil || int64(len(body.Batch)) != part.Events {
			t.Errorf("a body says %d events and holds %d (%v)", part.Events, len(body.Batch), err)
		}
		next += part.Events
	}
	if next != 200 {
		t.Errorf("the parts hold %d events, want 200", next)
	}
}

func TestBuildDoesNotAllocate(t *testing.T) {
	s := parse(t, shopScenario)
	y, _ := NewSynth(s)
	w := body.NewBuilder(s, time.Unix(0, 0))
	b := new(body.Batch)
	b.Events, b.Due = 100, time.Second
	for i := range 20 { // grow the buffers
		b.First = int64(i) * 100
		y.Build(b, w)
	}
	b.First = 0
	if n := testing.AllocsPerRun(100, func() { y.Build(b, w) }); n != 0 {
		t.Errorf("building a batch allocates %v times, want 0", n)
	}
}

// BenchmarkEvent is the cost of planning and encoding one event of about 310 bytes, for
// few and for many distinct ids, and of compressing it in a body of a hundred.
func BenchmarkEvent(b *testing.B) {
	for _, row := range []struct{ name, count, coding string }{
		{"ids=1k", "1k", "none"}, {"ids=1000M", "1000M", "none"},
		{"gzip", "1k", "gzip"}, {"deflate", "1k", "deflate, endpoint: v1"},
	} {
		b.Run(row.name, func(b *testing.B) {
			s := parse(b, `
name: bench
load: {profile: "const(100k, 2h)"}
target: {compression: `+row.coding+`}
traffic:
  distinct_ids: {count: `+row.count+`, skew: 1.1}
  events: {view: {weight: 70, from: server}, purchase: {weight: 10, from: server}, $set: {weight: 2, from: server}}
`)
			y, _ := NewSynth(s)
			w := body.NewBuilder(s, time.Unix(0, 0))
			batch := new(body.Batch)
			batch.Events = 100
			b.ReportAllocs()
			bytes, i := 0, int64(0)
			for b.Loop() {
				if i%100 == 0 {
					batch.First = i % 720_000_000
					y.Build(batch, w)
					bytes += len(batch.Body)
				}
				i++
			}
			b.ReportMetric(float64(bytes)/float64(i), "bytes/event")
		})
	}
}

// TestTokens: batches have the tokens by weight, one each, and the parts of a
// batch that is split by its bytes have the same.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := parse(t, `
name: projects
load: {profile: "const(8000, 1s)"}
target: {compression: none}
batching: {events: 10, bytes: 1kB}
traffic:
  tokens: [{token: phc_never, weight: 0}, {token: phc_one, weight: 3}, {token: phc_two}]
  events: {a: {from: server}}
`)
	y, plan := NewSynth(s)
	w := body.NewBuilder(s, time.Unix(0, 0))
	got := map[string]int{}
	split := 0
	for range plan.Requests {
		b := new(body.Batch)
		if err := y.Next(b); err != nil {
			t.Fatal(err)
		}
		y.Build(b, w)
		token := ""
		for part := b; part != nil; part = part.Overflow {
			var body struct {
				Key string `json:"api_key"`
			}
			if err := json.Unmarshal(part.Body, &body); err != nil {
				t.Fatal(err)
			}
			if token != "" && body.Key != token {
				t.Fatalf("parts of a batch bear %s and %s", token, body.Key)
			}
			if token != "" {
				split++
			}
			token = body.Key
		}
		got[token]++
	}
	// Of 800 batches three quarters; five standard deviations are 61.
	if one := got["phc_one"]; len(got) != 2 || one < 539 || one > 661 || split == 0 {
		t.Errorf("batches by token: %v (%d parts), want 600 and 200", got, split)
	}
}
