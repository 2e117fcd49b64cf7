package rehearsal

import (
	"strings"
	"testing"
	"time"

	"rehearse/internal/capacity"
	"rehearse/scenario"
)

// trialScenario has thresholds of all kinds.
const trialScenario = `name: a
load: {profile: "line(0, 200, 5s) const(200, 5s)"}
target: {timeout: 10s}
traffic: {seed: 7}
thresholds: [p99 < 500ms, rejected < 1%, p50 < 20ms in stage 1, unsent < 5, ambiguous == 0, "rejected(429) < ` +
	`1% every 30s"]
abort: ['http(5xx, 10%, 30s)']
`

func parseTrial(t *testing.T, text string, set ...string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse("a.yaml", []byte(text), scenario.Options{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A trial has another load and another seed, and thresholds that hold for it; whatever
// else the scenario says stays.
func TestTrialOverrides(t *testing.T) {
	t.Parallel()
	s := parseTrial(t, trialScenario)
	trial := Trial{Rate: 3300.5, Hold: 20 * time.Second, Number: 12}
	got := parseTrial(t, trialScenario, trial.overrides(s)...)
	if got.Traffic.Seed != 19 || got.Load.Curve.Peak() != 3300.5 || got.Load.Curve.Span() != trial.Ramp()+trial.Hold {
		t.Errorf("seed %d, peak %v, over %v", got.Traffic.Seed, got.Load.Curve.Peak(), got.Load.Curve.Span())
	}
	if last := got.Load.Stages[len(got.Load.Stages)-1]; last.Name != Hold || last.Start != 3300.5 ||
		last.End != 3300.5 {
		t.Errorf("the last stage is %+v", last)
	}
	var texts []string
	for _, one := range got.Thresholds {
		texts = append(texts, one.Text)
	}
	want := "p99 < 500ms in hold; rejected < 1% in hold; ambiguous == 0 in hold; rejected(429) < 1% every 30s"
	if strings.Join(texts, "; ") != want {
		t.Errorf("thresholds %q", texts)
	}
	if len(got.Aborts) != 2 || got.Aborts[1].Text != "latency(p50, 5s, 2s)" {
		t.Errorf("abort rules %+v", got.Aborts)
	}
}

// The ramp has no jump that a check would refuse.
func TestTrialRamp(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		rate    float64
		seconds int
	}{{1, 1}, {500, 1}, {501, 2}, {1000, 2}, {20_000, 7}, {1e6, 12}} {
		trial := Trial{Rate: row.rate, Hold: time.Second}
		ramp := rampTo(row.rate)
		if len(ramp) != row.seconds || ramp[len(ramp)-1] != row.rate {
			t.Errorf("%v: %v", row.rate, ramp)
		}
		s := parseTrial(t, trialScenario)
		r := Forecast(parseTrial(t, trialScenario, trial.overrides(s)...), supposed(s))
		for _, f := range r.Findings {
			if f.ID == "no-ramp" {
				t.Errorf("%v: %s", row.rate, f.Message)
			}
		}
	}
}

// What makes no trial is told.
func TestFitsTrial(t *testing.T) {
	t.Parallel()
	if err := FitsTrial(parseTrial(t, trialScenario)); err != nil {
		t.Error(err)
	}
	for set, want := range map[string]string{
		"thresholds=null":                  "a trial needs thresholds",
		"thresholds=[p99 < 1s in stage 1]": "a trial needs thresholds",
		"thresholds=[accepted > 100]":      "a trial needs thresholds",
	} {
		err := FitsTrial(parseTrial(t, trialScenario, set))
		if err == nil || !strings.Contains(err.Error(), want) || KindOf(err) != Scenario {
			t.Errorf("%s: %v", set, err)
		}
	}
}

// A background is held at its peak beside the rate of a trial: both holds are one stretch,
// and both streams send other events in each trial.
func TestTrialBesideABackground(t *testing.T) {
	t.Parallel()
	const text = trialScenario + "background: {load: {profile: 'line(0, 1200, 9s)'}, traffic: {}, thresholds: [p99 < 1s]}\n"
	s := parseTrial(t, text)
	for _, rate := range []float64{10, 1200, 40_000} {
		trial := Trial{Rate: rate, Hold: 20 * time.Second, Number: 3, Beside: s.Background.Load.Curve.Peak()}
		got := parseTrial(t, text, trial.overrides(s)...)
		for _, stream := range got.Streams() {
			stages := stream.Load.Stages
			if last := stages[len(stages)-1]; last.Name != Hold || last.From != trial.Ramp() ||
				last.To != trial.Ramp()+trial.Hold {
				t.Errorf("at %v %s holds from %v to %v, and the ramp is %v", rate, stream.Name, last.From, last.To, trial.Ramp())
			}
		}
		if b := got.Background; b.Load.Curve.Peak() != 1200 || b.Thresholds[0].Text != "p99 < 1s in hold" ||
			b.Traffic.Seed != s.Background.Traffic.Seed+3 {
			t.Errorf("at %v: %+v", rate, b)
		}
		r := Forecast(got, supposed(got))
		for _, f := range r.Findings {
			if f.ID == "no-ramp" {
				t.Errorf("%v: %s", rate, f.Message)
			}
		}
	}
	if err := FitsTrial(parseTrial(t, text, "thresholds=null")); err != nil {
		t.Errorf("the background has thresholds: %v", err)
	}
}

// A recording is sent over and over at the rate of a trial, under other uuids in each, and in
// no order of ids.
func TestTrialOfAReplay(t *testing.T) {
	t.Parallel()
	const text = "name: a\ntarget: {timeout: 10s}\nthresholds: [p99 < 1s]\nreplay: {files: [doc.go], format: jsonl, " +
		"speed: 60, max_gap: 1m, loop: 2}\n"
	s := parseTrial(t, text)
	if err := FitsTrial(s); err != nil {
		t.Fatal(err)
	}
	passes := map[int64]bool{}
	for _, number := range []uint64{1, 2} {
		trial := Trial{Rate: 1200, Hold: 20 * time.Second, Number: number}
		got := parseTrial(t, text, trial.overrides(s)...)
		r := got.Replay
		if r.Clock != scenario.ClockProfile || r.Loop != scenario.MaxLoop || r.Order != scenario.OrderNone ||
			got.Load.Curve.Peak() != 1200 {
			t.Errorf("%+v", r)
		}
		passes[r.Pass] = true
	}
	if len(passes) != 2 || passes[0] {
		t.Errorf("first passes %v", passes)
	}
	for set, want := range map[string]string{
		"replay.files=['-']":                        "is read again in each, so it must be a file",
		"replay={files: [doc.go], format: capture}": "cannot replay recorded requests",
		"background={replay: {files: [trial.go]}}":  "has the rhythm of its recording",
	} {
		if err := FitsTrial(parseTrial(t, text, set)); err == nil || !strings.Contains(err.Error(), want) ||
			KindOf(err) != Scenario {
			t.Errorf("%s: %v", set, err)
		}
	}
}

// Each kind of traffic whose cost is measured makes trials, whatever the scenario mixes.
func TestVariantsOfCosts(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"../scenarios/capacity.yaml", "../scenarios/merge-storm.yaml", "../scenarios/import-beside-live.yaml"} {
		for _, v := range capacity.Variants() {
			s, err := Load(path, Overrides{Set: append([]string{"thresholds=[p99 < 1s]"}, v.Set...)})
			if err == nil {
				err = FitsTrial(s)
			}
			if err != nil {
				t.Errorf("%s, %s: %v", path, v.Name, err)
			}
		}
	}
}
