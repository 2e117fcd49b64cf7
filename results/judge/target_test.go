package judge

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rehearse/results"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// metricOf is a metric that was asked for so often; NaN stands for no answer.
func metricOf(name string, failed int, values ...float64) results.TargetMetric {
	m := results.TargetMetric{Name: name}
	for _, v := range values {
		m.Take(v, nil)
	}
	for range failed {
		m.Take(0, errors.New("connection refused"))
	}
	return m
}

// A threshold on a metric of the target holds each time that it was asked for. What was not
// answered is never a pass: it is a doubt, unless another answer broke it.
func TestMetricsOfTheTarget(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		threshold string
		metric    results.TargetMetric
		ok        bool
		doubt     string
	}{
		{"metric(lag) < 10", metricOf("lag", 0, 3, 9), true, ""},
		{"metric(lag) < 10", metricOf("lag", 0, 3, 10), false, ""},
		{"metric(lag) > 2.5", metricOf("lag", 0, 3, 9), true, ""},
		{"metric(lag) > 5", metricOf("lag", 0, 3, 9), false, ""},
		{"metric(lag) == 3", metricOf("lag", 0, 3, 3), true, ""},
		{"metric(lag) < 10", metricOf("lag", 1, 3), false, "1 of 2 questions not answered: connection refused"},
		{"metric(lag) < 10", metricOf("lag", 1, 30), false, ""},
		{"metric(lag) < 10", metricOf("lag", 2), false, "2 of 2 questions"},
		{"metric(lag) < 10", metricOf("other", 0, 3), false, "no Prometheus"},
	} {
		one, err := scenario.ParseThreshold(row.threshold)
		if err != nil {
			t.Fatal(err)
		}
		r := &results.Result{}
		r.Metrics = []results.TargetMetric{row.metric}
		d := &evaluator{Threshold: one}
		e := d.evaluate(r, results.NewTally())
		if e.OK != row.ok || !strings.Contains(e.Doubt, row.doubt) || (e.Doubt == "") != (row.doubt == "") {
			t.Errorf("%s of %+v: %+v", row.threshold, row.metric, e.ThresholdRow)
		}
	}
}

// What is due and not answered piles up while an endpoint takes 60 of 100 events a second,
// and the run lasts until it is worked off.
func TestBacklog(t *testing.T) {
	t.Parallel()
	stages := []schedule.StageSpan{{From: 0, To: 10 * time.Second, Start: 100, End: 100}}
	for name, b := range map[string]backlog{"by the stages": {stages: stages}, "by the rate": {planned: 1000}} {
		for second := range 17 {
			iv := results.NewInterval()
			iv.From, iv.To = time.Duration(second)*time.Second, time.Duration(second+1)*time.Second
			if second < 10 {
				iv.Target = 100
			}
			iv.Fates[0].Events = min(60, 1000-60*int64(second))
			b.observe(iv)
		}
		got := b.result(17 * time.Second)
		if got.Most != 400 || got.AtEnd != 400 || got.Drained != 7 {
			t.Errorf("%s: %+v", name, got)
		}
	}
	ramp := []schedule.StageSpan{{From: 0, To: 10 * time.Second, Start: 0, End: 100}, {From: 10 * time.Second, To: 20 * time.Second, Start: 100, End: 0}}
	for at, want := range map[time.Duration]float64{0: 0, 5 * time.Second: 125, 10 * time.Second: 500, 15 * time.Second: 875, time.Hour: 1000} {
		if got := dueBy(ramp, at); got != want {
			t.Errorf("due by %v: %v, want %v", at, got, want)
		}
	}
}
