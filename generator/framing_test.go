package generator

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/staging"
)

// TestRoutesAndShapes: over every route of v0, in every shape, packed in every way
// and however that is said, the same events arrive.
func TestRoutesAndShapes(t *testing.T) {
	t.Parallel()
	const mix = "traffic: {seed: 5, events: {$pageview: 3, $identify: 1, purchase: 1}, properties: {bytes: {p50: 40, p99: 400}}}"
	sums := map[string]int{}
	paths := []string{"/batch/", "/e/", "/i/v0/e/", "/capture/", "/track/", "/engage/"}
	if raced {
		paths = paths[:2] // the others differ in nothing that happens at the same time
	}
	for _, path := range paths {
		for _, shape := range []string{"batch", "array", "capture"} {
			for _, packed := range []string{
				"none", "gzip", "gzip, hint: query", "gzip, hint: none",
			} {
				synctest.Test(t, func(t *testing.T) {
					target := fmt.Sprintf("endpoint: %s, path: %s, compression: %s, connections: 2", shape, path, packed)
					r := stageRun{scenario: parse(t, "name: a\nload: {profile: 'const(100, 1s)'}\ntarget: {"+target+"}\n"+mix+"\n")}
					r.run(t)
					fates := r.balance(t)
					if got := fates[capture.FateAccepted].Events; got != 100 || r.stats.Events.Accepted != 100 {
						t.Errorf("%s: %d accepted: %+v %+v", target, got, r.total.Refusals, r.stats.Refusals)
					}
					sums[r.stats.Checksum]++
				})
			}
		}
	}
	if len(sums) != 1 {
		t.Errorf("the checksums differ: %v", sums)
	}
}

// TestUnhinted: either generation looks at the bytes where nothing says what they are,
// and reads the query.
func TestUnhinted(t *testing.T) {
	t.Parallel()
	for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
		for _, packed := range []string{"gzip, hint: none", "gzip, hint: query"} {
			synctest.Test(t, func(t *testing.T) {
				s := parse(t, "name: a\nload: {profile: 'const(20, 1s)'}\ntarget: {path: /e/, compression: "+packed+"}\ntraffic: {}\n")
				r := stageRun{scenario: s, endpoint: staging.Config{Generation: g}}
				r.run(t)
				if got := r.balance(t); got[capture.FateAccepted].Events != 20 {
					t.Errorf("%v, %s: %+v", g, packed, r.total.Refusals)
				}
			})
		}
	}
}

// TestFraming: how bodies travel, down to the query.
func TestFraming(t *testing.T) {
	t.Parallel()
	for target, want := range map[string][3]string{
		"client: posthog-js":                                     {"/e/", "text/plain", ""},
		"client: posthog-js, hint: header":                       {"/e/", "text/plain", "gzip"},
		"endpoint: capture, hint: none":                          {"/i/v0/e/", "application/json", ""},
		"client: posthog-go, compression: gzip":                  {"/batch/?compression=gzip", "application/json", "gzip"},
		"client: posthog-go, compression: gzip, hint: header":    {"/batch/", "application/json", "gzip"},
		"client: posthog-js, compression: none":                  {"/e/", "application/json", ""},
		"client: posthog-js, hint: query":                        {"/e/?compression=gzip-js", "text/plain", ""},
		"endpoint: capture, hint: query":                         {"/i/v0/e/?compression=gzip", "application/json", ""},
		"endpoint: v1, compression: br":                          {"/i/v1/analytics/events", "application/json", "br"},
		"client: posthog-go, path: /capture/, compression: none": {"/capture/", "application/json", ""},
		"client: posthog-node, path: /batch/":                    {"/batch/", "application/json", "gzip"},
	} {
		s := parse(t, "name: a\nload: {profile: 'const(100, 1s)'}\ntarget: {"+target+"}\ntraffic: {}\n")
		source, _ := source.NewSynth(s)
		b := new(body.Batch)
		if err := source.Next(b); err != nil {
			t.Fatal(err)
		}
		source.Build(b, body.NewBuilder(s, time.Now()))
		if got := [3]string{b.Path, b.ContentType, b.ContentEncoding}; got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}
