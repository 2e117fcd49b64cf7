package scenario

import (
	"math"
	"time"
)

// RetryPolicy is how a client sends again what was refused for now: how often,
// and how long it waits before.
type RetryPolicy struct {
	Retries    int           // after the first attempt
	Unanswered int           // likewise, of a request that got no answer; 0: Retries
	Base       time.Duration // before the first retry
	Factor     float64       // by which each wait is longer than the last
	Cap        time.Duration // the longest wait of the client's own choosing
	Jitter     float64       // share by which a wait is shorter or longer at random

	HonoursRetryAfter bool // it waits at least as long as the endpoint asks for
	AskedOnly         bool // it sends again after 429 only if the endpoint says when
	CapsRetryAfter    bool // but no longer than Cap
	OnlyServerErrors  bool // it does not send again after 408 and 429
}

// Allows tells whether the client sends a request again that was sent again as
// often as attempt says. answered: the endpoint said something.
func (p RetryPolicy) Allows(attempt int, answered bool) bool {
	if !answered && p.Unanswered > 0 {
		return attempt < p.Unanswered
	}
	return attempt < p.Retries
}

// Wait is how long the client waits before retry number n, from 0. draw, from 0
// to 1, stands for chance. asked is the endpoint's Retry-After, 0 for none.
func (p RetryPolicy) Wait(n int, draw float64, asked time.Duration) time.Duration {
	wait := math.Min(float64(p.Base)*math.Pow(p.Factor, float64(n)), float64(p.Cap))
	wait *= 1 + p.Jitter*(2*draw-1)
	if p.CapsRetryAfter {
		asked = min(asked, p.Cap)
	}
	if p.HonoursRetryAfter {
		return max(time.Duration(wait), asked)
	}
	return time.Duration(wait)
}

// Policy is how a scenario's requests are sent again: as the client does, and
// without one as posthog-go does. It is meaningful where Retry is RetrySDK.
func (s *Scenario) Policy() RetryPolicy {
	h, known := s.Target.Client.Habits()
	if !known {
		h, _ = ClientGo.Habits()
	}
	if s.Target.Endpoint == EndpointV1 {
		h.Retry.CapsRetryAfter = true // posthog-go does not in v0 (capture_v1_send.go retryDelayV1)
	}
	return h.Retry
}
