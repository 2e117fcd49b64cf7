package preflight_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rehearse/internal/preflight"
	"rehearse/internal/preflight/backlog"
	"rehearse/internal/preflight/whatif"
	"rehearse/scenario"
)

// bites are scenarios in which each thing that a pipeline does bites: what is found, a figure
// that is held against the model of the embedded endpoint, and how far it may be off: 5 %,
// or the error that is stated with it.
var bites = []struct {
	name, id string
	set      []string
	figure   func(*preflight.Report) (figure, off float64)
	says     string // in the message
}{
	{"overflow keeps the key", "hot-ids", []string{hotKiosk, limits("per_minute: off, overflow: {rate: 60/s, burst: 300}")}, overflowed, "one slower lane, in order"},
	{"overflow drops the key", "hot-ids", []string{hotKiosk, "staging.generation=2024", limits("overflow: {rate: 60/s, burst: 300}")}, overflowed, "out of order"},
	{"the bucket of the consumer", "hot-ids", []string{hotKiosk, limits("overflow: off, per_minute: off, consumer: {rate: 60/s, burst: 300}")}, overflowed, "in the consumer"},
	{"the global limit", "global-limit", []string{hotKiosk, limits("overflow: off"), "load.profile=line(0, 400, 5s) const(400, 90s)"}, overflowed, "without person processing"},
	{"an override of it", "global-limit", []string{hotKiosk, limits("overflow: off, per_minute: {events: 30k, overrides: [{match: 'phc_rehearsal:kiosk', events: 4k}]}"), "load.profile=line(0, 400, 5s) const(400, 90s)"}, overflowed, "kiosk"},
	{"import mode", "import-mode", []string{"staging.mode=import"}, refused, "takes imports only"},
	{"one event of an id after another", "late-id", []string{hotKiosk, "staging.pipeline={limits: {overflow: off, per_minute: off}, costs: {per_event: 10ms}}"}, latest(func(r *preflight.Report) *backlog.Queued { return r.Lag.ID }), "one after another, 100/s"},
	{"merges into one person", "late-id", []string{"traffic.events={a: 80, $identify: 20}", "traffic.merges={fan_in: 50%}"}, latest(func(r *preflight.Report) *backlog.Queued { return r.Lag.ID }), "fan-in is up to"},
	{"a partition", "late-partition", []string{hotKiosk, "staging.pipeline={limits: {overflow: off, per_minute: off}, costs: {per_event: off, partition: 80/s}}"}, latest(func(r *preflight.Report) *backlog.Queued { return r.Lag.Partition }), "a partition processes 80"},
	{"apps and destinations", "late-stage", []string{"staging.pipeline={stages: {destinations: {capacity: 150/s, share: 75%}}}"}, latest(func(r *preflight.Report) *backlog.Queued { return &r.Lag.Stages[0] }), "destinations take 150"},
	{"the weight of apps", "apps", []string{"intake.apps=yes", "staging.pipeline={costs: {apps: 3}}"}, cost, "as 3 more ordinary events"},
	{"ids that a merge moves", "merge-ids", []string{limits("merge_ids: 100"), "traffic.events={a: 90, $identify: 6, $merge_dangerously: 4}", "traffic.merges={fan_in: 40%, wide: 5%}"}, beyond, "dead letters"},
	{"parts by month", "months-jumped", []string{"target.historical_migration=true", "load.profile=const(40, 20m)", "traffic.timestamps={from: 2026-01-05, to: 2026-01-20, disorder: 300d}"}, months, "different months"},
	{"a quota", "quota-ends", []string{limits("quota: 4k")}, quotaEnd, "used up"},
	{"events that are dropped", "dropped-by-rule", []string{hotKiosk, rule("drop")}, refused, "go nowhere"},
	{"events that overflow by rule", "forced-overflow", []string{hotKiosk, rule("overflow")}, overflowed, "whatever their rate"},
	{"events without persons", "without-persons", []string{hotKiosk, rule("skip_persons")}, told1("without-persons"), "no properties"},
	{"a topic of its own", "redirected", []string{hotKiosk, rule("redirect")}, told1("redirected"), "a topic of its own"},
}

const hotKiosk = "traffic.distinct_ids={count: 10k, skew: 0, hot: [{id: kiosk, share: 40%}]}"

func limits(text string) string { return "staging.pipeline={limits: {" + text + "}}" }

func rule(action string) string {
	return "staging.pipeline={restrictions: [{match: 'phc_rehearsal:kiosk', action: " + action + "}], limits: {overflow: off, per_minute: off}, costs: {per_event: off}}"
}

func overflowed(r *preflight.Report) (figure, off float64) {
	return float64(r.Plan.Overflow), r.Plan.Errors.Overflow * float64(r.Plan.Overflow)
}

func refused(r *preflight.Report) (figure, off float64) {
	for _, one := range r.Plan.Refused {
		figure += float64(one.Events)
	}
	return figure, 0
}

func cost(r *preflight.Report) (figure, off float64)     { return r.Plan.Cost, 0 }
func beyond(r *preflight.Report) (figure, off float64)   { return float64(r.Storage.Persons.Beyond), 0 }
func months(r *preflight.Report) (figure, off float64)   { return float64(r.Storage.Months.AMinute), 0 }
func quotaEnd(r *preflight.Report) (figure, off float64) { return *r.Storage.QuotaEnds, 0 }

func latest(of func(*preflight.Report) *backlog.Queued) func(*preflight.Report) (figure, off float64) {
	return func(r *preflight.Report) (figure, off float64) { q := of(r); return q.Worst, q.Error }
}

// told1 is the first number of a finding's message.
func told1(id string) func(*preflight.Report) (figure, off float64) {
	return func(r *preflight.Report) (figure, off float64) {
		for _, word := range strings.Fields(find(r, id).Message) {
			if n, err := strconv.ParseFloat(strings.ReplaceAll(word, ",", ""), 64); err == nil {
				return n, 0
			}
		}
		return 0, 0
	}
}

// TestEachThingBites: it is found, as large as the model of the embedded endpoint has it, and
// gone with a cure that --what-if names.
func TestEachThingBites(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	for _, row := range bites {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := parse(t, sound, row.set...)
			said, seen := foretell(t, s, nil), count(t, s, nil)
			for how, r := range map[string]*preflight.Report{"said": said, "counted": seen} {
				if f := find(r, row.id); f == nil || !strings.Contains(f.Message, row.says) {
					t.Fatalf("%s: %+v in %+v", how, f, r.Findings)
				}
			}
			figure, off := row.figure(said)
			was, _ := row.figure(seen)
			t.Logf("said %.6g ± %.3g, was %.6g", figure, off, was)
			if was == 0 || max(figure-was, was-figure) > max(0.05*was, 1.5*off) {
				t.Errorf("said %.6g ± %.3g, was %.6g", figure, off, was)
			}
			curedBy(t, said, row.set, row.id)
		})
	}
}

// TestSharedQuota: a project's quota is used by all that is sent to it, and by nothing else.
func TestSharedQuota(t *testing.T) {
	t.Parallel()
	const two = "{tokens: [{token: phc_first, weight: 3}, {token: phc_second}]}"
	for _, row := range []struct {
		own, aside string // tokens
		at         float64
		own1, off1 int64 // events that are dropped
	}{ // each stream has 10,000 events in 10 s, of which 4,000 are left for a project
		{"phc_first", "phc_first", 2, 8000, 8000},
		{"phc_first", "phc_second", 4, 6000, 6000},
		{"two", "phc_second", 3.2, 7500 - 4000 + 1700, 6800}, // the second: 1.25 of a stream
	} {
		set := []string{"load.profile=const(1000, 10s)", "background={load: {profile: 'const(1000, 10s)'}, target: {token: " +
			row.aside + "}, traffic: {}}", limits("quota: 4k"), "target.token=" + row.own}
		if row.own == "two" {
			set[len(set)-1] = "traffic=" + two
		}
		s := parse(t, sound, set...)
		in, aside := inputOf(s, nil), inputOf(s.Background, nil)
		in.Beside = &aside
		r := preflight.Check(in)
		lost, others := r.Plan.Refused[0].Events, r.Background.Plan.Refused[0].Events
		if at := *r.Storage.QuotaEnds; math.Abs(at-row.at) > 0.01 || max(lost-row.own1, row.own1-lost) > 10 ||
			max(others-row.off1, row.off1-others) > 10 {
			t.Errorf("%s and %s: %d and %d are dropped from %v on, want %+v", row.own, row.aside, lost, others, at, row)
		}
	}
}

// TestCookieless: that events have no cookies is found where they are not counted, and they
// are as hot as one id where they are.
func TestCookieless(t *testing.T) {
	t.Parallel()
	const mix = "traffic.events={a: {weight: 3, properties: {$cookieless_mode: [true, false]}}, b: 1}"
	set := []string{mix, "load.profile=line(0, 800, 20s) const(800, 30s)", limits("per_minute: off")}
	s := parse(t, sound, set...)
	f := find(foretell(t, s, nil), "cookieless")
	if f == nil || !strings.Contains(f.Message, "37.5 % of the events") || !strings.Contains(f.Message, "up to 300 events/s") {
		t.Errorf("%+v", f)
	}
	r := count(t, s, nil)
	if find(r, "cookieless") != nil || r.Plan.Overflow < 1000 {
		t.Errorf("%d events overflow, %+v", r.Plan.Overflow, r.Findings)
	}
	for _, set := range [][]string{{"staging.generation=2024"}, {"traffic.events={a: {properties: {$cookieless_mode: false}}}"}} {
		if f := find(foretell(t, parse(t, sound, append([]string{mix}, set...)...), nil), "cookieless"); f != nil {
			t.Errorf("%v: %+v", set, f)
		}
	}
}

// curedBy demands that a trial removes a finding that names its cure.
func curedBy(t *testing.T, said *preflight.Report, sets []string, id string) {
	t.Helper()
	table := whatif.Try(said, func(set []string) (*preflight.Report, error) {
		with, err := scenario.Parse("a.yaml", []byte(sound), scenario.Options{Set: append(slices.Clip(sets), set...)})
		if err != nil {
			return nil, err
		}
		return foretell(t, with, nil), nil
	})
	if err := table.Failed(); err != nil {
		t.Error(err)
	}
	if !slices.ContainsFunc(table.Trials, func(one whatif.Trial) bool {
		return slices.Contains(one.Of, id) && slices.Contains(one.Gone, id)
	}) {
		t.Errorf("no cure of %s: %+v", id, table.Trials)
	}
}
