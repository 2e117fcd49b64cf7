package pipeline

import (
	"testing"
	"time"
)

// TestTrace: the wait over time is kept in bounded memory, and its highest is the worst.
func TestTrace(t *testing.T) {
	t.Parallel()
	var l lagging
	begin := time.Unix(1_700_000_000, 0)
	for i := range 200_000 { // 100 ms apart; in the first half each takes twice as long
		cost := 200 * time.Millisecond
		if i >= 100_000 {
			cost = 0
		}
		l.take(begin.Add(time.Duration(i)*100*time.Millisecond), int64(cost))
	}
	lag := l.at(begin.Add(20_000 * time.Second))
	points := lag.Trace()
	if len(points) < mostPoints/4 || len(points) >= mostPoints {
		t.Fatalf("%d points", len(points))
	}
	highest := LagPoint{}
	for i, p := range points {
		if p.Wait > highest.Wait {
			highest = p
		}
		if i > 0 && !p.At.After(points[i-1].At) {
			t.Errorf("%v after %v", p.At, points[i-1].At)
		}
	}
	if highest.Wait.Seconds() != lag.Worst || lag.Worst < 9_990 || points[len(points)-1].Wait > time.Minute {
		t.Errorf("%+v is the highest, %v the worst, %+v the last", highest, lag.Worst, points[len(points)-1])
	}
}
