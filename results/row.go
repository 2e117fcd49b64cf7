package results

import (
	"math"

	"rehearse/capture"
)

// Row is one line of timeline.csv: one interval. Times of the run are in
// seconds, durations in milliseconds, as in the file. A quantile of nothing is
// NaN, and an empty cell of the file.
type Row struct {
	From, To float64
	Target   float64 // events per second asked for
	InFlight Count   // at the end of the interval

	Accepted, Rejected, Ambiguous, Unsent Count
	LateBuild, LatePace, NoConnection     int64 // requests
	Held                                  int64 // requests that left late for the permit's sake

	BodyBytes, WireBytes int64

	LatencyP50, LatencyP99, LatencyMax float64
	LatencyP90                         float64
	ServiceP50, ServiceP99             float64
	LagP99, LagMax                     float64

	Overflow int64 // durations too long for a histogram
	LeftOut  int64 // rejections without details
	Retried  int64 // requests that were refused and are sent again

	LateStall       int64   // requests that left late because the generator stood still
	Stalled         float64 // how long it stood still, in stalls that ended in the interval
	ExpectedRefused int64   // events that were not accepted, as was expected of them
}

// RowOf is the line of an interval.
func RowOf(iv *Interval) Row {
	return Row{
		From: iv.From.Seconds(), To: iv.To.Seconds(),
		Target: iv.Target, InFlight: iv.InFlight,
		Accepted:  iv.Fates[capture.FateAccepted],
		Rejected:  iv.Fates[capture.FateRejected],
		Ambiguous: iv.Fates[capture.FateAmbiguous],
		Unsent:    iv.Fates[capture.FateUnsent],
		LateBuild: iv.Late[LateBuild].Requests, LatePace: iv.Late[LatePace].Requests,
		NoConnection: iv.Late[NoConnection].Requests, Held: iv.Late[Held].Requests,
		BodyBytes: iv.BodyBytes, WireBytes: iv.WireBytes,
		LatencyP50: quantile(iv.Latency, 0.5),
		LatencyP90: quantile(iv.Latency, 0.9),
		LatencyP99: quantile(iv.Latency, 0.99),
		LatencyMax: quantile(iv.Latency, 1),
		ServiceP50: quantile(iv.Service, 0.5),
		ServiceP99: quantile(iv.Service, 0.99),
		LagP99:     quantile(iv.Lag, 0.99),
		LagMax:     quantile(iv.Lag, 1),
		Overflow:   iv.Overflow(), LeftOut: iv.LeftOut, Retried: iv.Retries,
		LateStall: iv.Late[LateStall].Requests, Stalled: ToMilliseconds(iv.stalled()), ExpectedRefused: iv.ExpectedRefused,
	}
}

// quantile is a quantile in milliseconds, NaN of nothing.
func quantile(h *Histogram, q float64) float64 {
	if h.Count() == 0 {
		return math.NaN()
	}
	return ToMilliseconds(h.Quantile(q))
}
