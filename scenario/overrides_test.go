package scenario

import (
	"strings"
	"testing"
	"time"
)

func TestOverrides(t *testing.T) {
	t.Parallel()
	s := parse(t, minimal,
		"traffic.seed=7", "traffic.seed=8", "target.timeout=2s", "thresholds=[p99 < 1s, late < 1%]",
		"traffic.distinct_ids={count: 10}", "load.profile=line(0, 10, 2s) const(10, 1s)", "about=",
		"batching.events.min=2", "batching.events.max=3")
	switch {
	case s.Traffic.Seed != 8:
		t.Errorf("seed is %d, want the last one given", s.Traffic.Seed)
	case s.Target.Timeout != 2*time.Second, len(s.Thresholds) != 2, s.Traffic.DistinctIDs.Count != 10:
		t.Errorf("overrides were lost: %+v", s)
	case s.Load.Curve.Total() != 20:
		t.Errorf("profile has %d events, want 20", s.Load.Curve.Total())
	case s.Batching.MinEvents != 2 || s.Batching.MaxEvents != 3:
		t.Errorf("batching is %+v", s.Batching)
	}
	s = parse(t, "name: a\nload: {stages: [{to: 5, over: 2s}]}\ntraffic: {}\n", "load.stages=null",
		"load.profile=const(3, 1s)", "nothing=null")
	if s.Load.Curve.Total() != 3 {
		t.Errorf("a field could not be taken away: %v", s.Load.Curve)
	}
	s = parse(t, "name: a\nload: &l {profile: 'const(10, 1s)'}\ntraffic: {}\n", "name=&n b", "load.late=skip")
	if s.Name != "b" || s.Load.Late != LateSkip {
		t.Errorf("name %q, late %q", s.Name, s.Load.Late)
	}
}

func TestOverrideMistakes(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{
		"traffic.seed":          "--set: expected a path and a value (as in traffic.seed=7)",
		"traffic.seed=x":        `--set: traffic.seed: cannot read "x" as a seed (a whole number below 2^64)`,
		"traffic.sed=1":         "--set: traffic.sed: unknown field (did you mean seed?)",
		"name.a=1":              "--set: name.a: only fields of mappings can be set",
		"a=[":                   "--set: a: cannot read the value as YAML",
		"=1":                    "--set: unknown field",
		"target={token: abc}":   "--set: target: cannot be set as a whole",
		"target.url=ftp://x":    "--set: target.url: must begin with http:// or https://",
		"batching.events=[1,2]": "--set: batching.events: expected a count, found a list",
	} {
		_, err := Parse("a.yaml", []byte(minimal), Options{Set: []string{set}})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("--set %s: %v, want %s", set, err, want)
		}
	}
}
