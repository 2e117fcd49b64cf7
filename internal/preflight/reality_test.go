package preflight_test

import (
	"context"
	"math"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"rehearse/generator"
	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/internal/preflight"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// different are loads that overflow for different reasons. The first two are
// compressed, which is most of the work, so that bytes on the wire are held to
// what was predicted.
var different = []struct{ name, text string }{
	{"one id has a stated share of a ramp", `
name: share
load: {profile: 'line(0, 2000, 5s) const(2000, 20s) line(2000, 0, 5s)'}
traffic: {seed: 3, distinct_ids: {count: 100k, skew: 0.5, hot: [{id: kiosk, share: 20%}, {id: till, events: 4k}]}, events: {$pageview: 9, $identify: 1}}
`},
	{"the head of a skewed crowd", `
name: crowd
load: {profile: 'line(0, 4000, 8s) const(4000, 12s)', arrivals: poisson}
batching: {events: 20}
traffic: {seed: 4, distinct_ids: {count: 1M, skew: 1.3}, properties: {bytes: {p50: 300, p99: 400}}}
`},
	{"batches that are larger than the burst", `
name: lumps
target: {compression: none}
load: {profile: 'line(0, 1000, 10s) const(1000, 60s)'}
batching: {events: 5000}
traffic: {seed: 5, distinct_ids: {count: 10k, skew: 0, hot: [{id: import-job, share: 60%}]}, properties: {bytes: {p50: 300, p99: 400}}}
`},
	{"two peaks, with time to recover between them", `
name: peaks
target: {compression: none}
load: {profile: 'line(0, 3000, 6s) line(3000, 100, 4s) const(100, 15s) line(100, 3000, 6s) const(3000, 5s)'}
traffic: {seed: 6, distinct_ids: {count: 10k, skew: 0.2, hot: [{share: 15%}, {share: 8%}]}, visits: {events: 4, anonymous: 50%}}
`},
	{"the limit of a minute", `
name: minute
target: {compression: none}
intake: {starts: 2026-12-02T09:59:40Z}
load: {profile: 'line(0, 1000, 10s) const(1000, 100s)'}
traffic: {seed: 8, distinct_ids: {count: 100k, skew: 0.3, hot: [{id: robot, share: 8%}, {id: lamp, share: 4%}]}, properties: {bytes: {p50: 300, p99: 400}}}
staging: {per_minute: 3k}
`},
	{"two projects, and batches that are refused whole", `
name: projects
target: {compression: none}
load: {profile: 'line(0, 2500, 10s) const(2500, 15s)'}
batching: {events: 10}
traffic: {seed: 7, tokens: [{token: phc_one_project, weight: 3}, {token: phc_two_project, weight: 1}], distinct_ids: {hot: [{id: bot, share: 30%}]}, faults: {invalid: {no_distinct_id: 1%}}}
`},
}

// TestForetoldIsWhatHappens: which ids overflow, when the first of them do, and
// how many events that is, worked out from shares and the curve, against every
// event led through the model of the pipeline, within 5 %.
func TestForetoldIsWhatHappens(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for _, row := range different {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := parse(t, row.text)
			said, seen := foretell(t, s, nil), count(t, s, nil)
			near(t, "events that overflow", float64(said.Plan.Overflow), float64(seen.Plan.Overflow), 0.05)
			stated(t, "events that overflow", float64(said.Plan.Overflow), float64(seen.Plan.Overflow), said.Plan.Errors.Overflow*float64(said.Plan.Overflow))
			stated(t, "persons", float64(said.Plan.Persons), float64(seen.Plan.Persons), said.Plan.Errors.Persons*float64(said.Plan.Persons))
			stated(t, "events of the hottest partition", float64(said.Partitions.Max), float64(seen.Partitions.Max), said.Partitions.MaxError*float64(said.Partitions.Max))
			for i, h := range said.HotIDs[:3] {
				if h.Project > 0 { // what was counted does not tell them apart
					continue
				}
				stated(t, "events of "+h.DistinctID, float64(h.Events), eventsOf(seen, &said.HotIDs[i]), h.EventsError*float64(h.Events))
				if h.OverflowsS != nil {
					stated(t, h.DistinctID+" overflows at", *h.OverflowsS, at(seen, h.DistinctID), h.FirstError)
				}
			}
			// An id at the very limit is over it or not as chance has it.
			told := overflowing(said, 0.02)
			if got := overflowing(seen, 0.02); !slices.Equal(told, got) || len(told) == 0 {
				t.Errorf("said that %q overflow, and %q did", told, got)
			}
			for i := range told {
				near(t, told[i]+" overflows at", at(said, told[i]), at(seen, told[i]), 0.05)
			}
			if said.Plan.Events != seen.Plan.Events || said.Plan.Requests != seen.Plan.Requests {
				t.Errorf("said %+v, counted %+v", said.Plan, seen.Plan)
			}
			near(t, "bytes", float64(said.Plan.BodyBytes), float64(seen.Plan.BodyBytes), 2*said.Plan.Errors.BodyBytes+1e-9)
			near(t, "bytes on the wire", float64(said.Plan.WireBytes), float64(seen.Plan.WireBytes), 2*said.Plan.Errors.WireBytes+1e-9)
			near(t, "merges", float64(said.Plan.Merges), float64(seen.Plan.Merges), 2*said.Plan.Errors.Merges+1e-9)
			near(t, "persons", float64(said.Plan.Persons), float64(seen.Plan.Persons), 0.05)
		})
	}
}

// TestDelaysForetold: merges that come long after their visits are less at risk,
// and how many are is what every event led through the model says, as is how long
// their ids were anonymous.
func TestDelaysForetold(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	const text = "name: a\ntarget: {compression: none}\nload: {profile: 'line(0, 2500, 4s) const(2500, 12s)'}\nbatching: {events: 20}\n" +
		"traffic:\n  distinct_ids: {count: 100k, skew: 0}\n  events: {a: {weight: 96, properties: {}}, $identify: {weight: 4, properties: {}}}\n"
	pipeline := facts(t, "hazard: 2s\n")
	soon := suppose(t, parse(t, text), pipeline)
	s := parse(t, text+"  visits: {events: 2}\n  merges: {delay: {p50: 4s, p90: 9s}}\n")
	said, seen := suppose(t, s, pipeline), count(t, s, pipeline)
	near(t, "merges", float64(said.Merges.Total), float64(seen.Merges.Total), 0.01)
	near(t, "merges at risk", float64(said.Merges.AtRisk), float64(seen.Merges.AtRisk), 0.1)
	near(t, "half of the delays", said.Merges.P50, seen.Merges.P50, 0.05)
	near(t, "nine in ten of them", said.Merges.P90, seen.Merges.P90, 0.05)
	if said.Merges.Refused+seen.Merges.Refused > 0 {
		t.Errorf("%d merges are said to be refused, %d were", said.Merges.Refused, seen.Merges.Refused)
	}
	if 2*said.Merges.AtRisk > soon.Merges.AtRisk || said.Merges.P50 < 2*soon.Merges.P50 {
		t.Errorf("without delays %+v, with delays %+v", soon.Merges, said.Merges)
	}
}

// overflowing are the ids with at least a share of the events that overflow, by
// name.
func overflowing(r *preflight.Report, share float64) (ids []string) {
	for _, h := range r.HotIDs {
		if float64(h.Overflow) >= share*float64(r.Plan.Overflow) && h.Overflow > 0 && !slices.Contains(ids, h.DistinctID) {
			ids = append(ids, h.DistinctID)
		}
	}
	slices.Sort(ids)
	return ids
}

// at is the second at which an id overflows first, in whichever project.
func at(r *preflight.Report, id string) float64 {
	first := math.Inf(1)
	for _, h := range r.HotIDs {
		if h.DistinctID == id && h.OverflowsS != nil {
			first = min(first, *h.OverflowsS)
		}
	}
	return first
}

func near(t *testing.T, what string, said, seen, within float64) {
	t.Helper()
	if math.Abs(said-seen) > within*seen+1e-9 {
		t.Errorf("%s: said %.6g, was %.6g, more than %.3g %% off", what, said, seen, 100*within)
	}
}

// eventsOf is how many events an id of a project has.
func eventsOf(r *preflight.Report, id *preflight.HotID) float64 {
	for _, h := range r.HotIDs {
		if h.DistinctID == id.DistinctID && h.Project == id.Project {
			return float64(h.Events)
		}
	}
	return math.NaN()
}

// stated demands that a figure lies within the error that was stated with it: one in
// twenty may be outside, and none of those that are looked at far outside.
func stated(t *testing.T, what string, said, was, off float64) {
	t.Helper()
	t.Logf("%-36s %10.6g ± %-8.3g is %.6g", what, said, off, was)
	if math.Abs(said-was) > 1.5*off+0.5 {
		t.Errorf("%s: said %.6g ± %.3g, was %.6g", what, said, off, was)
	}
}

// TestEmbeddedEndpointAgrees runs a scenario in virtual time against the staging
// endpoint: events, requests and bytes are as predicted, to the last, and the
// endpoint's own model reports the overflow that was predicted.
func TestEmbeddedEndpointAgrees(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("package generator has its own runs under the race detector")
	}
	for _, set := range []string{"target.historical_migration=false", "target.endpoint=v1"} {
		synctest.Test(t, func(t *testing.T) {
			s := parse(t, different[0].text, set, "load.profile=line(0, 2000, 5s) const(2000, 8s)")
			said, counted := foretell(t, s, nil), count(t, s, nil)
			total, stats := send(t, s, staging.Config{})
			p := &counted.Plan
			if total.Fates[capture.FateAccepted].Events != p.Events || total.Fates[capture.FateAccepted].Requests != p.Requests || said.Plan.Requests != p.Requests || said.Plan.Events != p.Events {
				t.Errorf("sent %+v, counted %+v", total.Fates, p)
			}
			if total.BodyBytes != p.BodyBytes || total.WireBytes != p.WireBytes {
				t.Errorf("sent %d bytes as %d, counted %d as %d", total.BodyBytes, total.WireBytes, p.BodyBytes, p.WireBytes)
			}
			near(t, "overflow", float64(said.Plan.Overflow), float64(stats.Pipeline.Overflow.Bucket), 0.05)
			since, err := time.Parse(time.RFC3339Nano, stats.Pipeline.Overflow.Since)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "first overflow", at(said, "kiosk"), since.Sub(now).Seconds(), 0.05)
			for _, lane := range stats.Pipeline.Lanes {
				if lane.Lane == "main" && lane.Hottest != said.Partitions.Hottest {
					t.Errorf("said that partition %d is the hottest, it was %d", said.Partitions.Hottest, lane.Hottest)
				}
			}
		})
	}
}

// send runs a scenario against an endpoint in memory, as if it were now.
func send(t *testing.T, s *scenario.Scenario, config staging.Config) (results.Tally, staging.Stats) {
	t.Helper()
	time.Sleep(time.Until(now))
	listener := fasthttputil.NewInmemoryListener()
	server := staging.New(config)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	source, err := source.Open(s, source.Part{})
	if err != nil {
		t.Fatal(err)
	}
	to := nowhere
	to.Timeout = s.Target.Timeout
	to.Dial = func(context.Context, string) (net.Conn, error) { return listener.Dial() }
	var total results.Tally
	_, err = generator.Run(t.Context(), t.Context(), generator.Config{
		Scenario: s, Source: source, Plan: source.Plan, Start: now, Builders: 2, Sleep: time.Sleep, Destination: to,
		Observe: func(iv *results.Interval) { total = *iv.Total },
	})
	if err != nil {
		t.Fatal(err)
	}
	stats := server.Stats()
	listener.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	time.Sleep(time.Minute) // lets the client's and the server's own cleaners end
	return total, stats
}
