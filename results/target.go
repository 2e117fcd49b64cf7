package results

// TargetMetric is what a metric of the target, asked of a Prometheus by PromQL, came to
// while a run went on.
type TargetMetric struct {
	Name    string  `json:"name"`
	Query   string  `json:"query"`
	Samples int64   `json:"samples"`
	First   float64 `json:"first"` // before the load; of no samples all are 0
	Min     float64 `json:"min"`
	Mean    float64 `json:"mean"`
	Max     float64 `json:"max"`
	Last    float64 `json:"last"`              // when everything was answered
	Failed  int64   `json:"failed"`            // questions that were not answered by a number
	Because string  `json:"because,omitempty"` // why the first of them was not
}

// Take counts the answer to a question.
func (m *TargetMetric) Take(value float64, err error) {
	if err != nil {
		m.Failed++
		if m.Because == "" {
			m.Because = err.Error()
		}
		return
	}
	if m.Samples == 0 {
		m.First, m.Min, m.Max = value, value, value
	}
	m.Samples++
	m.Min, m.Max, m.Last = min(m.Min, value), max(m.Max, value), value
	m.Mean += (value - m.Mean) / float64(m.Samples)
}

// Backlog is what piled up in a run, and how long it took to be worked off.
type Backlog struct {
	Most    int64   `json:"most_events"`      // due and not answered yet, at most
	AtEnd   int64   `json:"at_end_events"`    // the same when the load ended
	Drained float64 `json:"answered_after_s"` // how long after that the last request was answered

	Queue *Queue `json:"queue,omitempty"` // behind the endpoint; nil: the scenario names none
}

// Queue is a queue behind the endpoint, as a metric of the target has it.
type Queue struct {
	Metric string  `json:"metric"`
	Before float64 `json:"before"` // the load
	Most   float64 `json:"most"`   // while it lasted
	Last   float64 `json:"last"`   // when it was asked for last
	// how long after the last answer it was where it had been; null: it did not get there
	Drained *float64 `json:"drained_s"`
	Because string   `json:"because,omitempty"` // why nobody knows
}
