package capture

import "fmt"

// Generation is one of the behaviours that the v0 event routes have had. The
// zero value is Current.
type Generation uint8

// The generations.
const (
	Current        Generation = iota // the service of 2026
	Generation2024                   // the first public one, hog-rs
)

// ParseGeneration reads "current" or "2024".
func ParseGeneration(text string) (Generation, error) {
	for _, g := range []Generation{Current, Generation2024} {
		if g.String() == text {
			return g, nil
		}
	}
	return 0, fmt.Errorf("cannot parse generation %q: want current or 2024", brief(text))
}

// String returns the form that ParseGeneration reads.
func (g Generation) String() string {
	if g == Generation2024 {
		return "2024"
	}
	return "current"
}

// MaxWire is the largest body of a v0 request as it travels, in bytes.
func (g Generation) MaxWire() int {
	if g == Generation2024 {
		return maxWire2024
	}
	return MaxWire
}

// RefuseBroken returns the refusal of a body that ended before its end, in the
// words of the HTTP library that the service is built with.
func (g Generation) RefuseBroken() *Refusal {
	const cause = "error reading a body from connection"
	if g == Generation2024 {
		return refuse(400, "Failed to buffer the request body: "+cause)
	}
	return refuse(400, textDecode+"Error reading request body: "+cause)
}

// RefuseWire returns the refusal of a body that is larger than limit as it
// travels, in bytes (capture extractors.rs; in 2024 the words of the axum
// framework).
func (g Generation) RefuseWire(limit int) *Refusal {
	if g == Generation2024 {
		return refuse(413, "Failed to buffer the request body: length limit exceeded")
	}
	return refuse(413, fmt.Sprintf("%sRequest body exceeds limit of %d bytes", textTooLarge, limit))
}
