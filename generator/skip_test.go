package generator

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// slowBuild is a source whose bodies take a while to build.
type slowBuild struct {
	source.Source
	takes time.Duration
}

// Build takes its time.
func (s *slowBuild) Build(b *body.Batch, w *body.Builder) {
	time.Sleep(s.takes)
	s.Source.Build(b, w)
}

// dues lists when the batches of a scenario are due.
func dues(t *testing.T, s *scenario.Scenario) (all []time.Duration) {
	t.Helper()
	source, plan, err := opened(s, source.Part{})
	if err != nil {
		t.Fatal(err)
	}
	b := new(body.Batch)
	for range plan.Requests {
		b.Reset()
		if err := source.Next(b); err != nil {
			t.Fatal(err)
		}
		all = append(all, b.Due)
	}
	return all
}

// serve is the queue that a run with late: skip is, by itself: customers come at the
// dues and are served in order by so many servers, each for as long, but not who has
// waited longer than patience (M/D/c with impatient customers, when arrivals are
// Poisson). Servers may begin ahead of time with as many as that before the first who
// has not left. It returns how many were served.
func serve(dues []time.Duration, servers int, each, patience time.Duration, ahead int) (served int) {
	free := make([]time.Duration, servers) // when each server is free
	left := make([]time.Duration, 0, len(dues))
	for i, due := range dues {
		first := 0
		for k := range free {
			if free[k] < free[first] {
				first = k
			}
		}
		from := due
		if ahead > 0 {
			from = 0
			if i >= ahead {
				from = left[i-ahead]
			}
		}
		begins := max(free[first], from)
		if begins-due > patience {
			left = append(left, begins)
			continue
		}
		served++
		free[first] = begins + each
		left = append(left, max(free[first], due))
	}
	return served
}

// TestSkipIsAQueue: over many loads, a run with late: skip sends as many requests as the
// queue serves whose servers are its connections, or its builders. What is too late is
// skipped, and nothing else is lost to that: the queue's throughput does not collapse.
func TestSkipIsAQueue(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("many whole runs, and nothing here happens at the same time")
	}
	for _, arrivals := range []string{"even", "poisson"} {
		for _, load := range []float64{0.5, 0.9, 1.1, 2, 5} {
			for _, servers := range []int{1, 2, 5} {
				name := fmt.Sprintf("%s arrivals, load %v, %d servers", arrivals, load, servers)
				each := 20 * ms
				rate := load * float64(servers) / each.Seconds()
				s := parse(t, fmt.Sprintf("name: test\nload: {profile: 'const(%.0f, 5s)', arrivals: %s, late: skip}\ntarget: {connections: %d, timeout: 10s, compression: none}\n"+
					"batching: {events: 1}\ntraffic: {seed: 3, properties: {bytes: {p50: 1, p99: 1}}}\n", rate, arrivals, servers))
				want := serve(dues(t, s), servers, each, results.LateAfter, 0)
				synctest.Test(t, func(t *testing.T) {
					r := stageRun{scenario: s, endpoint: staging.Config{Delay: each}}
					r.run(t)
					matches(t, name+", connections", &r, want, results.Refusal{Reason: capture.NoFreeConnection})
				})
				s.Target.Connections = 64
				want = serve(dues(t, s), servers, each, results.LateAfter, 64+256)
				synctest.Test(t, func(t *testing.T) {
					r := stageRun{scenario: s, builders: servers}
					var err error
					if r.source, r.plan, err = opened(s, source.Part{}); err != nil {
						t.Fatal(err)
					}
					r.source = &slowBuild{Source: r.source, takes: each}
					r.run(t)
					matches(t, name+", builders", &r, want, results.Refusal{Reason: capture.NotBuiltInTime})
				})
			}
		}
	}
}

// matches holds a run against how many requests it should have sent.
func matches(t *testing.T, name string, r *stageRun, want int, why results.Refusal) {
	t.Helper()
	fates := r.balance(t)
	sent, skipped := int(fates[capture.FateAccepted].Requests), fates[capture.FateUnsent].Requests
	if diff := max(sent-want, want-sent); diff > 2+want/50 {
		t.Errorf("%s: sent %d of %d, the queue serves %d", name, sent, r.plan.Requests, want)
	}
	if r.total.Refusals[why].Requests != skipped {
		t.Errorf("%s: %d skipped for another reason than %v: %v", name, skipped, why.Reason, r.total.Refusals)
	}
}

// TestSkipKeepsThroughput: an overloaded generator sends with late: skip at least nine
// tenths of what it sends with late: queue in the same time.
func TestSkipKeepsThroughput(t *testing.T) {
	t.Parallel()
	sent := map[scenario.Late]int64{}
	for _, late := range []scenario.Late{scenario.LateQueue, scenario.LateSkip} {
		synctest.Test(t, func(t *testing.T) {
			s := load(t, "const(24000, 15s)", ", late: "+string(late))
			s.Target.Connections = 64
			soft, end := context.WithTimeout(t.Context(), 15*time.Second)
			defer end()
			r := stageRun{scenario: s, builders: 2, soft: soft}
			var err error
			if r.source, r.plan, err = opened(s, source.Part{}); err != nil {
				t.Fatal(err)
			}
			r.source = &slowBuild{Source: r.source, takes: 2 * ms}
			r.run(t)
			sent[late] = r.balance(t)[capture.FateAccepted].Requests
			if late == scenario.LateSkip && (r.total.Late[results.NoConnection].Requests > 0 || r.total.Refusals[results.Refusal{Reason: capture.NoFreeConnection}].Requests > 0) {
				t.Errorf("64 connections, and none was free: %v, %v", r.total.Late, r.total.Refusals)
			}
		})
	}
	if queue, skip := sent[scenario.LateQueue], sent[scenario.LateSkip]; skip*10 < queue*9 || queue < 14000 {
		t.Errorf("sent %d of 36,000 with late: skip, %d with late: queue", skip, queue)
	}
}
