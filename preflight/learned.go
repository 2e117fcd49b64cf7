package preflight

import (
	"fmt"
	"math"
	"strings"
	"time"

	"rehearse/generator/traffic"
	"rehearse/internal/text"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Fit is one figure of the recording that a scenario was learned from, beside the same
// of the plan. Shares are of 1.
type Fit struct {
	What     string  `json:"what"`
	Recorded float64 `json:"recorded"`
	Planned  float64 `json:"planned"`
	Far      bool    `json:"far"` // further apart than a tenth, or of shares of ids three hundredths

	unit string
}

// The units of what is compared.
const (
	unitShare = "share"
	unitCount = "count"
	unitRatio = "ratio"
)

// How far a plan may be from its recording without a word.
const (
	farRatio = 0.1
	farOnce  = 0.03
)

// learnedWindows are those that a learned scenario tells of.
var learnedWindows = [...]time.Duration{time.Second, time.Minute, 5 * time.Minute}

// fitsLearned compares the plan with what the scenario says of its recording.
func (l *look) fitsLearned(model *traffic.Model, heavy []traffic.Heavy) {
	was := l.s.Learned
	if was == nil {
		return
	}
	l.fit(unitCount, "events", float64(was.Events), float64(l.load.Events))
	persons, _ := model.Persons(l.census)
	l.fit(unitCount, "distinct_ids", float64(was.DistinctIDs), persons)
	for i, n := range [...]int{1, 10, 100} {
		share := 0.0
		for _, h := range heavy[:min(n, len(heavy))] {
			share += h.Share
		}
		l.fit(unitShare, fmt.Sprintf("top %d", n), was.Top[i], share)
	}
	if once, ok := model.Once(l.census); ok {
		l.fit(unitShare, "ids once", was.Once, once)
		last := &l.report.Learned[len(l.report.Learned)-1]
		last.Far = math.Abs(last.Planned-last.Recorded) > farOnce
	}
	l.fitsRates(was)
}

// fitsRates compares how the events fall on windows of time.
func (l *look) fitsRates(was *scenario.Learned) {
	for i, window := range learnedWindows {
		if was.CV[i] == 0 {
			continue
		}
		w := schedule.NewWindows(window, l.s.Load.Arrivals)
		for _, s := range l.report.curve {
			w.Add(s)
		}
		b := w.Burstiness()
		if i == 0 {
			l.fit(unitCount, "peak in 1 s", float64(was.Peak), b.Most)
			l.fit(unitShare, "empty 1 s", was.Empty, b.Empty)
		}
		l.fit(unitRatio, fmt.Sprintf("cv %.0f s", window.Seconds()), was.CV[i], b.CV)
	}
}

// fit notes one figure.
func (l *look) fit(unit, what string, recorded, planned float64) {
	far := math.Abs(planned-recorded) > farRatio*math.Abs(recorded)
	l.report.Learned = append(l.report.Learned, Fit{what, recorded, planned, far, unit})
}

// unlike says where the plan is not like the recording.
func unlike(l *look) []Finding {
	var far []string
	for _, f := range l.report.Learned {
		if f.Far {
			far = append(far, fmt.Sprintf("%s %s (recorded %s)", f.What, f.text(f.Planned), f.text(f.Recorded)))
		}
	}
	if len(far) == 0 {
		return nil
	}
	return l.note(saying{"unlike-recording", "learned",
		"the plan is not like the recording that it was learned from: " + strings.Join(far, ", "),
		"where that is meant, leave it; else learn the scenario anew with rehearse profile"})
}

// text writes a figure.
func (f *Fit) text(n float64) string {
	switch f.unit {
	case unitShare:
		return text.Percent(n)
	case unitCount:
		return text.Count(n)
	}
	return text.Rate(n)
}

// learnedText sets how well the plan fits the recording.
func (r *Report) learnedText(p *page) {
	if len(r.Learned) == 0 {
		return
	}
	p.line("")
	p.line("%-38s %12s %12s", "learned from a recording", "recorded", "planned")
	for _, f := range r.Learned {
		p.line("  %-36s %12s %12s", f.What, f.text(f.Recorded), f.text(f.Planned))
	}
}
