package rehearsal

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"time"

	"rehearse/internal/permit"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// Trial makes a run one of its scenario's traffic at a constant rate: who sends what in
// which batches stays as it is, the load becomes a short ramp and a hold. Thresholds
// of the whole run are held against the hold. A background is held at its peak. Of a replay
// the recording is sent over and over, at that rate instead of its own. A permit binds
// the scenario as it is without the trial; its cap, window and bounds hold for the trial.
type Trial struct {
	Rate   float64       // events a second
	Hold   time.Duration // for how long it is held
	Number uint64        // added to the seeds, so that no two trials send the same events
	Beside float64       // the peak of the background, events a second; 0: there is none
}

// Hold is what the stage of a trial that counts is called.
const Hold = "hold"

// gentle is how many events a second may come at once; beyond, a load doubles each
// second. A check refuses what is steeper.
const gentle = 500

// hopeless is how many times the latency that is allowed a trial may show before it is
// ended: it has broken, and more of it would only take longer to drain.
const hopeless = 10

// Ramp is how long a trial takes to come to its rates.
func (t *Trial) Ramp() time.Duration {
	return time.Duration(max(len(rampTo(t.Rate)), len(rampTo(t.Beside)))) * time.Second
}

// rampTo is the rate at the end of each second of the way to one.
func rampTo(most float64) (rates []float64) {
	for rate := min(gentle, most); ; rate = min(2*rate, most) {
		if rates = append(rates, rate); rate == most {
			return rates
		}
	}
}

// stages are a load as YAML that comes to a rate and holds it.
func (t *Trial) stages(rate float64) string {
	var stages []string
	ramp := rampTo(rate)
	for _, to := range ramp {
		stages = append(stages, fmt.Sprintf("{to: %s, over: 1s}", units.FormatRate(to)))
	}
	if more := t.Ramp() - time.Duration(len(ramp))*time.Second; more > 0 { // the other stream takes longer
		stages = append(stages, fmt.Sprintf("{to: %s, over: %s}", units.FormatRate(rate), units.FormatDuration(more)))
	}
	stages = append(stages, fmt.Sprintf("{name: %s, to: %s, over: %s}",
		Hold, units.FormatRate(rate), units.FormatDuration(t.Hold)))
	return "[" + strings.Join(stages, ", ") + "]"
}

// overrides are what the trial changes in a scenario, each as field=value.
func (t *Trial) overrides(s *scenario.Scenario) []string {
	set := t.streamOverrides("", s, t.Rate)
	if b := s.Background; b != nil {
		set = append(set, t.streamOverrides("background.", b, t.Beside)...)
	}
	return set
}

// streamOverrides are what it changes in one stream, whose section stands within.
func (t *Trial) streamOverrides(within string, s *scenario.Scenario, rate float64) []string {
	set := []string{"load.profile=null", "load.follow=null", "load.closed=null", "load.stages=" + t.stages(rate)}
	if s.Replay != nil {
		set = append(set, t.replayOverrides(s.Replay)...)
	} else {
		set = append(set, fmt.Sprintf("traffic.seed=%d", s.Traffic.Seed+t.Number))
	}
	var texts []string
	slowest := 0.0
	for _, one := range TrialThresholds(s) {
		texts = append(texts, one.Text)
		if one.Metric.Name == "latency" && one.Bounds() {
			slowest = max(slowest, one.Value)
		}
	}
	set = append(set, "thresholds="+list(texts))
	var rules []string
	for _, rule := range s.Aborts {
		rules = append(rules, rule.Text)
	}
	if slow := time.Duration(slowest*hopeless) * time.Millisecond; slow > 0 && slow < s.Target.Timeout {
		rules = append(rules, fmt.Sprintf("latency(p50, %s, 2s)", units.FormatDuration(slow)))
	}
	set = append(set, "abort="+list(rules))
	for i := range set {
		set[i] = within + set[i]
	}
	return set
}

// replayOverrides are what it changes in a replay: each trial sends the recording under uuids
// of its own. Order within an id is not kept: at the end of a run that keeps it, what each
// connection has left goes out at once, and a trial would break for that.
func (t *Trial) replayOverrides(r *scenario.Replay) []string {
	set := []string{
		"replay.clock=profile", "replay.speed=null", "replay.max_gap=null",
		fmt.Sprintf("replay.loop=%d", scenario.MaxLoop),
		fmt.Sprintf("replay.pass=%d", r.Pass+int64(t.Number)*scenario.MaxLoop),
	}
	if r.Order == scenario.OrderPerID {
		set = append(set, "replay.order=none")
	}
	return set
}

// list is a list of texts as YAML.
func list(texts []string) string {
	var quoted []string
	for _, text := range texts {
		quoted = append(quoted, "'"+strings.ReplaceAll(text, "'", "''")+"'")
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// TrialThresholds are the thresholds of a scenario that a trial is held to, as they hold
// for it. Those of one stage of the scenario's own load, and those on a number of events
// however long a run is, have no meaning in a trial.
func TrialThresholds(s *scenario.Scenario) (held []scenario.Threshold) {
	for _, one := range s.Thresholds {
		if one.Metric.Name == scenario.MetricOfTarget { // of all of the trial
			held = append(held, one)
			continue
		}
		if one.Stage != "" || !one.Share && one.Value > 0 && one.Metric.Quantile == 0 && !one.Metric.Mean {
			continue
		}
		if one.Every == 0 {
			one.Stage = Hold
			one.Text += " in " + Hold
		}
		held = append(held, one)
	}
	return held
}

// loadTrial reads the scenario of a trial. What the permit binds is the scenario
// without it.
func (r *rehearsal) loadTrial() (err error) {
	if r.bound, err = Load(r.Options.Scenario, r.Overrides); err != nil {
		return err
	}
	if err := FitsTrial(r.bound); err != nil {
		return err
	}
	if t := r.Trial; !(t.Rate > 0) || math.IsInf(t.Rate, 0) || t.Hold <= 0 {
		return usage(fmt.Errorf("a trial at %v events/s for %v is none", t.Rate, t.Hold))
	}
	changed := r.Overrides
	changed.Seed = ""
	changed.Set = append(changed.Set[:len(changed.Set):len(changed.Set)], r.Trial.overrides(r.bound)...)
	r.scenario, err = Load(r.Options.Scenario, changed)
	return err
}

// FitsTrial says why a scenario makes no trial; nil: it does.
func FitsTrial(s *scenario.Scenario) error {
	thresholds := 0
	for _, stream := range s.Streams() {
		if stream.Replay != nil {
			if err := fitsReplay(stream); err != nil {
				return wrongScenario(err)
			}
		}
		thresholds += len(TrialThresholds(stream))
	}
	if b := s.Background; b != nil && b.Load.Curve == nil {
		return wrongScenario(errors.New("a trial holds the background at its peak, and this one has the rhythm of " +
			"its recording: give background.replay.clock: profile and a background.load.profile"))
	}
	if thresholds == 0 {
		return wrongScenario(errors.New("a trial needs thresholds that say when the endpoint takes a rate, " +
			"such as p99 < 500ms: the scenario has none for the whole run"))
	}
	return nil
}

// fitsReplay says why a recording cannot be sent in trial after trial; nil: it can. Whether one
// holds requests is found when it is read.
func fitsReplay(s *scenario.Scenario) error {
	if s.Replay.Format == scenario.FormatCapture {
		return errors.New("a trial cannot replay recorded requests: they are sent byte for byte, the same uuids in " +
			"each, and a pipeline deduplicates them (rehearse profile makes a scenario of a recording)")
	}
	for _, path := range s.Replay.Paths {
		info, err := os.Stat(path)
		if path == "-" || err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("a trial cannot replay %q: it is read again in each, so it must be a file", path)
		}
	}
	return nil
}

// Bounds are those of the permit, which has to cover the scenario now; nil: there is no
// permit.
func (o *Options) Bounds() (*permit.Bounds, error) {
	if o.Permit.File == "" {
		return nil, nil
	}
	granted, reasons, err := Verify(o.Permit, o.Scenario, o.Overrides, time.Now())
	if err != nil {
		return nil, err
	}
	if len(reasons) > 0 {
		return nil, Refusal(granted, reasons)
	}
	return &granted.Terms.Bounds, nil
}
