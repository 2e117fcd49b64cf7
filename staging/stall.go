package staging

import (
	"fmt"
	"strings"
	"time"
)

// Stall makes the endpoint stand still for the last For of every Every, counted
// from the first request to an event route. Whatever arrives or is in progress
// then waits until it is over. The zero value never stalls.
type Stall struct {
	Every time.Duration
	For   time.Duration
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

func (s Stall) validate() error {
	if s != (Stall{}) && (s.For <= 0 || s.Every <= s.For) {
		return fmt.Errorf("cannot stall for %v in every %v: want the first positive and shorter than the second", s.For, s.Every)
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
