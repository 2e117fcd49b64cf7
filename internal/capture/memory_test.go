package capture_test

import (
	"cmp"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"rehearse/internal/capture"
)

// TestMemory: what a request makes the endpoint allocate is a small multiple of its
// JSON text, however many events a small body claims to hold. It must not run
// beside other tests: it counts what all of them allocate.
func TestMemory(t *testing.T) {
	const n = 100_000
	for _, row := range []struct {
		fact, body string
		times      int // 0: 8
	}{
		{"objects that are no events", "[" + strings.Repeat("{},", n) + "{}]", 0},
		{"the same in a batch", batchOf(strings.Repeat("{},", n) + "{}"), 0},
		{"the smallest events", batchOf(strings.Repeat(`{"event":"e","distinct_id":"d"},`, n) + `{"event":"e","distinct_id":"d"}`), 0},
		{"events without a name", batchOf(strings.Repeat(`{"event":""},`, n) + `{"event":""}`), 0},
		{"events that are dropped", batchOf(strings.Repeat(`{"event":"$performance_event"},`, n) + `{"event":"e","distinct_id":"d"}`), 0},
		{"a distinct_id of members", `{"api_key":"t","event":"e","distinct_id":{` + strings.Repeat(`"a":1,"b":2,`, n) + `"c":3}}`, 0},
		// Written out, 1e9 is 1000000000.0, once for the id and once for the message.
		{"a distinct_id of numbers", `{"api_key":"t","event":"e","distinct_id":[` + strings.Repeat(`1e9,`, n) + `1]}`, 36},
		{"properties of numbers", `{"api_key":"t","event":"e","distinct_id":"d","properties":{"p":[` + strings.Repeat(`1e9,`, n) + `1]}}`, 16},
		{"levels", strings.Repeat("[", 4*n), 0},
		{"one string", `{"api_key":"t","event":"e","distinct_id":"` + strings.Repeat(`\u0041`, n) + `"}`, 0},
	} {
		packed := gzipped(t, row.body)
		for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
			d := capture.Decoder{Generation: g}
			allocated := allocatedBy(func() { _, _ = d.Decode(sent(post(""), packed)) }) // any outcome will do
			if most := uint64(cmp.Or(row.times, 8)*len(row.body) + 8<<20); allocated > most {
				t.Errorf("%v: %s: %d bytes for a text of %d, want at most %d", g, row.fact, allocated, len(row.body), most)
			}
		}
	}
}

func batchOf(events string) string { return `{"api_key":"t","batch":[` + events + `]}` }

// TestMemoryV1: the same of v1.
func TestMemoryV1(t *testing.T) {
	const n = 100_000
	var valid strings.Builder
	for i := range n {
		fmt.Fprintf(&valid, `{"event":"e","uuid":"018a981f-4b35-7c66-825e-%012x","distinct_id":"d","timestamp":"2026-01-01T00:00:00Z"},`, i)
	}
	for fact, events := range map[string]string{
		"objects that are no events": strings.Repeat("{},", n) + "{}",
		"events without a uuid":      strings.Repeat(`{"event":"","uuid":"","distinct_id":"","timestamp":""},`, n) + "{}",
		"events":                     strings.TrimSuffix(valid.String(), ","),
		"levels":                     strings.Repeat("[", n) + strings.Repeat("]", n),
	} {
		body := `{"created_at":"2026-01-01T00:00:00Z","batch":[` + events + `]}`
		var d capture.DecoderV1
		r := aRequestV1(body)
		allocated := allocatedBy(func() { _, _ = d.Decode(r) }) // any outcome will do
		if most := uint64(16*len(body) + 8<<20); allocated > most {
			t.Errorf("%s: %d bytes for a text of %d, want at most %d", fact, allocated, len(body), most)
		}
	}
}

// aRequestV1 is a request to v1 as an SDK makes it.
func aRequestV1(body string) *capture.RequestV1 {
	return &capture.RequestV1{
		Authorization: []byte("Bearer phc_a"), UserAgent: []byte("test/1"), ContentType: []byte("application/json"), SDKInfo: []byte("test/1"),
		Attempt: []byte("1"), RequestID: []byte("018a981f-4b35-7c66-825e-8b0eeae65714"), Timestamp: []byte("2026-01-01T00:00:00Z"), Body: []byte(body),
	}
}

// allocatedBy is how many bytes are allocated while f runs.
func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
