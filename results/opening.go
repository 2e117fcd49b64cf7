package results

import (
	"time"

	"rehearse/internal/text"
)

// Opening is the connection that had to be opened to send a request, or could
// not be. The time it takes is part of the request's latency and service: who
// waits for an answer waits for that, too, and it is no fault of the generator's.
type Opening struct {
	Tried     bool          // the request found no connection open
	Open      bool          // and got one
	Unasked   int64         // how often the endpoint sent what no request had asked for
	Encrypted bool          // by TLS
	Connect   time.Duration // until a connection stood, through a proxy's tunnel if there is one
	TLS       time.Duration // from then until it was encrypted
}

// Connections counts the connections that were opened, and the attempts that
// failed. Unasked ones were closed because the endpoint sent more than an answer to
// each request: a second answer, or a body beyond its length.
type Connections struct {
	Opened  int64 `json:"opened"`
	Failed  int64 `json:"failed"`
	Unasked int64 `json:"unasked,omitempty"`
}

// add counts what other does.
func (c *Connections) add(other *Connections) {
	c.Opened += other.Opened
	c.Failed += other.Failed
	c.Unasked += other.Unasked
}

// notes says what makes answers doubtful.
func (c *Connections) notes() []string {
	if c == nil || c.Unasked == 0 {
		return nil
	}
	return []string{"answers nobody asked for: " + text.Count(c.Unasked) + " (the endpoint sent a second answer, or a body beyond its length; " +
		"the connection was closed each time, but the request before may have been told another's answer)"}
}

// recordOpening counts a connection that was opened, or could not be.
func (t *Tally) recordOpening(o *Opening) {
	t.Connections.Unasked += o.Unasked
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
	t.Connections.add(&other.Connections)
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
// and what opening connections took where any were opened. Where not everything was
// accepted, the latency of what was stands apart.
func (r *Result) Times() []NamedSummary {
	times := []NamedSummary{{"latency", r.Latency}}
	if r.Mixed() {
		times = append(times, NamedSummary{"accepted", *r.AcceptedLatency})
	}
	times = append(times, NamedSummary{"service", r.Service}, NamedSummary{"lag", r.Lag})
	if r.Connect != nil {
		times = append(times, NamedSummary{"connect", *r.Connect})
	}
	if r.TLS != nil {
		times = append(times, NamedSummary{"tls", *r.TLS})
	}
	return times
}
