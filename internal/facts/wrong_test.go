package facts_test

import (
	"strings"
	"testing"

	"rehearse/internal/facts"
	"rehearse/scenario/strict"
)

// wrong are facts that contradict each other or are absurd, with what is said of them.
var wrong = []struct{ text, want string }{
	{"generation: 2025", "f.yaml:1:13: generation: unknown generation \"2025\" (known here: 2024, 2026-11, custom)"},
	{"limits: {overflow: {rate: 0/s, burst: 5}}", "f.yaml:1:27: limits.overflow.rate: a limit of 0 lets nothing pass (off in the place"},
	{"limits: {overflow: {rate: 5/s, burst: 0}}", "f.yaml:1:39: limits.overflow.burst: a limit of 0"},
	{"limits: {overflow: {rate: -5/s, burst: 5}}", "f.yaml:1:27: limits.overflow.rate: cannot read \"-5/s\" as a rate: it is negative"},
	{"limits: {overflow: {rate: 1e12/s, burst: 5}}", "f.yaml:1:27: limits.overflow.rate: no pipeline takes a billion"},
	{"limits: {overflow: {rate: 2.5/s, burst: 5}}", "f.yaml:1:27: limits.overflow.rate: must be a whole number"},
	{"limits: {per_minute: 0}", "f.yaml:1:22: limits.per_minute: a limit of 0"},
	{"limits: {quota: 0}", "f.yaml:1:17: limits.quota: a limit of 0"},
	{"limits: {merge_ids: {limit: 0}}", "f.yaml:1:29: limits.merge_ids.limit: a limit of 0"},
	{"limits: {per_minute: {events: 5, overrides: [{match: a, events: 0}]}}", "f.yaml:1:65: limits.per_minute.overrides[0].events: a limit of 0"},
	{"limits: {per_minute: {events: 5, sync: 2m}}", "f.yaml:1:22: limits.per_minute: sync is longer than window"},
	{"limits: {per_minute: {events: 5, overrides: [{match: ':x', events: 1}]}}", "f.yaml:1:54: limits.per_minute.overrides[0].match: has no token"},
	{"mode: import\nlimits: {per_minute: 5}", "f.yaml:2:22: limits.per_minute: imports are not held to the global limit"},
	{"generation: 2024\nmode: import", "f.yaml:2:7: mode: the service of 2024 has no import mode"},
	{"generation: 2024\nlimits: {overflow: {rate: 5, burst: 5, keeps_order: true}}", "f.yaml:2:20: limits.overflow: what overflows in 2024 keeps no order"},
	{"generation: 2024\nrestrictions: [{match: a, action: redirect}]", "f.yaml:2:16: restrictions[0]: the service of 2024 has no restriction of this kind"},
	{"restrictions: [{match: a, action: drop}, {match: a, action: drop}]", "f.yaml:1:42: restrictions[1]: is given twice"},
	{"restrictions: [{match: a, action: drop}, {match: 'a', action: redirect}]", "its events are dropped by another restriction"},
	{"restrictions: [{match: a, action: drop}]\nlimits: {per_minute: {events: 5, overrides: [{match: a, events: 9}]}}", "f.yaml:2:46: limits.per_minute.overrides[0]: its events are dropped"},
	{"costs: {per_event: 0s}", "f.yaml:1:20: costs.per_event: must be 1µs to 1h"},
	{"costs: {per_event: 5ms, partition: 10/s}", "f.yaml:1:36: costs.partition: a partition of 10 events/s is slower than one id of it"},
	{"costs: {partition: 0/s}", "f.yaml:1:20: costs.partition: must be more than 0"},
	{"stages: {apps: {capacity: 2e9/s}}", "f.yaml:1:27: stages.apps.capacity: no pipeline takes a billion"},
	{"costs: {events: {$set: -1}}", "f.yaml:1:24: costs.events.$set:"},
}

// TestWrongFacts: each is named with line and column, once.
func TestWrongFacts(t *testing.T) {
	t.Parallel()
	for _, row := range wrong {
		doc, err := strict.Open("f.yaml", []byte(row.text), strict.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := facts.NewReader()
		fields := r.Fields(nil)
		fields["generation"] = func(v strict.Value) { r.Generation(v) }
		if doc.Root().Object(fields) {
			r.Facts()
		}
		err = doc.Err()
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s:\n%v\nwant %s", row.text, err, row.want)
		}
	}
}
