// Package cure writes the small changes of a scenario that cure what a check finds, as
// overrides that --set takes and as the YAML that does the same in the file.
//
// Reading order: cure.go has what a cure is and those of one field, load.go those that
// change the load over time, and ids.go those that change who sends it.
package cure

import (
	"fmt"
	"math"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// Cure is one change of a scenario. The zero value is none: what would help is not to be
// written in this scenario.
type Cure struct {
	What string   `json:"what"` // in words, as in "peak at 400 events/s"
	Set  []string `json:"set"`  // FIELD=VALUE, as for --set, in this order
}

// IsKnown tells whether there is a change.
func (c *Cure) IsKnown() bool { return len(c.Set) > 0 }

// Known leaves out those that are none.
func Known(all ...Cure) (known []Cure) {
	for _, c := range all {
		if c.IsKnown() {
			known = append(known, c)
		}
	}
	return known
}

// Fields are the fields that the cure changes.
func (c *Cure) Fields() (all []string) {
	for _, set := range c.Set {
		field, _, _ := strings.Cut(set, "=")
		all = append(all, field)
	}
	return all
}

// YAML is the change as it stands in the file. What is set to null is to be left out of
// the file.
func (c *Cure) YAML() string {
	var b strings.Builder
	var open []string // the sections that the line before stands in
	for _, set := range c.Set {
		field, value, _ := strings.Cut(set, "=")
		path := strings.Split(field, ".")
		if value == "null" {
			fmt.Fprintf(&b, "# leave %s out\n", field)
			open = nil
			continue
		}
		same := 0
		for same < min(len(open), len(path)-1) && open[same] == path[same] {
			same++
		}
		for i := same; i < len(path)-1; i++ {
			fmt.Fprintf(&b, "%s%s:\n", strings.Repeat("  ", i), path[i])
		}
		open = path[:len(path)-1]
		fmt.Fprintf(&b, "%s%s: %s\n", strings.Repeat("  ", len(path)-1), path[len(path)-1], value)
	}
	return b.String()
}

// Of one field.

// Batch has so many events in each request.
func Batch(s *scenario.Scenario, events int64) Cure {
	c := Cure{What: text.Count(events) + " events a request", Set: []string{fmt.Sprintf("batching.events=%d", events)}}
	if s.Replay != nil && s.Replay.Format == scenario.FormatCapture {
		return Cure{} // requests are sent as they were recorded
	}
	if s.Target.Endpoint == scenario.EndpointCapture {
		c.Set = append([]string{"target.endpoint=batch"}, c.Set...)
	}
	return c
}

// Historical marks the batches as an import of old events.
func Historical(s *scenario.Scenario) Cure {
	c := Cure{What: "mark it as historical_migration", Set: []string{"target.historical_migration=true"}}
	switch {
	case s.Replay != nil && s.Replay.Format == scenario.FormatCapture:
		return Cure{}
	case s.Target.Endpoint == scenario.EndpointCapture:
		c.Set = append([]string{"target.endpoint=batch"}, c.Set...)
	}
	return c
}

// Sorted sends the events in the order of their times.
func Sorted(s *scenario.Scenario, by time.Duration) Cure {
	set := "traffic.timestamps.disorder=0s"
	if s.Replay != nil {
		set = "replay.reorder=" + units.FormatDuration(max(by.Round(time.Second), time.Second))
	}
	return Cure{What: "sort by time", Set: []string{set}}
}

// Set is a cure of one field.
func Set(what, field, value string) Cure { return Cure{What: what, Set: []string{field + "=" + value}} }

// MergesLater keeps ids anonymous for so long before they are merged that partitions which
// lag by as much have been read by then, in a run of a length.
func MergesLater(s *scenario.Scenario, lag, span time.Duration) Cure {
	// Log-normal through ten and twenty lags, one id in a hundred thousand is merged within
	// one. A run that is shorter than that has fewer lags to give.
	const half, part = 10, 5
	after := min(half*lag, span/part).Truncate(time.Second)
	if s.Replay != nil || after < 2*lag || lag <= 0 {
		return Cure{}
	}
	return Cure{What: "merges last, " + units.FormatDuration(after) + " after their ids began", Set: []string{
		fmt.Sprintf("traffic.merges.delay={p50: %s, p90: %s}", units.FormatDuration(after),
			units.FormatDuration(2*after)),
	}}
}

// round cuts a number down to so many digits.
func round(x float64, digits int) float64 {
	if x <= 0 || math.IsInf(x, 0) {
		return max(x, 0)
	}
	unit := math.Pow(10, math.Floor(math.Log10(x))-float64(digits-1))
	return math.Round(x/unit) * unit
}
