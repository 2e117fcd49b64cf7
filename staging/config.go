package staging

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
)

// Config says what a Server enforces and how it misbehaves. The zero value is
// a well-behaved endpoint with the limits of the service.
type Config struct {
	Generation capture.Generation // which behaviour of the v0 routes

	MaxBody int            // largest body as it travels, in bytes; 0: that of the generation
	Limits  capture.Limits // what holds after decompression

	// Policy is what the deployment decides of requests; see its fields.
	Policy capture.Policy

	// NoV1 leaves v1 out, as a deployment without sinks for it does.
	NoV1 bool

	// HistoricalAfter sends events that are older to the historical lane; 0: only
	// those of batches that say so (ENABLE_HISTORICAL_REROUTING).
	HistoricalAfter time.Duration

	// Pipeline is what lies behind the endpoint; see package pipeline.
	Pipeline pipeline.Config

	Work  Work
	Delay time.Duration // how long the service takes, besides the work itself
	Stall Stall

	Reject     []Rejection
	RetryAfter time.Duration // said with an injected 429 or 503, in whole seconds; 0: not said
	// NotPersisted is the share of the events of v1 that are to be sent again.
	NotPersisted float64

	Reset float64 // share of requests whose connection is closed instead of an answer

	Stored float64 // share of a request's events that an injected 503 leaves behind, see Phase

	// Script is what else goes wrong, and when. Where phases overlap, the first
	// holds; during a phase, what is said above of answers and delays does not.
	Script []Phase

	// Produced, if set, is called for each message that the service would have sent
	// to Kafka, in the order of the events of a request and from many goroutines at
	// once. The message is valid only during the call.
	Produced func(*Message)

	// Observe, if set, is called for each request that may submit events once its
	// answer is settled, with the status of that answer, or 0 for a reset. The
	// client has its answer only after Observe has returned; so the requests of a
	// client that awaits each answer are observed in their order. It is called
	// from many goroutines at once. The request is valid only during the call,
	// and must not be changed.
	Observe func(r *capture.Request, status int)
}

// Work is how fast the endpoint works. The zero value does everything at once.
type Work struct {
	Capacity    float64 // how many events a second it can do, 0: any number; what exceeds it waits
	Concurrency int     // how many requests are served at once, 0: any number; the others queue

	// Costs say what events take of the capacity, by their names, in events that are not named.
	Costs map[string]float64
}

// Validate returns what is wrong with c, all of it. New accepts any Config, and
// makes the best of one that is wrong.
func (c *Config) Validate() error {
	base := c.base()
	wrong := []error{base.validate()}
	for i, p := range c.Script {
		err := p.validate()
		if err == nil && (p.From < 0 || p.To <= p.From) {
			err = fmt.Errorf("cannot last from %v to %v: want an end after a beginning", p.From, p.To)
		}
		if err != nil {
			wrong = append(wrong, fmt.Errorf("phase %d: %w", i+1, err))
		}
	}
	if c.Delay < 0 || c.RetryAfter < 0 || c.Work.Concurrency < 0 || c.MaxBody < 0 || c.Work.Capacity < 0 {
		wrong = append(wrong, errors.New("cannot use a negative delay, retry-after, capacity, concurrency "+
			"or body limit"))
	}
	if c.Generation == capture.Generation2024 && (len(c.Policy.KnownTokens) > 0 || c.Policy.Import ||
		len(c.Policy.Drop) > 0 || c.HistoricalAfter > 0) {
		wrong = append(wrong, errors.New("cannot know tokens, drop by rule, only import or look at ages as of 2024: "+
			"that service did not"))
	}
	for name, cost := range c.Work.Costs {
		if !(cost >= 0) || math.IsInf(cost, 0) {
			wrong = append(wrong, fmt.Errorf("cannot have an event %q cost %v events", name, cost))
		}
	}
	if c.HistoricalAfter < 0 {
		wrong = append(wrong, errors.New("cannot use a negative age"))
	}
	return errors.Join(append(wrong, c.Stall.validate())...)
}

// base is how the endpoint behaves outside of its script.
func (c *Config) base() Phase {
	return Phase{
		Delay: Delay{Min: c.Delay}, Reject: c.Reject, RetryAfter: c.RetryAfter,
		Reset: c.Reset, Stored: c.Stored, NotPersisted: c.NotPersisted,
	}
}

func (c *Config) maxBody() int {
	if c.MaxBody > 0 {
		return c.MaxBody
	}
	return c.Generation.MaxWire()
}

// Stall makes the endpoint stand still for the last For of every Every, counted
// from the first request to an event route. Whatever arrives or is in progress
// then waits until it is over. The zero value never stalls.
type Stall struct {
	Every time.Duration
	For   time.Duration
}

func (s Stall) validate() error {
	if s != (Stall{}) && (s.For <= 0 || s.Every <= s.For) {
		return fmt.Errorf("cannot stall for %v in every %v: want the first positive and shorter than the second",
			s.For, s.Every)
	}
	return nil
}

// left returns how much longer the stall lasts that is on at elapsed, 0 if none
// is.
func (s Stall) left(elapsed time.Duration) time.Duration {
	if s.Every <= 0 {
		return 0
	}
	if phase := elapsed % s.Every; phase >= s.Every-s.For {
		return s.Every - phase
	}
	return 0
}

// ParseStall reads "1s/5s": one second in every five.
func ParseStall(text string) (Stall, error) {
	long, every, found := strings.Cut(text, "/")
	if !found {
		return Stall{}, fmt.Errorf("cannot parse stall %q: want a form like 1s/5s", text)
	}
	var s Stall
	var err error
	if s.For, err = time.ParseDuration(long); err != nil {
		return Stall{}, fmt.Errorf("cannot parse stall %q: %w", text, err)
	}
	if s.Every, err = time.ParseDuration(every); err != nil {
		return Stall{}, fmt.Errorf("cannot parse stall %q: %w", text, err)
	}
	return s, s.validate()
}
