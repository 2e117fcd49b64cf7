package generator

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/capture"
	"rehearse/results"
	"rehearse/staging"
)

// TestRoutesAndShapes: over every route of v0, in every shape, packed in every way
// and however that is said, the same events arrive. Only what is base64 is refused
// on the two routes that do not unwrap it (capture decompression.rs).
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
				"none", "gzip", "gzip, hint: query", "base64", "base64, hint: form", "lz64", "lz64, hint: form",
			} {
				synctest.Test(t, func(t *testing.T) {
					target := fmt.Sprintf("endpoint: %s, path: %s, compression: %s, connections: 2", shape, path, packed)
					r := stageRun{scenario: parse(t, "name: a\nload: {profile: 'const(100, 1s)'}\ntarget: {"+target+"}\n"+mix+"\n")}
					r.run(t)
					fates := r.balance(t)
					if strings.HasPrefix(packed, "base64") && (path == "/batch/" || path == "/i/v0/e/") {
						if fates[capture.FateRejected].Events != 100 || r.total.Refusals[results.Refusal{Reason: capture.BadRequest, Status: 400}].Events != 100 {
							t.Errorf("%s: %+v", target, r.total.Refusals)
						}
						return
					}
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

// TestFormsOf2024: the endpoint of 2024 takes a form whose query says nothing, and
// refuses a hint that it does not know.
func TestFormsOf2024(t *testing.T) {
	t.Parallel()
	for packed, want := range map[string]capture.Reason{
		"base64, hint: form": capture.Accepted, "gzip, hint: query": capture.Accepted,
		"base64": capture.BadRequest, "lz64": capture.BadRequest, "lz64, hint: form": capture.BadRequest,
	} {
		synctest.Test(t, func(t *testing.T) {
			s := parse(t, "name: a\nload: {profile: 'const(100, 1s)'}\ntarget: {path: /e/, compression: "+packed+"}\ntraffic: {}\n")
			r := stageRun{scenario: s, endpoint: staging.Config{Generation: capture.Generation2024}}
			r.run(t)
			if got := r.balance(t); got[want.Fate()] != (results.Count{Requests: 1, Events: 100}) {
				t.Errorf("%s: %+v, %+v", packed, got, r.total.Refusals)
			}
		})
	}
}

// TestUnhinted: either generation looks at the bytes where nothing says what they are.
func TestUnhinted(t *testing.T) {
	t.Parallel()
	for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
		for _, packed := range []string{"gzip, hint: none", "base64, hint: none"} {
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

// TestBrowserForms: what an older browser's requests look like, down to the query.
func TestBrowserForms(t *testing.T) {
	t.Parallel()
	for target, want := range map[string][3]string{
		"client: posthog-js":                                     {"/e/", "text/plain", ""},
		"client: posthog-js, hint: header":                       {"/e/", "text/plain", "gzip"},
		"endpoint: capture, hint: none":                          {"/i/v0/e/", "application/json", ""},
		"compression: base64, hint: none":                        {"/e/", "application/x-www-form-urlencoded", ""},
		"client: posthog-go, compression: gzip":                  {"/batch/?compression=gzip", "application/json", "gzip"},
		"client: posthog-go, compression: gzip, hint: header":    {"/batch/", "application/json", "gzip"},
		"client: posthog-js, compression: none":                  {"/e/", "application/json", ""},
		"client: posthog-js, hint: query":                        {"/e/?compression=gzip-js", "text/plain", ""},
		"client: posthog-js, compression: base64":                {"/e/?compression=base64", "application/x-www-form-urlencoded", ""},
		"client: posthog-js, endpoint: array, compression: lz64": {"/e/?compression=lz64", "application/x-www-form-urlencoded", ""},
		"endpoint: array, compression: base64, hint: form":       {"/e/", "application/x-www-form-urlencoded", ""},
		"endpoint: capture, hint: query":                         {"/i/v0/e/?compression=gzip", "application/json", ""},
		"endpoint: v1, compression: br":                          {"/i/v1/analytics/events", "application/json", "br"},
		"client: posthog-go, path: /capture/, compression: none": {"/capture/", "application/json", ""},
		"client: posthog-node, path: /batch/":                    {"/batch/", "application/json", "gzip"},
	} {
		s := parse(t, "name: a\nload: {profile: 'const(100, 1s)'}\ntarget: {"+target+"}\ntraffic: {}\n")
		source, _ := NewSynth(s)
		b := newBatch()
		if err := source.Next(b); err != nil {
			t.Fatal(err)
		}
		source.Build(b, newWorkbench(s, time.Now()))
		if got := [3]string{b.Path, b.ContentType, b.ContentEncoding}; got != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

// TestFormsAreBuiltAndDoNotAllocate: a builder that packs forms allocates nothing
// once it is warm.
func TestFormsAreBuiltAndDoNotAllocate(t *testing.T) {
	if raced {
		t.Skip("the race detector makes pools forget")
	}
	for _, packed := range []string{"base64", "lz64"} {
		s := parse(t, "name: a\nload: {profile: 'const(100, 1000s)'}\ntarget: {compression: "+packed+"}\ntraffic: {properties: {bytes: {p50: 40, p99: 41}}}\n")
		source, _ := NewSynth(s)
		bench, b := newWorkbench(s, time.Now()), newBatch()
		build := func() {
			b.reset()
			if err := source.Next(b); err != nil {
				t.Fatal(err)
			}
			source.Build(b, bench)
		}
		for range 50 {
			build()
		}
		if n := testing.AllocsPerRun(50, build); n > 0 {
			t.Errorf("%s: %v allocations a batch, want none", packed, n)
		}
	}
}
