package schedule

import (
	"math"
	"time"
)

// Windows tell how unevenly the events of a load fall on windows of one length, which
// follow each other from its start. Stages are added in their order.
type Windows struct {
	window   float64 // seconds
	arrivals Arrivals

	count, sum, squares, empty float64
	most                       float64
	part, filled               float64 // events of the window that is not full yet, and seconds of it
}

// NewWindows returns windows without events.
func NewWindows(window time.Duration, a Arrivals) *Windows {
	return &Windows{window: window.Seconds(), arrivals: a}
}

// mostPieces bounds the pieces that a stage whose rate changes is cut into.
const mostPieces = 1 << 20

// Add adds a stage.
func (s *Windows) Add(g Stage) {
	left := g.Over.Seconds()
	if s.filled > 0 {
		take := min(left, s.window-s.filled)
		s.part += g.events(0, take)
		s.filled += take
		if s.filled < s.window*(1-1e-12) {
			return
		}
		s.add(s.part, 1)
		s.part, s.filled = 0, 0
		left -= take
	}
	whole := math.Floor(left/s.window + 1e-12)
	from := g.Over.Seconds() - left
	pieces := 1.0
	if g.From != g.To {
		pieces = min(whole, mostPieces)
	}
	for k := 0.0; k < pieces && whole > 0; k++ {
		long := whole * s.window / pieces
		s.add(g.events(from+k*long, from+(k+1)*long)/whole*pieces, whole/pieces)
	}
	if rest := left - whole*s.window; rest > 1e-9 {
		s.part, s.filled = g.events(g.Over.Seconds()-rest, g.Over.Seconds()), rest
	}
}

// add adds so many windows that are each expected to have so many events.
func (s *Windows) add(events, windows float64) {
	if near := math.Round(events); math.Abs(events-near) < 1e-6 {
		events = near // Sums of rates miss whole numbers by a few roundings.
	}
	s.count += windows
	s.sum += events * windows
	rest := events - math.Floor(events)
	variance, empty, most := rest*(1-rest), max(1-events, 0), math.Ceil(events)
	if s.arrivals == Poisson {
		variance, empty = events*max(1-events/blockEvents, 0), math.Exp(-events)
		log := math.Log(max(windows, 1))
		most = events + math.Sqrt(2*variance*log) + log/3
	}
	s.squares += (events*events + variance) * windows
	s.empty += empty * windows
	if events > 0 {
		s.most = max(s.most, most)
	}
}

// Bursts is how unevenly events fall on windows of one length.
type Burstiness struct {
	Window time.Duration
	CV     float64 // standard deviation of the counts over their mean
	Mean   float64 // events a window
	Most   float64 // events of the fullest window
	Empty  float64 // share of the windows without an event
}

// Bursts sums up what was added. A last window that is not full is left out, unless it
// is the only one.
func (s *Windows) Burstiness() Burstiness {
	if s.count == 0 && s.filled > 0 {
		s.add(s.part, 1)
		s.filled = 0
	}
	if s.sum == 0 {
		return Burstiness{Window: time.Duration(s.window * 1e9), Empty: 1}
	}
	mean := s.sum / s.count
	return Burstiness{
		Window: time.Duration(s.window * 1e9), Mean: mean, Most: s.most,
		CV: math.Sqrt(max(s.squares/s.count-mean*mean, 0)) / mean, Empty: s.empty / s.count,
	}
}
