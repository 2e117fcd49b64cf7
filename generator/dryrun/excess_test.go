package dryrun

import (
	"math"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/preflight"
)

// TestRefusedForetold: what an endpoint would refuse, computed from a sample, against
// every request built and read as the endpoint does.
func TestRefusedForetold(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	const sized = "traffic: {seed: 4, properties: {bytes: {p50: 700, p99: 2kB}}}\n"
	for _, row := range []struct {
		name, text, facts string
		reason            string // empty: nothing is refused
	}{
		{"bodies of 2024", "batching: {events: 3k}\ntarget: {compression: none}\n" + sized, "generation: 2024", "request body too large"},
		{"a part of the bodies", "batching: {events: {min: 100, max: 500}}\ntarget: {compression: none}\n" + sized, "limits: {body: 250kB}", "request body too large"},
		{"bodies at the very limit", "batching: {events: 200}\ntarget: {compression: none}\n" + sized, "limits: {body: 166kB}", "request body too large"},
		{"compressed bodies", "batching: {events: {min: 100, max: 500}}\n" + sized, "limits: {body: 60kB}", "request body too large"},
		{"decompressed bodies", "batching: {events: {min: 100, max: 500}}\ntraffic: {events: {a: {weight: 1, from: server, properties: {text: {words: [1, 2]}, word: " + strings.Repeat("a", 500) + "}}}}\n", "limits: {body: 64kB}", "decompressed body too large"},
		{"cut by their bytes", "batching: {events: 500, bytes: 100kB}\ntarget: {compression: none}\n" + sized, "limits: {body: 100kB}", ""},
		{"bodies of v1", "batching: {events: 300}\ntarget: {endpoint: v1, compression: none}\n" + sized, "limits: {body: 250kB}", "request body too large"},
		{"the tail of the sizes", "batching: {events: 20}\n" + sized, "limits: {event: 3kB}", "event too large"},
		{"the tail in v1", "batching: {events: 20}\ntarget: {endpoint: v1}\n" + sized, "limits: {event: 3kB}", "event too large"},
		{"a rare kind of event", "batching: {events: 20}\ntraffic: {events: {a: {weight: 999, properties: {}}, report: {weight: 1, properties: {text: {words: [900, 1000]}}}}}\n", "limits: {event: 5kB}", "event too large"},
		{"large on purpose", "batching: {events: 20}\ntraffic: {faults: {invalid: {over_size: 0.05%}}}\n", "{}", "event too large"},
		{"without an id", "batching: {events: 20}\ntraffic: {faults: {invalid: {no_distinct_id: 0.02%}}}\n", "{}", "event submitted without a distinct_id"},
		{"nothing", "batching: {events: 20}\n" + sized, "{}", ""},
		{"nothing in v1", "batching: {events: 20}\ntarget: {endpoint: v1}\n" + sized, "{}", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s, start := parse(t, "name: a\nload: {profile: 'const(2000, 10s)'}\n"+row.text), time.Unix(1_800_000_000, 0)
			f, err := preflight.ParseFacts("p.yaml", []byte(row.facts))
			if err != nil {
				t.Fatal(err)
			}
			s.Staging.Generation = f.Generation
			most := f.Limits(s.Target.Endpoint)
			counted, err := countRefused(s, &aside, start, most)
			if err != nil {
				t.Fatal(err)
			}
			said, was := only(t, estimate(s, &aside, start, most).Refused), only(t, counted)
			if said.Oversize != was.Oversize || said.Status != was.Status || said.Reason != was.Reason && said.Oversize == capture.NotOversize {
				t.Errorf("said %+v, was %+v", said, was)
			}
			if was.Oversize.String() != row.reason && was.Reason != row.reason {
				t.Errorf("%+v, want %q", was, row.reason)
			}
			if off := math.Abs(float64(said.Events - was.Events)); off > 2*said.Error*float64(said.Events)+0.5 {
				t.Errorf("said %d requests with %d events ± %.3g, was %d with %d", said.Requests, said.Events, said.Error, was.Requests, was.Events)
			}
		})
	}
}

// only returns the one reason of which there may be any.
func only(t *testing.T, all []capture.Refused) capture.Refused {
	t.Helper()
	switch len(all) {
	case 0:
		return capture.Refused{}
	case 1:
		return all[0]
	}
	t.Fatalf("more than one reason: %+v", all)
	return capture.Refused{}
}
