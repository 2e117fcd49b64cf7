package report

import (
	"fmt"
	"math"

	"rehearse/internal/plot"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
)

// retryChart draws what was sent again over time: the requests a second that
// came back to be sent once more, and what they did to the load. Where an
// endpoint that is in trouble gets more requests because it is in trouble, the
// amplification rises with the refusals.
func retryChart(run *rundir.Run, s *series) *chart {
	c, x := overTime(run, s, "Sent again", "refused requests that their client tries once more, a second")
	high := 0.0
	for _, t := range s.steps {
		high = math.Max(high, t.retried)
	}
	if high == 0 {
		c.Empty = "The timeline does not say when."
		return c
	}
	y, ticks := plainAxis(high)
	c.YTicks = ticks
	var bars string
	for _, t := range s.steps {
		if t.retried > 0 {
			bars += plot.Block(x.At(t.from), x.At(t.to), y.At(0), y.At(t.retried))
		}
		c.hit(x, t.from, t.to, fmt.Sprintf("%s: %s/s sent again, %s requests for one", clock(t.from), text.Rate(t.retried), text.Rate(t.amplification())))
	}
	c.Shapes = []shape{{"fill s1", bars}}
	c.Legend = []key{{"fill s1", "sent again"}}
	return c
}

// amplification is how many requests the endpoint got for each that came to its
// end.
func (s *step) amplification() float64 {
	if s.requests == 0 {
		return 1
	}
	return (s.requests + s.retried) / s.requests
}

// retryFacts say what sending again came to.
func retryFacts(r *results.Result) []fact {
	if r.Retries == nil {
		return nil
	}
	why := "requests"
	if causes := retryCauses(r.Retries); causes != "" {
		why += ", after " + causes
	}
	return []fact{
		{"sent again", text.Count(r.Requests.Retried), why},
		{"may be stored twice", text.Count(r.Retries.Twice), "events sent again after an attempt that may have been stored"},
		{"amplification", fmt.Sprintf("%.2f ×", r.Retries.Amplification), "requests at the endpoint for each one planned"},
		{"settled", clock(r.Retries.Settled), "when the last event was in"},
	}
}
