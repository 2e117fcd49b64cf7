package preflight

import (
	"math"
	"testing"
	"time"

	"rehearse/internal/capture/pipeline"
	"rehearse/scenario/schedule"
)

// TestMinutesInTheLongRun: what is computed for the rest of a long run is what the
// model would have come to, had it been led all the way.
func TestMinutesInTheLongRun(t *testing.T) {
	t.Parallel()
	begin := time.Unix(1<<31, 0).Truncate(time.Minute)
	for _, text := range []string{
		"line(0, 100, 6h)", // over 3,000 a minute, 50/s, from 3 h on: 50 to 100/s for 3 h, 810,000 events
		"line(100, 0, 6h)",
		"const(10, 2h) const(60, 2h) const(10, 2h)",
		"line(0, 49, 6h)",
	} {
		stages, err := schedule.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		curve, err := schedule.NewCurve(stages)
		if err != nil {
			t.Fatal(err)
		}
		short := minutes(curve, 1, pipeline.GlobalLimit{Events: 3000}, begin, pace{step: time.Second, steps: 600}, limits{})
		long := minutes(curve, 1, pipeline.GlobalLimit{Events: 3000}, begin, pace{step: time.Second, steps: 30_000}, limits{})
		if math.Abs(short.over-long.over) > 0.01*long.over || math.Abs(short.first-long.first) > 216 { // a hundredth of the run
			t.Errorf("%s: %.0f over from %.0f s on; the model says %.0f from %.0f s on", text, short.over, short.first, long.over, long.first)
		}
	}
}
