package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rehearse/capture"
	"rehearse/results"
)

// TestDoubtfulEvents: what is listed as sent again is what was ambiguous and not
// accepted later, each event once.
func TestDoubtfulEvents(t *testing.T) {
	t.Parallel()
	r := resumption{accepted: []results.Range{{First: 0, Count: 10}, {First: 12, Count: 3}}}
	r.settle([]results.Range{{First: 8, Count: 6}, {First: 20, Count: 2}, {First: 21, Count: 2}})
	want := []results.Range{{First: 10, Count: 2, Fate: capture.FateAmbiguous}, {First: 20, Count: 3, Fate: capture.FateAmbiguous}}
	if diff := cmp.Diff(want, r.Ambiguous); diff != "" || r.Accepted != 13 {
		t.Errorf("%d accepted, ambiguous differs (-want +got):\n%s", r.Accepted, diff)
	}
}
