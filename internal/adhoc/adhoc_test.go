package adhoc

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/scenario"
)

// Whatever the flags say, the scenario says the same.
func TestScenarioIsWhatTheFlagsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.IntRange(1, 100_000).Draw(t, "rate")
		seconds := rapid.IntRange(4, 7200).Draw(t, "seconds") // at least one event
		ramp := rapid.IntRange(0, seconds).Draw(t, "ramp")
		batch := rapid.IntRange(1, 1000).Draw(t, "batch")
		merges := rapid.IntRange(0, 45).Draw(t, "merges")
		f := Flags{
			Rate: fmt.Sprint(rate), Duration: fmt.Sprint(seconds, "s"), Ramp: fmt.Sprint(ramp, "s"),
			Batch: fmt.Sprint(batch), Merges: fmt.Sprint(merges, "%"), Skew: "1.25",
		}
		text, err := f.Scenario()
		if err != nil {
			t.Fatal(err)
		}
		s, err := scenario.Parse("x", text, scenario.Options{})
		if err != nil {
			t.Fatal(err)
		}
		curve := s.Load.Curve
		if curve.Peak() != float64(rate) || curve.Span() != time.Duration(seconds)*time.Second {
			t.Fatalf("%v for %v", curve.Peak(), curve.Span())
		}
		if s.Batching.MinEvents != batch || s.Batching.MaxEvents != batch || s.Traffic.DistinctIDs.Skew != 1.25 {
			t.Fatalf("batching %+v, skew %v", s.Batching, s.Traffic.DistinctIDs.Skew)
		}
		if got := identifies(s); got != float64(merges)/100 {
			t.Fatalf("%v of the events are $identify", got)
		}
	})
}

// identifies is the share of $identify.
func identifies(s *scenario.Scenario) (share float64) {
	for _, e := range s.Traffic.Events {
		if e.Name == "$identify" {
			share = e.Weight
		}
	}
	return share
}

// Without a word about them there are a ramp and batches.
func TestDefaults(t *testing.T) {
	for duration, want := range map[string]string{
		"":    "line(0, 500, 10s) const(500, 20s)",
		"6s":  "line(0, 500, 2s) const(500, 4s)",
		"10m": "line(0, 500, 10s) const(500, 9m50s)",
	} {
		f := Flags{Rate: "500/s", Duration: duration}
		text, err := f.Scenario()
		if err != nil || !strings.Contains(string(text), want) || !strings.Contains(string(text), "events: 100") {
			t.Errorf("%s, %v\n%s", duration, err, text)
		}
	}
}

// Each mistake names the flag that it is in.
func TestMistakesNameTheirFlags(t *testing.T) {
	for _, c := range []struct {
		flags Flags
		want  string
	}{
		{Flags{Duration: "3s"}, "--rate: missing"},
		{Flags{Rate: "fast"}, "--rate: cannot read"},
		{Flags{Rate: "0"}, "--rate: must be more than 0"},
		{Flags{Rate: "-5"}, "--rate: "},
		{Flags{Rate: "1e300"}, "--rate: "},
		{Flags{Rate: "5", Duration: "3"}, "--duration: "},
		{Flags{Rate: "5", Duration: "0"}, "--duration: must be more"},
		{Flags{Rate: "5", Duration: "290y"}, "--duration: "},
		{Flags{Rate: "5", Ramp: "-3s"}, "--ramp: "},
		{Flags{Rate: "5", Ramp: "31s"}, "--ramp: 31s is longer"},
		{Flags{Rate: "5", Batch: "0"}, "--batch: "},
		{Flags{Rate: "5", Batch: "1M"}, "--batch: "},
		{Flags{Rate: "5", Skew: "NaN"}, "--skew: "},
		{Flags{Rate: "5", Skew: "11"}, "--skew: "},
		{Flags{Rate: "5", Merges: "100%"}, "--merges: must be"},
		{Flags{Rate: "5", Merges: "x", Batch: "y"}, "--batch: cannot read \"y\""},
	} {
		_, err := c.flags.Scenario()
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.flags, err, c.want)
		}
	}
}
