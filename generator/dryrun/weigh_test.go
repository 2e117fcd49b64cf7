package dryrun

import (
	"fmt"
	"math"
	"net/url"
	"testing"
	"time"

	"rehearse/generator/source"
	"rehearse/generator/transport"
)

// aside is where dry runs would send.
var aside = transport.Destination{URL: &url.URL{Scheme: "http", Host: "endpoint"}, UserAgent: "test", Timeout: time.Second}

// TestWeigh: estimates against every request, within twice the error that they
// claim.
func TestWeigh(t *testing.T) {
	t.Parallel()
	const profile = "line(0, 1500, 4s) const(1500, 5s)"
	rows := []string{
		"batching: {events: 100}", "batching: {events: {min: 1, max: 30}}", "batching: {events: 1}\ntarget: {endpoint: capture, compression: none}",
		"batching: {events: 7}\ntarget: {endpoint: v1, compression: zstd}", "batching: {events: 500, bytes: 100kB}",
		"batching: {events: 3k}\ntarget: {compression: none}", "batching: {events: 100, age: 20ms}", "target: {client: posthog-js}\nload: {profile: 'const(90, 20s)'}",
	}
	if raced {
		rows = rows[5:6] // the others differ in nothing that happens at the same time
	}
	for _, more := range rows {
		t.Run(more, func(t *testing.T) {
			t.Parallel()
			text := "name: a\ntraffic: {seed: 4, events: {$pageview: 9, purchase: 3}}\n" + more + "\n"
			if more[:7] != "target:" {
				text += fmt.Sprintf("load: {profile: '%s', arrivals: poisson}\n", profile)
			}
			s, start := parse(t, text), time.Unix(1_800_000_000, 0)
			said := Weigh(s, &aside, start, boundless)
			var requests, body, wire, events int64
			plan, err := Run(s, &aside, start, boundless, func() func(*Built) {
				return func(d *Built) {
					if d.Submission == nil || int64(len(d.Submission.Events)) != d.Events {
						t.Fatalf("%d events: the endpoint would understand %+v", d.Events, d.Submission)
					}
					requests, events, body, wire = requests+1, events+d.Events, body+d.Body, wire+d.Wire
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if events != plan.Events || events != s.Load.Curve.Total() {
				t.Errorf("%d events, planned %d", events, plan.Events)
			}
			for _, row := range []struct {
				what      string
				said, was int64
				off       float64
			}{{"requests", said.Requests, requests, said.RequestError}, {"body", said.Body, body, said.BodyError}, {"wire", said.Wire, wire, said.WireError}} {
				if math.Abs(float64(row.said-row.was)) > 2*row.off*float64(row.was) {
					t.Errorf("%s: said %d ± %.3g %%, was %d", row.what, row.said, 100*row.off, row.was)
				}
			}
			if said.BodyError > 0.1 || said.WireError > 0.1 || said.RequestError > 0.1 {
				t.Errorf("the estimate is of no use: %+v", said)
			}
		})
	}
}

// TestWeighOfAges: requests of a run that is too long to be counted, against the
// same run counted.
func TestWeighOfAges(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for _, arrivals := range []string{"even", "poisson"} {
		s := parse(t, "name: a\nload: {profile: 'line(0, 5000, 200s) const(5000, 390s)', arrivals: "+arrivals+"}\nbatching: {events: 100, age: 50ms}\ntraffic: {}\n")
		said, off := countCuts(s)
		_, plan := source.NewSynth(s)
		if plan.Events <= fewEvents || off != ageError {
			t.Fatalf("%d events are counted rather than reckoned", plan.Events)
		}
		if math.Abs(float64(said-plan.Requests)) > off*float64(plan.Requests) {
			t.Errorf("%s: said %d ± %.3g %%, are %d", arrivals, said, 100*off, plan.Requests)
		}
	}
}

// TestWeighIsCheap: a run of 400 million events has no more built of it than one
// of a few thousand.
func TestWeighIsCheap(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	s := parse(t, "name: a\nload: {profile: 'const(5000, 80000s)', arrivals: poisson}\nbatching: {events: 100k, bytes: 100MB}\ntraffic: {properties: {bytes: {p50: 300, p99: 400}}}\n")
	said := Weigh(s, &aside, time.Unix(0, 0), boundless)
	if said.Requests != 4000 || said.MaxBody < 28_000_000 || said.MaxBody > 34_000_000 {
		t.Errorf("%+v", said) // 100,000 events of about 0.3 kB
	}
}
