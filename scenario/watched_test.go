package scenario

import (
	"strings"
	"testing"
)

// What is asked of a Prometheus needs its address, and names that are there.
func TestWatchedMistakes(t *testing.T) {
	t.Parallel()
	const ask = "target: {prometheus: 'http://127.0.0.1:9090', metrics: {lag: up}}\n"
	for text, want := range map[string]string{
		"target: {metrics: {lag: {group: a}}}\n":                                     "topic",
		"target: {url: 'http://127.0.0.1:1', metrics: {lag: {endpoint: waiting}}}\n": "only the embedded endpoint tells",
		"target: {metrics: {lag: {endpoint: waiting, group: a, topic: b}}}\n":        "given beside group and topic",
		"target: {metrics: {lag: up}}\n":                                             "target.metrics: no Prometheus to ask",
		ask + "thresholds: ['metric(other) < 5']\n":                                  `thresholds[0]: no metric is called "other"`,
		ask + "thresholds: ['metric(lag) < 5 every 9s']\n":                           "thresholds[0]: a metric of the target is judged over the whole",
		ask + "thresholds: ['metric(lag) < 5 in 1']\n":                               "thresholds[0]: ",
		ask + "thresholds: ['metric(lag < 5']\n":                                     "is not metric(NAME)",
		strings.Replace(ask, "}}", "}, backlog: a}", 1):                              `target.backlog: no metric is called "a"`,
	} {
		_, err := Parse("a.yaml", []byte(minimal+text), Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	s, err := Parse("a.yaml", []byte(minimal+ask+"thresholds: ['metric(lag) <= 2.5']\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if q := s.Target.Query("lag"); q == nil || q.PromQL != "up" || s.Target.Query("other") != nil {
		t.Errorf("%+v", s.Target.Watched)
	}
	if one := s.Thresholds[0]; one.Metric.Of != "lag" || one.Value != 2.5 || one.Share {
		t.Errorf("%+v", one)
	}
}
