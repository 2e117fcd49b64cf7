package staging

import (
	"errors"
	"fmt"
	"time"

	"rehearse/capture"
	"rehearse/capture/pipeline"
)

// Config says what a Server enforces and how it misbehaves. The zero value is
// a well-behaved endpoint with the limits of the service.
type Config struct {
	Generation capture.Generation // which behaviour of the v0 routes

	MaxBody int            // largest body as it travels, in bytes; 0: that of the generation
	Limits  capture.Limits // what holds after decompression

	// Pipeline is what lies behind the endpoint; see package pipeline.
	Pipeline pipeline.Config

	Concurrency int           // how many requests are served at once, 0: any number; the others queue
	Delay       time.Duration // how long the service takes, besides the work itself
	Stall       Stall

	Reject     []Rejection
	RetryAfter time.Duration // said with an injected 429 or 503, in whole seconds; 0: not said
	// NotPersisted is the share of the events of v1 that are to be sent again.
	NotPersisted float64

	Reset float64 // share of requests whose connection is closed instead of an answer

	// Observe, if set, is called for each request that may submit events once its
	// answer is settled, with the status of that answer, or 0 for a reset. The
	// client has its answer only after Observe has returned; so the requests of a
	// client that awaits each answer are observed in their order. It is called
	// from many goroutines at once. The request is valid only during the call,
	// and must not be changed.
	Observe func(r *capture.Request, status int)
}

// Validate returns what is wrong with c, all of it. New accepts any Config, and
// makes the best of one that is wrong.
func (c *Config) Validate() error {
	var wrong []error
	total := c.Reset
	for _, r := range c.Reject {
		total += r.Share
		wrong = append(wrong, r.validate())
	}
	if !isShare(c.Reset) {
		wrong = append(wrong, fmt.Errorf("cannot reset a share of %v: want a multiple of 0.1%% from 0%% to 100%%", c.Reset))
	}
	if !isShare(c.NotPersisted) {
		wrong = append(wrong, fmt.Errorf("cannot return a share of %v of the events: want a multiple of 0.1%% from 0%% to 100%%", c.NotPersisted))
	}
	if total > 1 {
		wrong = append(wrong, fmt.Errorf("cannot reject and reset %v%% of the requests: the shares add up to more than 100%%", total*100))
	}
	if c.Delay < 0 || c.RetryAfter < 0 || c.Concurrency < 0 || c.MaxBody < 0 {
		wrong = append(wrong, errors.New("cannot use a negative delay, retry-after, concurrency or body limit"))
	}
	return errors.Join(append(wrong, c.Stall.validate())...)
}

func (c *Config) maxBody() int {
	if c.MaxBody > 0 {
		return c.MaxBody
	}
	return c.Generation.MaxWire()
}
