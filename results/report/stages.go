package report

import "rehearse/results"

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
			row.Asked(), row.Came.Rate(), results.FormatMilliseconds(l.P50), results.FormatMilliseconds(l.P99),
			results.FormatMilliseconds(l.Max), results.FormatShare(row.Came.Rejected), results.FormatShare(row.Came.Late),
		}, row.Came.Mark()})
	}
	return rows
}
