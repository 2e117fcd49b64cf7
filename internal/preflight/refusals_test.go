package preflight_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/preflight"
	"rehearse/scenario"
	"rehearse/staging"
)

// refusing is a small load that an endpoint has a hundred reasons to refuse.
const refusing = `name: refusing
target: {connections: 4}
load: {profile: 'const(250, 1s)'}
traffic: {seed: 1, distinct_ids: {count: 100}}
`

// refusingSets are overrides of refusing, one of each list.
var refusingSets = [][]string{
	{"target.endpoint=batch", "target.endpoint=array", "target.endpoint=v1", "target.endpoint=capture"},
	{"batching.events=1", "batching.events=7", "batching.events=200", "batching.events={min: 1, max: 300}"},
	{"batching.bytes=5MB", "batching.bytes=100kB", "batching.bytes=3MB"},
	{"target.compression=none", "target.compression=gzip", "target.compression=base64"},
	{"traffic.properties={}", "traffic.properties={bytes: {p50: 400, p99: 900}}", "traffic.properties={bytes: {p50: 20kB, p99: 40kB}}"},
	{"traffic.faults={}", "traffic.faults={invalid: {no_distinct_id: 1%}}", "traffic.faults={invalid: {over_size: 1%}}",
		"traffic.faults={invalid: {long_name: 1%, bad_timestamp: 1%, illegal_id: 1%}}", "traffic.faults={duplicates: 5%}"},
	{"target.token=phc_rehearsal", "target.token=phc_rehearsal", "target.token=phx_personal", "target.token=" + strings.Repeat("a", 70)},
	{"target.historical_migration=false", "target.historical_migration=true"},
	{"staging={}", "staging={generation: 2024}", "staging={generation: 2024}", "staging={known_tokens: [phc_other]}", "staging={mode: import}",
		"staging={drop: ['phc_rehearsal']}", "staging={over_quota: [phc_rehearsal]}", "staging={v1: false}"},
	{"target.path=null", "target.path=/e/", "target.path=/track/"},
}

// TestRefusalsAreForetold: whatever the embedded endpoint refuses or drops of a load, a
// check had said how much of it, of both forms.
func TestRefusalsAreForetold(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("package generator has its own runs under the race detector")
	}
	chance, sent, refused := rand.New(rand.NewPCG(7, 3)), 0, 0
	for range 60 {
		var set []string
		for _, choices := range refusingSets {
			if one := choices[chance.IntN(len(choices))]; chance.IntN(2) == 0 {
				set = append(set, one)
			}
		}
		s, err := scenario.Parse("a.yaml", []byte(refusing), scenario.Options{Set: set})
		if err != nil {
			continue // a contradiction of the choices
		}
		sent++
		synctest.Test(t, func(t *testing.T) {
			said, counted := foretell(t, s, nil), count(t, s, nil)
			total, stats := send(t, s, embedded(s))
			lost := total.Fates[capture.FateRejected].Events + stats.Pipeline.Dropped + stats.Pipeline.OverQuota
			if lost > 0 {
				refused++
			}
			for how, r := range map[string]*preflight.Report{"foretold": said, "counted": counted} {
				if got := losses(r); got != lost {
					t.Errorf("%q: %s that %d events are lost (%+v), the endpoint lost %d", set, how, got, r.Plan.Refused, lost)
				}
				if lost > 0 && r.Verdict == preflight.Go {
					t.Errorf("%q: %d events are lost, and the verdict is %s", set, lost, r.Verdict)
				}
			}
		})
		if t.Failed() {
			return
		}
	}
	if sent < 20 || refused < 8 || sent-refused < 5 {
		t.Errorf("%d loads were sent, and of %d something was refused", sent, refused)
	}
}

// losses is how many events a report says are lost.
func losses(r *preflight.Report) (n int64) {
	for _, one := range r.Plan.Refused {
		n += one.Events
	}
	return n
}

// embedded is the endpoint that a scenario asks for.
func embedded(s *scenario.Scenario) staging.Config {
	c := staging.Config{
		Pipeline: pipeline.Config{Partitions: s.Staging.Partitions, Facts: s.Staging.Behind()}, NoV1: s.Staging.Setup.NoV1,
		Policy: s.Staging.Policy(),
	}
	if s.Staging.Generation == capture.Generation2024 {
		c.Generation = capture.Generation2024
	}
	return c
}
