package preflight

import (
	"fmt"

	"rehearse/internal/text"
	"rehearse/scenario"
)

// The bounds of requests, a second at the peak.
const (
	// singleRequests is from where on single events are a flood: every client
	// library batches by then (the slowest of them every five seconds).
	singleRequests = 100
	// freshConnections is from where on connections hurt: each costs a handshake,
	// and a port of the load balancer for minutes.
	freshConnections = 20
	// retriedRequests is from where on a client that does not wait when it is
	// asked to keeps an endpoint down.
	retriedRequests = 10
)

// singleEvents refuses one event a request at a rate that batching would serve.
func singleEvents(l *look) []Finding {
	p := &l.report.Plan
	if l.load.perRequest() > 1.5 || p.PeakRequests < singleRequests {
		return nil
	}
	const batch = 100
	message := fmt.Sprintf("one event a request, %s requests/s at the peak: batches of %d would make that %s", text.Rate(p.PeakRequests), batch, text.Rate(p.PeakEvents/batch))
	hint := fmt.Sprintf("set batching.events to %d", batch)
	switch {
	case l.s.Target.Endpoint == scenario.EndpointCapture:
		hint = "set target.endpoint to batch"
	case l.asRecorded():
		hint = replayEvents
	}
	return l.refuse(saying{"single-events", l.batchPath(), message, hint})
}

// connections refuses a connection a request.
func connections(l *look) []Finding {
	peak := l.report.Plan.PeakRequests
	if !l.s.Target.Reconnect || peak < freshConnections {
		return nil
	}
	return l.refuse(saying{"connection-per-request", "target.keep_alive",
		fmt.Sprintf("every request opens a connection of its own: %s a second at the peak, where %d kept open would do", text.Rate(peak), l.report.Plan.Connections),
		"leave target.keep_alive out"})
}

// retries refuses clients that send again before they are asked to.
func retries(l *look) []Finding {
	peak := l.report.Plan.PeakRequests
	policy := l.s.Policy()
	if l.s.Retry != scenario.RetrySDK || policy.HonoursRetryAfter || peak < retriedRequests {
		return nil
	}
	return l.refuse(saying{"ignores-retry-after", "retry",
		fmt.Sprintf("%s sends each refused request up to %d times more and does not wait as long as Retry-After asks: at %s requests/s that keeps a pipeline down that is down",
			l.s.Target.Client, policy.Retries, text.Rate(peak)),
		"set retry to none, or imitate a client that waits, such as posthog-go or posthog-python"})
}
