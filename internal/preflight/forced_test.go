package preflight_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"rehearse/internal/preflight"
)

// told is a scenario of two projects whose embedded endpoint is told what to do
// with one of them, and with one id of the other.
const told = `
name: told
target: {compression: none}
load: {profile: 'line(0, 1000, 5s) const(1000, 10s)'}
batching: {events: 20}
traffic:
  seed: 7
  tokens: [{token: phc_one_project, weight: 3}, {token: phc_two_project, weight: 1}]
  distinct_ids: {count: 10k, skew: 0.2, hot: [{id: bot, share: 4%}]}
`

// TestToldToOverflow: an id on the endpoint's list overflows with all its events,
// predicted as well as counted, and not for its rate. A list for somewhere else
// does not matter.
func TestToldToOverflow(t *testing.T) {
	t.Parallel()
	const list = "staging.overflow=['phc_one_project:bot']"
	s := parse(t, told, list)
	said, seen := foretell(t, s, nil), count(t, s, nil)
	// 3/4 of 4 % of 12,500 events
	near(t, "said", float64(said.Plan.Overflow), 375, 0.01)
	near(t, "counted", float64(seen.Plan.Overflow), 375, 0.15) // the share is met by chance
	if first := at(said, "bot"); first < 0 || first > 1 || at(seen, "bot") > 1.5 {
		t.Errorf("said that it begins at %v s, and it did at %v s", first, at(seen, "bot"))
	}
	for how, r := range map[string]*preflight.Report{"said": said, "counted": seen} {
		if f := find(r, "forced-overflow"); f == nil || !strings.Contains(f.Where, "--set") || find(r, "hot-ids") != nil {
			t.Errorf("%s: %+v", how, r.Findings)
		}
	}
	for _, elsewhere := range []string{"target.historical_migration=true", "staging.overflow=[]"} {
		if r := foretell(t, parse(t, told, list, elsewhere), nil); r.Plan.Overflow != 0 || find(r, "forced-overflow") != nil {
			t.Errorf("%s: %d events overflow", elsewhere, r.Plan.Overflow)
		}
	}
	if r := foretell(t, s, facts(t, "{}")); r.Plan.Overflow != 0 {
		t.Errorf("the facts of another pipeline: %d events overflow", r.Plan.Overflow)
	}
}

// TestToldToOverflowWhole: of a project that is on the list every event overflows,
// those of ids that are not looked at one by one as well.
func TestToldToOverflowWhole(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	const list = "staging.overflow=[phc_two_project, 'phc_two_project:bot']"
	s := parse(t, told, list, "traffic.distinct_ids={count: 1M, skew: 0.1}")
	said, seen := foretell(t, s, nil), count(t, s, nil)
	near(t, "said", float64(said.Plan.Overflow), 3125, 0.001)   // 1/4 of 12,500 events
	near(t, "counted", float64(seen.Plan.Overflow), 3125, 0.15) // the share is met by chance
	if f := find(said, "forced-overflow"); f == nil || !strings.Contains(f.Message, " 3,12") {
		t.Errorf("%+v", f)
	}
	near(t, "events left on the main lane", said.Partitions.Mean, float64(12500-3125)/64, 0.01)
}

// TestOverflowInPlace: what overflowed in 2024 lost its key, not its lane, so that
// partitions have it as well.
func TestOverflowInPlace(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	const hot = "traffic.distinct_ids={count: 10k, skew: 0.2, hot: [{id: bot, share: 60%}]}"
	mean := map[string]float64{}
	for _, generation := range []string{"current", "2024"} {
		s := parse(t, told, hot, "staging.generation="+generation)
		said, seen := foretell(t, s, nil), count(t, s, nil)
		near(t, generation+": events of the hottest partition", float64(said.Partitions.Max), float64(seen.Partitions.Max), 0.05)
		near(t, generation+": events of a partition", said.Partitions.Mean, seen.Partitions.Mean, 0.02)
		if said.Partitions.Hottest != seen.Partitions.Hottest || said.Plan.Overflow == 0 {
			t.Errorf("%s: said %+v, counted %+v; %d overflow", generation, said.Partitions, seen.Partitions, said.Plan.Overflow)
		}
		near(t, generation+": events that overflow", float64(said.Plan.Overflow), float64(seen.Plan.Overflow), 0.05)
		mean[generation] = said.Partitions.Mean
	}
	near(t, "all events stay in 2024", mean["2024"], 12_500./64, 0.001)
	if mean["current"] > 0.9*mean["2024"] {
		t.Errorf("events of a partition: %v", mean)
	}
}

// TestCountedByGeneration: requests that the embedded endpoint of 2024 cannot read
// bring nothing into the pipeline.
func TestCountedByGeneration(t *testing.T) {
	t.Parallel()
	for generation, want := range map[string]bool{"current": true, "2024": false} {
		// {"event":"e","distinct_id":"d","api_key":"t"}, in a form that 2024 does not read.
		const form = `data=N4IgpgbmB2AuIC5wgDQgCYEsDOtPQGNYB9TdRDVEAQwAdNiBrMATwvgF8g%3D%3D`
		path := filepath.Join(t.TempDir(), "form.jsonl")
		line := fmt.Sprintf(`{"path":"/e/?compression=lz64","content_type":"application/x-www-form-urlencoded","now":"2026-01-01T00:00:00Z","body":%q}`,
			base64.StdEncoding.EncodeToString([]byte(form)))
		if err := os.WriteFile(path, []byte(line+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s := parse(t, "name: a\nreplay: {files: ["+path+"], format: capture, pseudonymize: false}\nstaging: {generation: "+generation+"}\n")
		if r := count(t, s, nil); r.Plan.Persons > 0 != want {
			t.Errorf("%s: %d persons", generation, r.Plan.Persons)
		}
	}
}

// TestOverQuota: what a project sends that is over its quota is dropped, and so
// overflows nowhere.
func TestOverQuota(t *testing.T) {
	t.Parallel()
	const hot = "traffic.distinct_ids.hot=[{id: bot, share: 50%}]"
	s := parse(t, told, hot, "staging.over_quota=[phc_one_project]")
	// 3/4 of 12,500 events. The bot of the other project has 125/s at the peak: 25/s
	// too many for 10 s are less than the burst.
	for lost, r := range map[string]*preflight.Report{"9,375 events (± 4.5 %), 75 % of all": foretell(t, s, nil), " % of all": count(t, s, nil)} {
		if f := find(r, "over-quota"); f == nil || !strings.Contains(f.Message, lost) || r.Plan.Overflow != 0 {
			t.Errorf("%q: %+v, %d overflow", lost, f, r.Plan.Overflow)
		}
	}
	if r := foretell(t, parse(t, told, hot, "staging.over_quota=[phc_a_third]"), nil); find(r, "over-quota") != nil || r.Plan.Overflow == 0 {
		t.Errorf("a project that is not there: %+v", r.Findings)
	}
}

// ruled are facts about the two projects of told, with what is found of them.
var ruled = []struct{ name, facts, id, tell string }{
	{"a quota", "limits: {quota: 4k}", "quota-ends", "used up"},
	{"an import endpoint", "mode: import", "import-mode", "historical_migration to true in every batch"},
	{"a project whose events are dropped", "restrictions: [{match: phc_two_project, action: drop}]", "dropped-by-rule", "do not start before"},
	{"an id whose events are dropped", "restrictions: [{match: 'phc_one_project:bot', action: drop}]", "dropped-by-rule", "do not start before"},
	{"a project without persons", "restrictions: [{match: phc_two_project, action: skip_persons}]", "without-persons", "do not merge persons"},
	{"a topic of its own", "restrictions: [{match: 'phc_one_project:bot', action: redirect}]", "redirected", "a lane of their own"},
}

// TestRules: what rules of the deployment do to a run is predicted as it is counted, and
// comes with words for the customer that name no token.
func TestRules(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for _, row := range ruled {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := parse(t, told, "load.profile=line(0, 1000, 5s) const(1000, 60s)", "traffic.distinct_ids.hot=[{id: bot, share: 20%}]")
			pipeline := facts(t, row.facts)
			var events [2]float64
			for i, r := range []*preflight.Report{foretell(t, s, pipeline), count(t, s, pipeline)} {
				f := find(r, row.id)
				if f == nil || !strings.Contains(f.Tell, row.tell) || strings.Contains(f.Message+f.Tell+f.Where+f.Hint, "phc_") {
					t.Fatalf("%+v of %+v", f, r.Findings)
				}
				for _, word := range strings.Fields(f.Message) {
					n, err := strconv.ParseFloat(strings.ReplaceAll(word, ",", ""), 64)
					if err == nil && n != 4000 && events[i] == 0 { // 4,000 is the quota itself
						events[i] = n
					}
				}
				if find(r, "unmatched-rules") != nil {
					t.Errorf("%+v", r.Findings)
				}
			}
			near(t, row.name, events[0], events[1], 0.1) // which project a batch is of is drawn
		})
	}
}

// TestQuotaEnds: the hour at which a quota ends, by the clock where the start is known, and
// what is lost of each project.
func TestQuotaEnds(t *testing.T) {
	t.Parallel()
	// 400 events/s for 10 hours are 14.4 million, of which a quota of 9 million ends after 6:15.
	s := parse(t, sound, "load.profile=line(0, 400, 5s) const(400, 10h)", "intake.starts=2026-12-03T21:00:00+01:00")
	f := find(suppose(t, s, facts(t, "limits: {quota: 9M}")), "quota-ends")
	if f == nil || !strings.Contains(f.Message, "at 03:15 on 4 Dec: 5,401,000 events, 37.5 % of all") || len(f.Cures) != 1 {
		t.Fatalf("%+v", f)
	}
	cut := parse(t, sound, append(f.Cures[0].Set, "intake.starts=2026-12-03T21:00:00+01:00")...)
	if r := suppose(t, cut, facts(t, "limits: {quota: 9M}")); find(r, "quota-ends") != nil || r.Plan.Events < 8_999_000 {
		t.Errorf("%v: %+v", f.Cures[0].Set, r.Plan)
	}
}

// TestUnmatchedRules: overrides and restrictions of ids that never come are named with line
// and column, and without the token.
func TestUnmatchedRules(t *testing.T) {
	t.Parallel()
	pipeline := facts(t, "limits:\n  per_minute:\n    events: 5k\n    overrides:\n      - {match: 'phc_one_project:bott', events: 9k}\n"+
		"      - {match: phc_two_project, events: 9k}\nrestrictions: [{match: phc_three_project, action: redirect}]\n")
	s := parse(t, told)
	for how, r := range map[string]*preflight.Report{"said": foretell(t, s, pipeline), "counted": count(t, s, pipeline)} {
		f := find(r, "unmatched-rules")
		want := "2 override or restrictions match no event of this run: pipeline.yaml:5:9 (bott), pipeline.yaml:7:16"
		if f == nil || f.Message != want || f.Where != "pipeline.yaml:5:9" {
			t.Errorf("%s: %+v", how, f)
		}
	}
}

// TestRulesOfAReplay: overrides and restrictions are held against a recording as well.
func TestRulesOfAReplay(t *testing.T) {
	t.Parallel()
	s := parse(t, "name: a\nreplay: {files: [../../../scenarios/recordings/posthog_events_api_airbyte.jsonl], clock: profile}\nload: {profile: 'const(10, 5s)'}\ntarget: {token: phc_one}\n")
	r := count(t, s, facts(t, "restrictions: [{match: 'phc_one:nobody', action: drop}]\nlimits: {overflow: {rate: 1/s, burst: 2}}\n"))
	if f := find(r, "unmatched-rules"); f == nil || f.Where != "pipeline.yaml:1:16" {
		t.Errorf("%+v", f)
	}
}

// TestWithoutPersonsHasNoKey: what a rule processes without persons has no key, so that it lies
// anywhere and nothing holds it in order.
func TestWithoutPersonsHasNoKey(t *testing.T) {
	t.Parallel()
	pipeline := facts(t, "restrictions: [{match: 'phc_one_project:bot', action: skip_persons}]\n")
	s := parse(t, told, "traffic.tokens=[{token: phc_one_project}]", "traffic.distinct_ids.hot=[{id: bot, share: 40%}]")
	said, seen := foretell(t, s, pipeline), count(t, s, pipeline)
	stated(t, "events of the hottest partition", float64(said.Partitions.Max), float64(seen.Partitions.Max), (said.Partitions.MaxError+0.05)*float64(said.Partitions.Max))
	for how, r := range map[string]*preflight.Report{"said": said, "counted": seen} {
		if f := find(r, "hot-ids"); f == nil || !strings.Contains(f.Message, "out of order") {
			t.Errorf("%s: %+v", how, f)
		}
	}
}
