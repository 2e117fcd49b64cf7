package scenario

import "time"

// Stage is a stretch of the profile: linear from one rate to another, in events per second.
type Stage struct {
	From, To float64
	Over     time.Duration
}

// Profile is the offered load over time.
type Profile struct{ stages []Stage }

// Secret is a value that prints as [redacted].
type Secret struct{ value string }
