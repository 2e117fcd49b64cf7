package results

import (
	"fmt"

	"rehearse/internal/text"
)

// stages sets what came of each rate of a run that holds several, and how high a
// one the endpoint held.
func (r *Run) stages(p *page) {
	if !r.Result.Climbs() {
		return
	}
	const table = "%-14s %15s %10s %10s %10s %10s %9s %9s  %s"
	p.line("")
	if p.width < TextWidth {
		p.line("stages")
	} else {
		p.line(table, "stages", "asked for", "answered", "p50", "p99", "max", "rejected", "late", "")
	}
	for i := range r.Result.Stages {
		row := &r.Result.Stages[i]
		came := row.Came
		switch {
		case came == nil:
		case p.width < TextWidth:
			p.paragraph("  "+came.Mark()+" ", fmt.Sprintf("%s: %s/s asked for, %s/s answered, p50 %s, p99 %s, %s rejected, %s late", row.Name, row.Asked(),
				came.Rate(), text.Milliseconds(came.Latency.P50), text.Milliseconds(came.Latency.P99), text.Percent(came.Rejected), text.Percent(came.Late)))
		default:
			p.line(table, text.Fit("  "+row.Name, 14), row.Asked(), came.Rate(), text.Milliseconds(came.Latency.P50), text.Milliseconds(came.Latency.P99),
				text.Milliseconds(came.Latency.Max), text.Percent(came.Rejected), text.Percent(came.Late), came.Mark())
		}
	}
	if capacity := r.Result.Capacity(); capacity != "" {
		p.paragraph("  ", capacity)
	}
}

// Asked is the rate that the stage asks for: "2,000", or "0 to 2,000".
func (row *StageRow) Asked() string {
	if row.Start == row.End {
		return text.Rate(row.Start)
	}
	return text.Rate(row.Start) + " to " + text.Rate(row.End)
}

// Rate is how many events a second were answered: "–" if it cannot be told.
func (b *StageBooks) Rate() string {
	if b.Answered == nil {
		return "–"
	}
	return text.Rate(*b.Answered)
}

// Mark is ✓ if the stage met its thresholds, ✗ if it did not, ? if that may have
// been the generator's doing.
func (b *StageBooks) Mark() string {
	switch {
	case b.Doubt != "":
		return "?"
	case len(b.Broke) > 0:
		return "✗"
	}
	return "✓"
}
