package preflight_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rehearse/internal/preflight"
	"rehearse/scenario"
)

// sound is a scenario of which there is nothing to say but that questions are
// open, which its intake answers.
const sound = `name: sound
intake: {committed: yes, starts: 2026-12-03T10:00:00+01:00, overlap: yes, apps: no}
target: {connections: 8}
load:
  profile: line(0, 400, 5s) const(400, 20s)
traffic:
  seed: 9
  distinct_ids: {count: 10k, skew: 0.5}
  properties: {bytes: {p50: 300, p99: 400}}
`

// office is a pipeline whose team works from nine to five in Berlin.
const office = "capacity: {events: 1k/s, from: measured}\nhours: {zone: Europe/Berlin}\nhosts: [127.0.0.1]\n"

func TestNothingToSay(t *testing.T) {
	t.Parallel()
	if r := suppose(t, parse(t, sound), facts(t, office)); len(r.Findings) != 0 || r.Verdict != preflight.Go {
		t.Errorf("%s: %+v", r.Verdict, r.Findings)
	}
}

// findingRows are scenarios that have a finding, each with the smallest change
// that takes it away.
var findingRows = []struct {
	id       string
	severity preflight.Severity
	has      []string // overrides of sound
	where    string   // a part of it: of the line of the field, or --set
	fix      []string // overrides after those of has
}{
	// 600/s at once are more than 500/s; in two seconds they are 300/s each.
	{"no-ramp", "refuse", []string{"load.profile=const(600, 20s)"}, "--set", []string{"load.profile=line(0, 600, 2s) const(600, 18s)"}},
	// A jump in mid-run: 400/s may become 900/s (500 more), not 1,000/s.
	{"no-ramp", "refuse", []string{"load.profile=const(400, 5s) const(1000, 5s)"}, "--set", []string{"load.profile=const(400, 5s) const(900, 5s)"}},
	{"no-end", "refuse", []string{"load.profile=line(0, 1, 32d)"}, "--set", []string{"load.profile=line(0, 1, 31d)"}},
	// 400 single events a second are 400 requests a second.
	{"single-events", "refuse", []string{"target.endpoint=capture"}, "--set", []string{"target.endpoint=batch"}},
	{"single-events", "refuse", []string{"batching.events=1"}, "--set", []string{"batching.events=100"}},
	// 400/s in twenties are 20 requests a second.
	{"connection-per-request", "refuse", []string{"target.keep_alive=false", "batching.events=20"}, "--set", []string{"target.keep_alive=null"}},
	{"connection-per-request", "refuse", []string{"target.keep_alive=false", "batching.events=20"}, "--set", []string{"batching.events=100"}},
	{"ignores-retry-after", "refuse", []string{"retry=sdk", "target.client=posthog-node"}, "--set", []string{"retry=none"}},
	{"ignores-retry-after", "refuse", []string{"retry=sdk", "target.client=posthog-node"}, "--set", []string{"target.client=posthog-python"}},
	// 9.5 M events of 1 G evenly likely persons are nearly as many persons.
	{"unbounded-persons", "refuse", []string{"load.profile=line(0, 400, 5s) const(400, 6h36m)", "traffic.distinct_ids={count: 1G, skew: 0}"}, "--set", []string{"traffic.distinct_ids.count=1M"}},
	{"unbounded-persons", "refuse", []string{"load.profile=line(0, 400, 5s) const(400, 6h36m)", "traffic.distinct_ids.growth=30%"}, "a.yaml:8", []string{"traffic.distinct_ids.growth=20%"}},
	{"unbounded-event-names", "refuse", []string{"traffic.events=" + manyNames(1001)}, "--set", []string{"traffic.events=" + manyNames(1000)}},
	// 60,000 events of 0.3 kB are 18 MB, 85 % of 20 MiB.
	{"bodies-near-limit", "refuse", []string{"load.profile=line(0, 400k, 15m)", "batching={events: 60k, bytes: 100MB}", "target.compression=none"}, "--set", []string{"batching.events=5k"}},

	{"large-events", "accommodate", []string{"traffic.properties={bytes: {p50: 1kB, p99: 900kB}}"}, "--set", []string{"traffic.properties={bytes: {p50: 1kB, p99: 700kB}}"}},
	{"over-capacity", "accommodate", []string{"load.profile=line(0, 1200, 5s) const(1200, 5s)"}, "--set", []string{"load.profile=line(0, 1000, 5s) const(1000, 5s)"}},
	// Half of 400/s are 100/s too many: 1,000 of them have come in 10 s and a ramp.
	{"hot-ids", "accommodate", []string{"traffic.distinct_ids.hot=[{share: 50%}]"}, "--set", []string{"traffic.distinct_ids.hot=[{share: 24%}]"}},
	{"merges-at-risk", "accommodate", []string{"traffic.events={a: 97, $identify: 3}", "traffic.faults={merges_out_of_order: 10%}"}, "--set", []string{"traffic.faults=null"}},
	// 15 % of the events weigh ten times as much: 0.85 + 1.5 = 2.35.
	{"merge-heavy", "accommodate", []string{"traffic.events={a: 85, $identify: 15}"}, "--set", []string{"traffic.events={a: 95, $identify: 5}"}},
	{"apps", "accommodate", []string{"intake.apps=yes"}, "--set", []string{"intake.apps=no"}},
	{"not-committed", "accommodate", []string{"intake.committed=no"}, "--set", []string{"intake.committed=yes"}},
	{"no-overlap", "accommodate", []string{"intake.overlap=no"}, "--set", []string{"intake.overlap=yes"}},
	{"no-overlap", "accommodate", []string{"intake.starts=2026-12-03T20:00:00+01:00"}, "--set", []string{"intake.starts=2026-12-04T09:00:00+01:00"}},
	// 5 December 2026 is a Saturday.
	{"weekend", "accommodate", []string{"intake.starts=2026-12-05T10:00:00+01:00"}, "--set", []string{"intake.starts=2026-12-04T10:00:00+01:00"}},
	{"weekend", "accommodate", []string{"load.profile=line(0, 400, 5s) const(1, 3d)"}, "a.yaml:2", []string{"load.profile=line(0, 400, 5s) const(1, 1d)"}},
	// 16:59:50 and 25 s: ten of them before five o'clock.
	{"outside-hours", "accommodate", []string{"intake.starts=2026-12-03T16:59:50+01:00"}, "--set", []string{"intake.starts=2026-12-03T16:59:35+01:00"}},
	{"not-historical", "accommodate", []string{"traffic.timestamps={from: 2025-01-01, to: 2025-02-01}"}, "--set", []string{"target.historical_migration=true"}},
	{"historical-without-need", "accommodate", []string{"target.historical_migration=true"}, "--set", []string{"target.historical_migration=false"}},
	{"timestamps-clamped", "accommodate", []string{"traffic.timestamps={from: 2026-12-02, to: 2026-12-05}"}, "--set", []string{"traffic.timestamps.to=2026-12-04"}},
	{"timestamps-clamped", "accommodate", []string{"traffic.timestamps={clock_skew: 1d}"}, "--set", []string{"traffic.timestamps.clock_skew=1h"}},
	{"timestamps-clamped", "accommodate", []string{"traffic.faults={invalid: {bad_timestamp: 1%}}"}, "--set", []string{"traffic.faults=null"}},
	{"other-host", "accommodate", []string{"target.url=https://capture.example"}, "--set", []string{"target.url=http://127.0.0.1:8000"}},

	{"unanswered", "note", []string{"intake.apps=null"}, "a.yaml:2", []string{"intake.apps=no"}},
	{"unanswered", "note", []string{"intake.unanswered=[ramp]"}, "a.yaml:2", []string{"intake.unanswered=null"}},
	{"starts-passed", "note", []string{"intake.starts=2026-12-02T09:58:00Z"}, "--set", []string{"intake.starts=2026-12-02T10:00:00Z"}},
	{"batch-small", "note", []string{"batching.events={min: 1, max: 9}"}, "--set", []string{"batching.events=20"}},
	// 49,000 events in nine requests.
	{"batch-large", "note", []string{"batching.events=6k", "load.profile=line(0, 400, 5s) const(400, 2m)"}, "--set", []string{"batching.events=5k"}},
	{"gzip-off", "note", []string{"target.compression=none"}, "--set", []string{"target.compression=gzip"}},
	// A run of 15 s, and half of the ids are to be anonymous for a minute.
	{"merges-too-soon", "note", []string{"load.profile=line(0, 400, 5s) const(400, 10s)", "traffic.events={a: 95, $identify: 5}", "traffic.merges={delay: {p50: 1m, p90: 2m}}"}, "--set", []string{"traffic.merges={delay: {p50: 500ms, p90: 1s}}"}},
	{"cost", "note", []string{"traffic.events={a: 95, $identify: 5}"}, "--set", []string{"traffic.events={a: 99, $identify: 1}"}},
	{"historical-rate", "note", []string{"target.historical_migration=true", "load.profile=line(0, 6000, 20s)"}, "--set", []string{"load.profile=line(0, 5000, 20s)"}},
	{"drain-time", "note", []string{"load.profile=line(0, 1200, 5s) const(1200, 5s)"}, "--set", []string{"load.profile=line(0, 1000, 5s) const(1000, 5s)"}},
}

// TestFindings: a scenario that has it, and the smallest change that takes it
// away.
func TestFindings(t *testing.T) {
	t.Parallel()
	for _, row := range findingRows {
		t.Run(row.id, func(t *testing.T) {
			t.Parallel()
			pipeline := facts(t, office)
			if row.id == "historical-rate" {
				pipeline = facts(t, "hosts: [127.0.0.1]\n") // whose capacity nobody knows
			}
			found := find(suppose(t, parse(t, sound, row.has...), pipeline), row.id)
			if found == nil {
				t.Fatalf("%q is not found", row.has)
			}
			if found.Severity != row.severity || !strings.Contains(found.Where, row.where) || found.Message == "" || found.Hint == "" {
				t.Errorf("%+v", found)
			}
			fixed := suppose(t, parse(t, sound, append(row.has, row.fix...)...), pipeline)
			if left := find(fixed, row.id); left != nil {
				t.Errorf("%q leaves it: %s", row.fix, left.Message)
			}
		})
	}
}

// builtRows are like findingRows, of findings that come of what is built rather than
// supposed.
var builtRows = []struct {
	id       string
	severity preflight.Severity
	has      []string // overrides of sound
	facts    string
	fix      []string
}{
	// 3,000 events of 0.3 kB are 0.9 MB, less than one request in three seconds.
	{"bodies-over-limit", "refuse", []string{"load.profile=line(0, 400, 5s) const(1000, 40s)", "batching.events=3k", "target.compression=none"}, "limits: {body: 512KiB}", []string{"batching.bytes=512KiB"}},
	{"bodies-over-limit", "refuse", []string{"batching.events=3k"}, "limits: {body: 200kB}", []string{"batching.events=1000"}},
	{"bodies-over-limit", "refuse", []string{"batching.events=9k", "target.compression=none", "load.profile=const(900, 20s)"}, "generation: 2024", []string{"batching.bytes=2MiB"}},
	{"bodies-over-limit", "refuse", []string{"batching.events=9k", "target.compression=none", "load.profile=const(900, 20s)", "staging.generation=2024"}, "", []string{"batching.bytes=2MiB"}},
	{"events-over-limit", "refuse", []string{"traffic.properties={bytes: {p50: 1kB, p99: 20kB}}"}, "limits: {event: 30kB}", []string{"traffic.properties={bytes: {p50: 1kB, p99: 2kB}}"}},
	{"events-over-limit", "refuse", []string{"traffic.faults={invalid: {over_size: 0.1%}}"}, "", []string{"traffic.faults=null"}},
	{"events-over-limit", "refuse", []string{"traffic.faults={invalid: {over_size: 0.1%}}", "target.endpoint=v1"}, "", []string{"traffic.faults=null"}},
	{"merges-at-risk", "accommodate", []string{"traffic.events={a: 97, $identify: 3}"}, "hazard: 30s", []string{"traffic.events={a: 997, $identify: 3}"}},
	// Of 360 merges, four in five are into one id, which has a burst of fifty.
	{"merges-at-risk", "accommodate", []string{"traffic.events={a: 96, $identify: 4}", "traffic.merges={fan_in: 80%}"}, "limits: {overflow: {rate: 2, burst: 50}}", []string{"traffic.merges=null", "traffic.distinct_ids.skew=0"}},
	{"refused-requests", "accommodate", []string{"traffic.faults={invalid: {no_distinct_id: 0.1%}}"}, "", []string{"traffic.faults=null"}},
	{"refused-requests", "refuse", []string{"traffic.faults={duplicates: 20%}", "target.endpoint=v1"}, "", []string{"traffic.faults=null"}},
	{"refused-requests", "refuse", []string{"target.token=phx_personal"}, "", []string{"target.token=phc_project"}},
	{"refused-requests", "refuse", []string{"target.path=/capture/"}, "generation: 2024", []string{"target.path=null"}},
	{"refused-requests", "refuse", []string{"staging.known_tokens=[phc_other]"}, "", []string{"target.token=phc_other"}},
	{"import-mode", "refuse", []string{"staging.mode=import"}, "", []string{"target.historical_migration=true"}},
	{"dropped-by-rule", "accommodate", []string{"staging.drop=['phc_rehearsal:kiosk']", "traffic.distinct_ids.hot=[{id: kiosk, share: 10%}]"}, "", []string{"staging.drop=null"}},
	{"quota-ends", "accommodate", []string{"staging.pipeline={limits: {quota: 5k}}"}, "", []string{"staging.pipeline=null"}},
	{"quota-ends", "accommodate", nil, "limits: {quota: 5k}", []string{"load.profile=line(0, 400, 5s) const(400, 8s)"}},
	{"without-persons", "accommodate", []string{"staging.pipeline={restrictions: [{match: phc_rehearsal, action: skip_persons}]}"}, "", []string{"staging.pipeline.restrictions=null"}},
	{"redirected", "accommodate", []string{"staging.pipeline={restrictions: [{match: 'phc_rehearsal:kiosk', action: redirect}]}", "traffic.distinct_ids.hot=[{id: kiosk, share: 10%}]"}, "", []string{"traffic.distinct_ids.hot=null"}},
	{"unmatched-rules", "note", []string{"staging.pipeline={restrictions: [{match: 'phc_rehearsal:nobody', action: redirect}]}"}, "", []string{"traffic.distinct_ids.hot=[{id: nobody, share: 10%}]"}},
	{"unmatched-rules", "note", nil, "limits: {per_minute: {events: 10k, overrides: [{match: 'phc_rehearsal:nobody', events: 20k}]}}", []string{"traffic.distinct_ids.hot=[{id: nobody, share: 10%}]"}},
	{"scripted-faults", "note", []string{"staging.script=[{from: 0s, to: 1s, reject: {503: 10%}}]"}, "", []string{"staging.script=null"}},
	{"over-quota", "accommodate", []string{"staging.over_quota=[phc_rehearsal]"}, "", []string{"staging.over_quota=null"}},
	{"hot-ids", "accommodate", []string{"traffic.distinct_ids.hot=[{share: 50%}]"}, "", []string{"staging.overflow_limit=off"}},
	{"hot-ids", "accommodate", []string{"traffic.distinct_ids.hot=[{share: 10%}]", "staging.overflow_limit={rate: 10, burst: 20}"}, "", []string{"staging.overflow_limit=null"}},
	{"hot-ids", "accommodate", []string{"traffic.distinct_ids.hot=[{share: 50%}]", "traffic.timestamps={from: 2025-01-01, to: 2025-02-01}"}, "", []string{"staging.historical_after=24h"}},
}

// TestFindingsBuilt: as TestFindings, and the same is found when all of it is built.
func TestFindingsBuilt(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for _, row := range builtRows {
		t.Run(row.id, func(t *testing.T) {
			t.Parallel()
			s, fixed := parse(t, sound, row.has...), parse(t, sound, append(row.has, row.fix...)...)
			f := facts(t, row.facts)
			for how, check := range map[string]func(*testing.T, *scenario.Scenario, *preflight.Facts) *preflight.Report{"foretold": foretell, "counted": count} {
				if found := find(check(t, s, f), row.id); found == nil || found.Severity != row.severity || found.Hint == "" {
					t.Errorf("%q, %s: %+v", row.has, how, found)
				}
				if left := find(check(t, fixed, f), row.id); left != nil {
					t.Errorf("%q leaves it, %s: %s", row.fix, how, left.Message)
				}
			}
		})
	}
}

// TestLostToTheBodyLimit: what a real capture service of June 2024 did to bodies of
// 2.43 MB: 14 of 15 requests were answered 413, and 42,000 of 44,000 events lost.
func TestLostToTheBodyLimit(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	s := parse(t, sound, "load.profile=const(1000, 44s)", "batching.events=3k", "target.compression=none", "traffic.properties={bytes: {p50: 800, p99: 850}}")
	for _, r := range []*preflight.Report{foretell(t, s, facts(t, "generation: 2024")), count(t, s, facts(t, "generation: 2024"))} {
		f := find(r, "bodies-over-limit")
		if f == nil || r.Verdict != preflight.Refuse || !strings.HasPrefix(f.Message, "14 of 15 requests") || !strings.HasSuffix(f.Message, "42,000 of 44,000 events are lost") {
			t.Errorf("%s: %+v", r.Verdict, f)
		}
	}
}

// TestClampedByTheClockOfTheRun: what has the time of sending is never ahead of the
// clock, however long the run is, and neither are old times that a slow run walks.
func TestClampedByTheClockOfTheRun(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		stamps string
		want   string // how the message begins; empty: there is no such finding
	}{
		{"now", ""},
		{"{disorder: 1h, clock_skew: 1h}", ""},
		// A day of events comes in two: the last of them is a day behind.
		{"{from: 2026-12-03T09:00:00Z, to: 2026-12-04T09:00:00Z}", ""},
		// Four days of events in two: at the end two days ahead, from the second half of
		// the first day on by more than 23 hours.
		{"{from: 2026-12-03T09:00:00Z, to: 2026-12-07T09:00:00Z}", "90,0"},
	} {
		s := parse(t, sound, "load.profile=const(1, 2d)", "traffic.timestamps="+row.stamps)
		f := find(suppose(t, s, nil), "timestamps-clamped")
		if (f != nil) != (row.want != "") || f != nil && !strings.HasPrefix(f.Message, row.want) {
			t.Errorf("%s: %+v", row.stamps, f)
		}
	}
}

// TestBodiesOf2024: the embedded endpoint takes 2 MiB if it is of 2024, of which
// 6,000 events of 0.3 kB are 85 %, and nothing of the 20 MiB of today.
func TestBodiesOf2024(t *testing.T) {
	t.Parallel()
	for generation, want := range map[string]bool{"current": false, "2024": true} {
		s := parse(t, sound, "load.profile=line(0, 400k, 15m)", "batching={events: 6k, bytes: 100MB}", "target.compression=none", "staging.generation="+generation)
		r := suppose(t, s, nil)
		if f := find(r, "bodies-near-limit"); (f != nil) != want {
			t.Errorf("%s: %+v", generation, f)
		}
		if told := slices.ContainsFunc(r.HeldTo, func(a preflight.Assumption) bool { return a.Field == "generation" && a.Value == "2024" }); told != want {
			t.Errorf("%s: held to %+v", generation, r.HeldTo)
		}
	}
}

// find returns the first finding of an id, nil if there is none.
func find(r *preflight.Report, id string) *preflight.Finding {
	for _, f := range r.Findings {
		if f.ID == id {
			return &f
		}
	}
	return nil
}

// manyNames is a mix of n events.
func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ", e%d: 1", i)
	}
	return "{" + b.String()[2:] + "}"
}

// TestUnanswered: one line for all questions that are open.
func TestUnanswered(t *testing.T) {
	t.Parallel()
	r := suppose(t, parse(t, sound, "intake={unanswered: [ramp]}"), nil)
	want := "5 questions of the intake are unanswered: committed, starts, overlap, apps, ramp"
	if len(r.Findings) != 1 || r.Findings[0].Message != want || !strings.Contains(r.Findings[0].Hint, "set intake.committed,") || !strings.Contains(r.Findings[0].Hint, "intake.unanswered") {
		t.Errorf("%+v", r.Findings)
	}
}

// TestAnswersThatContradict: a cost of apps counts only where apps are enabled.
func TestAnswersThatContradict(t *testing.T) {
	t.Parallel()
	dear := facts(t, "costs: {apps: 5}\n")
	for _, row := range []struct {
		apps string
		cost float64 // 9,000 events: 400·5/2 + 400·20
	}{{"no", 9000}, {"yes", 6 * 9000}, {"null", 9000}} {
		if got := suppose(t, parse(t, sound, "intake.apps="+row.apps), dear).Plan.Cost; got != row.cost {
			t.Errorf("apps %s: cost %v, want %v", row.apps, got, row.cost)
		}
	}
}

// TestAnyScenario: whatever a scenario asks for, its report has finite numbers and
// a verdict that its findings support.
func TestAnyScenario(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	chance := rand.New(rand.NewPCG(1, 2))
	pick := func(field string, choices ...string) string { return field + choices[chance.IntN(len(choices))] }
	judged := 0
	for range 30 {
		set := []string{
			pick("load.profile=", "const(1, 1s)", "line(0, 1M, 1h)", "const(0, 1s) const(3, 400d)", "line(900, 0, 1s) const(0, 5s) line(0, 3, 1s)"),
			pick("traffic.distinct_ids=", "{}", "{count: 1, skew: 10}", "{count: 1G, skew: 0}", "{hot: [{share: 90%}]}", "{growth: 50%}"),
			pick("traffic.events=", "{a: 1}", "{$exception: 1}", "{a: 0, b: 1, $$heatmap: 3}", "{a: 90, $identify: 1}"),
			pick("traffic.faults=", "{}", "{invalid: {no_distinct_id: 9%}}", "{invalid: {long_name: 5%, over_size: 4%}}"),
			pick("batching.events=", "1", "100", "{min: 1, max: 9}", "100k"), pick("target.historical_migration=", "true", "false"),
			pick("retry=", "none", "sdk"), pick("intake.starts=", "2026-12-05", "2001-01-01", "null"),
		}
		pipeline := facts(t, pick("", "{}", office, "limits: {overflow: off}", "limits: {per_minute: 1}\npartitions: 1"))
		s, err := scenario.Parse("a.yaml", []byte(sound), scenario.Options{Set: set})
		if err != nil {
			continue // a contradiction of the choices
		}
		judged++
		report := suppose(t, s, pipeline)
		var text bytes.Buffer
		for _, write := range []func(io.Writer) error{report.WriteJSON, report.WriteMarkdown, report.WriteSVG, func(w io.Writer) error { return report.WriteText(w, preflight.Terminal{}) }} {
			if err := write(&text); err != nil {
				t.Fatal(set, err)
			}
		}
		if strings.Contains(text.String(), "NaN") || strings.Contains(text.String(), "Inf") {
			t.Errorf("%q:\n%s", set, text.String())
		}
		refused := slices.ContainsFunc(report.Findings, func(f preflight.Finding) bool { return f.Severity == preflight.SeverityRefuse })
		if refused != (report.Verdict == preflight.Refuse) {
			t.Errorf("%s: %+v", report.Verdict, report.Findings)
		}
	}
	if judged < 10 {
		t.Errorf("%d scenarios were judged", judged)
	}
}
