package capacity

import (
	"cmp"
	"slices"
)

// Curve is latency against load: a point for each rate of a valid trial, from the lowest
// rate up.
type Curve struct {
	Points []Point `json:"points"`
	Knee   float64 `json:"knee_events_per_s,omitempty"` // 0: too few points

	Scalability *Scalability `json:"scalability,omitempty"`    // nil: it was not fitted
	NotFitted   string       `json:"not_fitted_why,omitempty"` // why not
}

// Point is a rate with what it came to: the median of all trials at about that rate.
type Point struct {
	Rate       float64 `json:"events_per_s"`
	Answered   float64 `json:"answered_events_per_s"`
	Efficiency float64 `json:"efficiency"` // answered / sent
	Trials     int     `json:"trials"`
	Broke      int     `json:"broke"` // of these
	Latency    Latency `json:"latency_ms"`
	InFlight   float64 `json:"requests_in_flight"`

	Climbing int `json:"-"` // trials in which latency climbed all the time

	Beside float64 `json:"background_p99_ms,omitempty"` // 0: there was no background
}

// together is how close in rate trials lie that make one point.
const together = 1.01

// curveOf is the curve of the trials. Probes while the endpoint recovers are none.
func curveOf(trials []Row) Curve {
	var rows []Row
	for _, t := range trials {
		if t.Kind != Drain && t.Response != Invalid {
			rows = append(rows, t)
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(a.Rate, b.Rate) })
	c := Curve{Points: []Point{}}
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Rate <= rows[0].Rate*together {
			n++
		}
		c.Points = append(c.Points, pointOf(rows[:n]))
		rows = rows[n:]
	}
	c.Knee = kneeOf(c.Points)
	if len(c.Points) > 0 && c.Points[0].Beside > 0 {
		c.NotFitted = "a background was sent beside, and shares what the endpoint does at a time"
		return c
	}
	c.Scalability, c.NotFitted = scalabilityOf(c.Points)
	return c
}

// pointOf joins trials of about one rate.
func pointOf(rows []Row) Point {
	p := Point{Trials: len(rows)}
	of := func(get func(*Row) float64) float64 {
		values := make([]float64, len(rows))
		for i := range rows {
			values[i] = get(&rows[i])
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	p.Rate = of(func(r *Row) float64 { return r.Rate })
	p.Answered = of(func(r *Row) float64 { return r.Answered })
	p.Efficiency = min(p.Answered/p.Rate, 1)
	p.Latency = Latency{
		P50: of(func(r *Row) float64 { return r.Latency.P50 }), P90: of(func(r *Row) float64 { return r.Latency.P90 }),
		P99:  of(func(r *Row) float64 { return r.Latency.P99 }),
		Mean: of(func(r *Row) float64 { return r.Latency.Mean }),
	}
	p.InFlight = of(func(r *Row) float64 { return r.InFlight })
	if rows[0].Beside != nil {
		p.Beside = of(func(r *Row) float64 { return r.Beside.P99 })
	}
	for i := range rows {
		if rows[i].Response == Broke {
			p.Broke++
		}
		if rows[i].Climb > 0 {
			p.Climbing++
		}
	}
	return p
}

// kneeOf is the rate with the most throughput for the latency: where their ratio, the
// power of Giessler and Kleinrock (1979), is largest. More load beyond it costs more in
// latency than it brings.
func kneeOf(points []Point) (rate float64) {
	const fewest = 4
	best := 0.0
	if len(points) < fewest {
		return 0
	}
	for _, p := range points {
		if power := p.Answered / max(p.Latency.Mean, 1e-6); power > best {
			best, rate = power, p.Rate
		}
	}
	return rate
}
