package report

import (
	"rehearse/internal/text"
	"rehearse/results"
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
		if row.Came == nil {
			continue
		}
		l := &row.Came.Latency
		rows = append(rows, stageRow{row.Name, []string{
			askedRate(row), answeredRate(row.Came), text.Milliseconds(l.P50), text.Milliseconds(l.P99),
			text.Milliseconds(l.Max), text.Percent(row.Came.Rejected), text.Percent(row.Came.Late),
		}, stageMark(row.Came)})
	}
	return rows
}
