package rehearsal

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"rehearse/generator"
	"rehearse/results"
	"rehearse/results/judge"
)

// What ended a run is told apart, and always says why.
func TestEnding(t *testing.T) {
	t.Parallel()
	fired := firedRule{&judge.Fired{Rule: "net(20%, 10s)", Why: "it fired"}}
	for _, c := range []struct {
		name    string
		summary generator.Summary
		cause   error
		want    results.Final
	}{
		{"completed", generator.Summary{}, nil, results.Final{Ended: results.Completed}},
		{"a rule that fired when all was sent", generator.Summary{}, fired, results.Final{Ended: results.Completed}},
		{"a signal", generator.Summary{Interrupted: true}, errors.New("canceled"),
			results.Final{Ended: results.Interrupted, Why: "stopped by a signal"}},
		{"the button", generator.Summary{Interrupted: true}, errStopped,
			results.Final{Ended: results.Interrupted, Why: "stopped from the live page"}},
		{"the permit", generator.Summary{Interrupted: true}, permitEnded{errors.New("its window closed")},
			results.Final{Ended: results.Interrupted, Why: "its window closed"}},
		{"a rule", generator.Summary{Interrupted: true}, fired,
			results.Final{Ended: results.Aborted, Why: "it fired", Rule: "net(20%, 10s)"}},
		{"grace", generator.Summary{OutOfTime: true}, nil, results.Final{Ended: results.Aborted,
			Why: "requests still waited 30s after the end of the load: the endpoint, or the connections, " +
				"could not keep up"}},
		{"a broken recording", generator.Summary{SourceErr: errors.New("torn"), Interrupted: true}, fired,
			results.Final{Ended: results.Aborted, Why: "torn"}},
	} {
		if got := ending(c.summary, c.cause); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestClockWatch: clocks that are further apart than a few seconds are told of.
func TestClockWatch(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration]string{
		0: "", 5 * time.Second: "", -5 * time.Second: "",
		200500 * time.Millisecond: "the endpoint's clock is 3m20s or more ahead of this machine's",
		-time.Hour:                "the endpoint's clock is 1h0m0s or more behind this machine's",
	} {
		var c clockWatch
		c.hear(ahead)
		if got := c.note(); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%v: %q, want %q", ahead, got, want)
		}
		if first, second := c.news(), c.news(); (first != nil) != (want != "") || second != nil {
			t.Errorf("%v: told %v, then %v", ahead, first, second)
		}
	}
}
