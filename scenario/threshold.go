package scenario

// Threshold is one demand on the results, parsed when the file is loaded.
type Threshold struct {
	Text   string  // as written
	Metric Metric  // what is measured
	Op     string  // < <= > >= == !=
	Value  float64 // milliseconds for times, a fraction of 1 for shares, events for counts
	Share  bool    // Value is a share of the planned (late, unsent) or sent (others) requests
}

// Metric is what a threshold measures.
type Metric struct {
	Name     string  // latency, service, lag, accepted, rejected, ambiguous, unsent, late
	Quantile float64 // for times: 0.99 for p99; 1 is max; 0 with Mean set is the mean
	Mean     bool
	Status   string // rejected(429), rejected(5xx): only these; empty: all
}
