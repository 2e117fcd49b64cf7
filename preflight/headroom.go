package preflight

import (
	"fmt"
	"strings"

	"rehearse/internal/text"
)

// Fits says whether a pipeline takes a load.
type Fits string

// What is known of that.
const (
	FitsYes     Fits = "fits"
	FitsNot     Fits = "needs-scaling"
	FitsUnknown Fits = "unknown" // no capacity is known, or the peak lies within the interval that holds it
)

// Headroom is how the peak of a load compares with the capacity of the pipeline.
type Headroom struct {
	Fits     Fits    `json:"fits"`
	Capacity float64 `json:"capacity_events_per_s,omitempty"` // that a load is held to; 0: not known
	Low      float64 `json:"low_events_per_s,omitempty"`      // the interval of a measured one; 0: not told
	High     float64 `json:"high_events_per_s,omitempty"`     // 0: it has no upper end that is known
	Left     float64 `json:"left,omitempty"`                  // share of the capacity that the peak leaves
	Scale    float64 `json:"scale,omitempty"`                 // how many times of what it is the pipeline needs
	Measured string  `json:"measured,omitempty"`              // when, and of which build

	Conditions string `json:"conditions,omitempty"` // that it was measured with
}

// headroom compares the peak with the capacity. Within the interval of a measured one
// nobody can tell.
func (l *look) headroom() *Headroom {
	f, peak := l.facts, l.report.Plan.PeakEvents
	m := &f.Measurement
	h := &Headroom{Fits: FitsUnknown, Capacity: f.Capacity, Low: m.From, High: m.To}
	if f.Capacity == 0 {
		return h
	}
	h.Measured, h.Conditions = measuredText(l), string(plain(m.Conditions, 300))
	low, high := f.Capacity, f.Capacity
	if m.Known() {
		low, high = m.From, m.To
	}
	switch {
	case peak <= low:
		h.Fits, h.Left = FitsYes, 1-peak/low
	case high > 0 && peak > high:
		h.Fits, h.Scale = FitsNot, peak/low
	}
	return h
}

// measuredText says where a capacity comes from.
func measuredText(l *look) string {
	m := &l.facts.Measurement
	if !l.facts.Measured {
		return ""
	}
	parts := []string{"measured"}
	if m.Date != "" {
		parts = append(parts, "on "+string(plain(m.Date, 40)))
	}
	if m.Build != "" {
		parts = append(parts, "of "+string(plain(m.Build, 80)))
	}
	return strings.Join(parts, " ")
}

// headroomText is the same in a sentence.
func (h *Headroom) headroomText() string {
	known := text.Rate(h.Capacity)
	switch {
	case h.Low > 0 && h.High > 0:
		known = text.Rate(h.Low) + " to " + text.Rate(h.High)
	case h.Low > 0:
		known = "over " + text.Rate(h.Low)
	}
	from := h.Measured
	if from == "" {
		from = "declared"
	}
	switch h.Fits {
	case FitsYes:
		return fmt.Sprintf("fits, with %s of head-room: %s events/s, %s", text.Percent(h.Left), known, from)
	case FitsNot:
		return fmt.Sprintf("needs scaling to %s times of what it is: %s events/s, %s", text.Rate(h.Scale), known, from)
	}
	if h.Capacity == 0 {
		return "unknown: the pipeline file has none (rehearse capacity measures it)"
	}
	return fmt.Sprintf("unknown: the peak lies beyond what is certain of %s events/s, %s", known, from)
}

// nearCapacity says that nobody knows whether the pipeline takes the peak.
func nearCapacity(l *look) []Finding {
	h := l.report.Headroom
	if h == nil || h.Fits != FitsUnknown || h.Capacity == 0 {
		return nil
	}
	known := fmt.Sprintf("within the interval of %s to %s that holds the measured capacity", text.Rate(h.Low), text.Rate(h.High))
	if h.High == 0 {
		known = "above " + text.Rate(h.Low) + ", the highest rate that was measured: it held"
	}
	peak := text.Rate(l.report.Plan.PeakEvents)
	return l.accommodate(saying{"near-capacity", l.curvePath(),
		fmt.Sprintf("the peak of %s events/s lies %s: whether the pipeline takes it is not known", peak, known),
		fmt.Sprintf("peak at %s, or measure up to %s with rehearse capacity", rateText(h.Low), peak)})
}
