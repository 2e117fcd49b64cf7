package generator

import (
	"errors"
	"testing"
	"time"

	"rehearse/generator/source"
	"rehearse/generator/transport"
)

// TestRefusesWithoutADialer: a run connects by the dialer that it is given or not at all,
// and so does a connection by itself.
func TestRefusesWithoutADialer(t *testing.T) {
	t.Parallel()
	s := parse(t, "name: a\nload: {profile: 'const(10, 1s)'}\ntarget: {connections: 1}\ntraffic: {}\n")
	o, err := source.Open(s, source.Part{})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Scenario: s, Source: o, Plan: o.Plan, Start: time.Now()}
	if _, err := Run(t.Context(), t.Context(), c); !errors.Is(err, transport.ErrNoDial) {
		t.Errorf("without a dialer: %v", err)
	}
	c.Destination.Dial = transport.Loopback(time.Second)
	if _, err := Run(t.Context(), t.Context(), c); err == nil {
		t.Error("a run without a URL is no error")
	}
}
