package generator

import (
	"context"
	"net"
	"net/url"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/valyala/fasthttp/fasthttputil"

	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/results"
	"rehearse/results/compare"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/staging"
)

// writtenRun is a run of s in virtual time against an endpoint that takes 20 to
// 40 ms and a random 10 ms on average, all slower by a factor, written down. Runs
// of different numbers meet these times in another order.
func writtenRun(t *testing.T, s *scenario.Scenario, number int, factor float64) *rundir.Run {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run")
	times := func(d time.Duration) time.Duration { return time.Duration(float64(d) * factor) }
	delay := staging.Delay{Min: times(20 * time.Millisecond), Max: times(40 * time.Millisecond), Mean: times(10 * time.Millisecond)}
	turn := time.Duration(number)*130*time.Millisecond + time.Millisecond // from then on the endpoint draws anew
	synctest.Test(t, func(t *testing.T) {
		listener := fasthttputil.NewInmemoryListener()
		server := staging.New(staging.Config{Script: []staging.Phase{{To: turn, Delay: delay}, {From: turn, To: time.Hour, Delay: delay}}})
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		source, plan, err := opened(s, source.Part{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := rundir.Create(path, results.Manifest{
			RunID: "x", Scenario: s.Name, SHA256: "x", StartedAt: time.Now(),
			Planned: results.Planned{Events: plan.Events, Requests: plan.Requests, PeakEvents: plan.Peak},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = Run(t.Context(), t.Context(), Config{
			Scenario: s, Source: source, Plan: plan, Start: time.Now(), Builders: 1, Sleep: time.Sleep,
			Destination: transport.Destination{URL: &url.URL{Scheme: "http", Host: "endpoint"}, Timeout: s.Target.Timeout,
				Dial: func(context.Context, string) (net.Conn, error) { return listener.Dial() }},
			Observe: func(iv *results.Interval) {
				if err := d.Write(iv); err != nil {
					t.Error(err)
				}
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Close(results.Final{Ended: results.Completed}); err != nil {
			t.Fatal(err)
		}
		listener.Close()
		<-served
		time.Sleep(time.Minute)
	})
	run, err := rundir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// TestRunsAreCompared: of ten pairs of runs none differs that met the same
// endpoint, and at least nine do where the second endpoint was a tenth slower.
func TestRunsAreCompared(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("thirty runs, and each of them is raced elsewhere")
	}
	s := parse(t, "name: pair\nload: {profile: 'const(50, 20s)'}\ntarget: {connections: 16, compression: none}\nbatching: {events: 1}\ntraffic: {seed: 3}\n")
	found := 0
	for pair := range 10 {
		a := writtenRun(t, s, 3*pair, 1)
		same, err := compare.Runs(a, writtenRun(t, s, 3*pair+1, 1), 0.03)
		if err != nil {
			t.Fatal(err)
		}
		if same.Doubtful || len(same.Regressions()) > 0 {
			t.Errorf("pair %d: the same endpoint, %s", pair, same.Because())
		}
		slower, err := compare.Runs(a, writtenRun(t, s, 3*pair+2, 1.1), 0.03)
		if err != nil {
			t.Fatal(err)
		}
		if !slower.Doubtful && len(slower.Regressions()) > 0 {
			found++
		}
	}
	if found < 9 {
		t.Errorf("a tenth slower was found in %d of 10", found)
	}
}
