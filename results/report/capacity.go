package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
)

// stageRow is a stage of the load and what came of it.
type stageRow struct {
	Name  string
	Cells []string // asked for, answered, p50, p99, max, rejected, late
	Mark  string   // whether it held
}

// stages are those in which anything was answered.
func stages(r *results.Result) (rows []stageRow) {
	for i := range r.Stages {
		row := &r.Stages[i]
		if row.Stats == nil {
			continue
		}
		l := &row.Stats.Latency
		rows = append(rows, stageRow{row.Name, []string{
			askedRate(row), answeredRate(row.Stats), text.Milliseconds(l.P50), text.Milliseconds(l.P99),
			text.Milliseconds(l.Max), text.Percent(row.Stats.Rejected), text.Percent(row.Stats.Late),
		}, stageMark(row.Stats)})
	}
	return rows
}

// stages sets what came of each rate of a run that holds several, and how high a
// one the endpoint held.
func (p *sheet) stages(r *rundir.Run) {
	if !climbs(r.Result) {
		return
	}
	const table = "%-14s %15s %10s %10s %10s %10s %9s %9s  %s"
	p.line("")
	if p.width < text.Columns {
		p.line("stages")
	} else {
		p.line(table, "stages", "target", "answered", "p50", "p99", "max", "rejected", "late", "")
	}
	for i := range r.Result.Stages {
		row := &r.Result.Stages[i]
		came := row.Stats
		switch {
		case came == nil:
		case p.width < text.Columns:
			p.paragraph("  "+stageMark(came)+" ", fmt.Sprintf(
				"%s: target %s/s, %s/s answered, p50 %s, p99 %s, %s rejected, %s late",
				row.Name, askedRate(row), answeredRate(came),
				text.Milliseconds(came.Latency.P50), text.Milliseconds(came.Latency.P99),
				text.Percent(came.Rejected), text.Percent(came.Late)))
		default:
			p.line(table, text.Fit("  "+row.Name, 14), askedRate(row), answeredRate(came),
				text.Milliseconds(came.Latency.P50), text.Milliseconds(came.Latency.P99),
				text.Milliseconds(came.Latency.Max), text.Percent(came.Rejected), text.Percent(came.Late),
				stageMark(came))
		}
	}
	if capacity := Capacity(r.Result); capacity != "" {
		p.paragraph("  ", capacity)
	}
}

// Asked is the rate that the stage asks for: "2,000", or "0 to 2,000".
func askedRate(row *results.StageRow) string {
	if row.Start == row.End {
		return text.Rate(row.Start)
	}
	return text.Rate(row.Start) + " to " + text.Rate(row.End)
}

// Rate is how many events a second were answered: "–" if it cannot be told.
func answeredRate(b *results.StageStats) string {
	if b.Answered == nil {
		return "–"
	}
	return text.Rate(*b.Answered)
}

// Mark is ✓ if the stage met its thresholds, ✗ if it did not, ? if that may have
// been the generator's doing.
func stageMark(b *results.StageStats) string {
	switch {
	case b.Doubt != "":
		return "?"
	case len(b.Broken) > 0:
		return "✗"
	}
	return "✓"
}

// steady says that the stage holds one rate.
func steady(row *results.StageRow) bool { return row.Start == row.End && row.Start > 0 }

// Climbs says whether the load holds more than one rate, so that its stages tell
// how much the endpoint takes.
func climbs(r *results.Result) bool {
	first := 0.0
	for i := range r.Stages {
		row := &r.Stages[i]
		switch {
		case !steady(row) || row.Stats == nil:
		case first == 0:
			first = row.Start
		case row.Start != first:
			return true
		}
	}
	return false
}

// Capacity says in a sentence how high a rate the endpoint took: the highest at
// which, and below which, every stage that holds one rate met the thresholds. A
// stage that comes after a higher rate broke them is not held against the endpoint,
// which may still owe it answers; one that the run did not see the end of does not
// speak for it. Empty if the run cannot tell: no thresholds but the implied one, or
// not two rates.
func Capacity(r *results.Result) string {
	demanded := slices.ContainsFunc(r.Thresholds, func(row results.ThresholdRow) bool { return !row.Implied })
	if !demanded || !climbs(r) {
		return ""
	}
	steady, cut := tellingStages(r)
	if i := slices.IndexFunc(steady, func(row results.StageRow) bool { return len(row.Stats.Broken) > 0 }); i >= 0 {
		row := &steady[i]
		text := fmt.Sprintf("%s, and broke at %s/s: %s",
			heldUpTo(highest(steady, row.Start)), text.Rate(row.Start), strings.Join(row.Stats.Broken, "; "))
		if row.Stats.Doubt != "" {
			text += "; but " + row.Stats.Doubt
		}
		return text
	}
	best := highest(steady, math.Inf(1))
	switch {
	case !cut:
		return heldUpTo(best) + ", the highest of the run"
	case best == 0:
		return ""
	}
	return heldUpTo(best) + "; the run ended before it had been through more"
}

// telling are the stages that say what the endpoint takes, from the lowest rate
// up, and whether the run ended before all of them were over.
func tellingStages(r *results.Result) (stages []results.StageRow, cut bool) {
	broke := 0.0 // the highest rate that did, so far
	for _, row := range r.Stages {
		if !steady(&row) {
			continue
		}
		ended := r.Run.Ended == results.Completed || row.To <= r.Run.Seconds
		cut = cut || !ended
		switch {
		case row.Stats == nil:
		case len(row.Stats.Broken) == 0 && ended:
			stages = append(stages, row)
		case len(row.Stats.Broken) > 0 && row.Start >= broke:
			broke = row.Start
			stages = append(stages, row)
		}
	}
	slices.SortStableFunc(stages, func(a, b results.StageRow) int { return cmp.Compare(a.Start, b.Start) })
	return stages, cut
}

// highest is the highest rate of the stages that is below a bound; 0 if none is.
func highest(steady []results.StageRow, below float64) (best float64) {
	for _, row := range steady {
		if row.Start < below {
			best = row.Start
		}
	}
	return best
}

// heldUpTo begins the sentence.
func heldUpTo(best float64) string {
	if best == 0 {
		return "the thresholds held at none of the rates"
	}
	return fmt.Sprintf("the thresholds held up to %s events/s", text.Rate(best))
}
