package preflight_test

import (
	"strings"
	"testing"

	"rehearse/internal/preflight"
)

// kept are loads that leave different things behind: few merges, a person with thousands of
// ids, old events out of order, visits across blocks; the last is too long to be looked at
// whole.
var kept = []struct{ name, text string }{
	{"few", "traffic: {events: {a: 97, $identify: 3}}"},
	{"wide", "traffic: {events: {a: 90, $identify: 9, $merge_dangerously: 1}, merges: {fan_in: 30%, reused: 5%}}"},
	{"persons", "traffic: {events: {a: 90, $identify: 8, $merge_dangerously: 2}, merges: {fan_in: 40%, wide: 1%, identified: 3%}}"},
	{"old", "target: {historical_migration: true}\ntraffic: {timestamps: {from: 2024-01-10, to: 2025-07-20, disorder: 200d}}"},
	{"delayed", "traffic: {distinct_ids: {count: 20k, skew: 0.9}, visits: {events: 3, anonymous: 60%}, events: {a: 94, $identify: 6}, merges: {delay: {p50: 5s, p90: 12s}}}"},
	{"sampled persons", "target: {compression: none}\nload: {profile: 'line(0, 10k, 10s) const(10k, 22s)'}\ntraffic: {distinct_ids: {count: 50k, skew: 1}, events: {a: 94, $merge_dangerously: 6}, merges: {fan_in: 30%, wide: 0.8%}, properties: {bytes: {p50: 300, p99: 400}}}"},
}

// TestStorage: what merges move, rows and events to be rewritten, and the months of a minute
// are as every event led through the model has them.
func TestStorage(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for _, row := range kept {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			text := "name: kept\n" + row.text + "\n"
			if !strings.HasPrefix(row.name, "sampled") {
				text += "load: {profile: 'line(0, 1000, 10s) const(1000, 35s)'}\n"
			}
			s := parse(t, text)
			said, seen := foretell(t, s, nil), count(t, s, nil)
			a, b := &said.Storage.Persons, &seen.Storage.Persons
			within := 0.01
			if !a.Exact {
				within = 0.13
			}
			near(t, "half of the persons", float64(a.IDs.P50), float64(b.IDs.P50), within)
			near(t, "all but one in a hundred", float64(a.IDs.P99), float64(b.IDs.P99), 2*within)
			near(t, "merges that are refused", float64(said.Merges.Refused), float64(seen.Merges.Refused), 2*within)
			near(t, "the widest", float64(a.IDs.Max), float64(b.IDs.Max), within)
			near(t, "the largest move", float64(a.Moved.Max), float64(b.Moved.Max), within)
			near(t, "override rows", float64(a.Overrides), float64(b.Overrides), within)
			switch {
			case b.Moved.Max <= 1:
				near(t, "events to be rewritten", float64(a.Rewritten), float64(b.Rewritten), within)
			case float64(a.Rewritten) > (1+within)*float64(b.Rewritten) || a.Exact:
				t.Errorf("at least %d events to be rewritten, of %d", a.Rewritten, b.Rewritten)
			}
			if m, n := said.Storage.Months, seen.Storage.Months; m.All != n.All || m.AMinute != n.AMinute || m.Sorted > m.AMinute || n.Sorted > n.AMinute {
				t.Errorf("months: said %+v, counted %+v", m, n)
			}
		})
	}
}

// TestMonthsJumped: an import that is not sorted is told so, and sorting it cures that.
func TestMonthsJumped(t *testing.T) {
	t.Parallel()
	const old = "name: a\ntarget: {historical_migration: true}\nload: {profile: 'line(0, 400, 5s) const(400, 1h)'}\n" +
		"traffic: {timestamps: {from: 2020-01-01, to: 2026-01-01, disorder: 365d}}\n"
	f := find(suppose(t, parse(t, old), nil), "months-jumped")
	if f == nil || f.Severity != preflight.SeverityAccommodate || len(f.Cures) != 1 || f.Tell == "" {
		t.Fatalf("%+v", f)
	}
	if f := find(suppose(t, parse(t, old, f.Cures[0].Set...), nil), "months-jumped"); f != nil {
		t.Errorf("%+v", f)
	}
}

// TestMergesBeyondTheLimit: a person with more ids than a merge may move is found where that
// person is merged, and told where the number alone is worth a word.
func TestMergesBeyondTheLimit(t *testing.T) {
	t.Parallel()
	const wide = "name: a\nload: {profile: 'line(0, 1000, 5s) const(1000, 3m)'}\n" +
		"traffic: {events: {a: 85, $identify: 15}, merges: {fan_in: 50%}}\n"
	s := parse(t, wide)
	f := find(foretell(t, s, nil), "merge-ids")
	if f == nil || f.Severity != preflight.SeverityNote || len(f.Cures) != 1 {
		t.Fatalf("%+v", f)
	}
	if f := find(foretell(t, parse(t, wide, f.Cures[0].Set...), nil), "merge-ids"); f != nil {
		t.Errorf("%+v", f)
	}
	// The person is merged into others, again and again.
	const set = "traffic.merges={fan_in: 50%, wide: 1%}"
	moved := []string{set, "traffic.events={a: 85, $identify: 12, $merge_dangerously: 3}", "load.profile=line(0, 1000, 5s) const(1000, 40s)"}
	s = parse(t, wide, moved...)
	for how, r := range map[string]*preflight.Report{"said": foretell(t, s, facts(t, "limits: {merge_ids: 1k}")), "counted": count(t, s, facts(t, "limits: {merge_ids: 1k}"))} {
		f := find(r, "merge-ids")
		if f == nil || f.Severity != preflight.SeverityAccommodate || !strings.Contains(f.Message, "dead letters") || f.Tell == "" {
			t.Fatalf("%s: %+v, %+v", how, f, r.Storage.Persons)
		}
		t.Logf("%s: %+v", how, r.Storage.Persons)
		if f := find(foretell(t, parse(t, wide, append(moved, f.Cures[0].Set...)...), nil), "merge-ids"); f != nil && f.Severity != preflight.SeverityNote {
			t.Errorf("%+v", f)
		}
	}
}

// TestBrokerDisk: what waits takes so many bytes, and none does at the capacity.
func TestBrokerDisk(t *testing.T) {
	t.Parallel()
	pipeline := facts(t, "capacity: {events: 4k/s}\n")
	const set = "load.profile=line(0, 12k, 5m) const(12k, 5h)"
	r := suppose(t, parse(t, sound, set), pipeline)
	f := find(r, "broker-disk")
	// 8,000 events more than are worked off each second for five hours, of 680 bytes.
	if f == nil || f.Severity != preflight.SeverityAccommodate || len(f.Cures) != 1 {
		t.Fatalf("%+v", f)
	}
	near(t, "bytes", float64(r.Storage.Broker.Bytes), 8000*5*3600*680, 0.02)
	if f := find(suppose(t, parse(t, sound, f.Cures[0].Set...), pipeline), "broker-disk"); f != nil {
		t.Errorf("%+v", f)
	}
}
