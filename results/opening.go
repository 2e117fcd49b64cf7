package results

import "time"

// Opening is the connection that had to be opened to send a request, or could
// not be. The time it takes is part of the request's latency and service: who
// waits for an answer waits for that, too, and it is no fault of the generator's.
type Opening struct {
	Tried     bool          // the request found no connection open
	Open      bool          // and got one
	Encrypted bool          // by TLS
	Connect   time.Duration // until a connection stood, through a proxy's tunnel if there is one
	TLS       time.Duration // from then until it was encrypted
}

// Connections counts the connections that were opened, and the attempts that
// failed.
type Connections struct {
	Opened int64 `json:"opened"`
	Failed int64 `json:"failed"`
}

// recordOpening counts a connection that was opened, or could not be.
func (t *Tally) recordOpening(o *Opening) {
	switch {
	case !o.Tried:
		return
	case !o.Open:
		t.Connections.Failed++
		return
	}
	t.Connections.Opened++
	made(&t.Connect).Record(o.Connect)
	if o.Encrypted {
		made(&t.TLS).Record(o.TLS)
	}
}

// made is a histogram that is made when first asked for.
func made(h **Histogram) *Histogram {
	if *h == nil {
		*h = NewHistogram()
	}
	return *h
}

// addOpenings counts the connections that other holds.
func (t *Tally) addOpenings(other *Tally) {
	t.Connections.Opened += other.Connections.Opened
	t.Connections.Failed += other.Connections.Failed
	if other.Connect != nil {
		made(&t.Connect).Add(other.Connect)
	}
	if other.TLS != nil {
		made(&t.TLS).Add(other.TLS)
	}
}

// addConnections writes down what connections took, if any were tried.
func (r *Result) addConnections(t *Tally) {
	if t.Connections == (Connections{}) {
		return
	}
	c := t.Connections
	r.Connections = &c
	if t.Connect != nil {
		s := summary(t.Connect)
		r.Connect = &s
	}
	if t.TLS != nil {
		s := summary(t.TLS)
		r.TLS = &s
	}
}

// NamedSummary is one of a result's histograms.
type NamedSummary struct {
	Name string
	Summary
}

// Times are the histograms of a result in few numbers: latency, service and lag,
// and what opening connections took where any were opened.
func (r *Result) Times() []NamedSummary {
	times := []NamedSummary{{"latency", r.Latency}, {"service", r.Service}, {"lag", r.Lag}}
	if r.Connect != nil {
		times = append(times, NamedSummary{"connect", *r.Connect})
	}
	if r.TLS != nil {
		times = append(times, NamedSummary{"tls", *r.TLS})
	}
	return times
}
