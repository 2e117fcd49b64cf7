package results

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/internal/capture"
)

// TestParts: a request that came to several ends is one request of its worst
// end, and its events are booked one by one.
func TestParts(t *testing.T) {
	t.Parallel()
	r := NewRecorder(1)
	ok, drop := EventAnswer{Verdict: capture.VerdictOk}, EventAnswer{Verdict: capture.VerdictDrop}
	parts := []EventGroup{
		{First: 0, Events: 6, Reason: capture.Accepted, Said: ok},
		{First: 6, Events: 1, Reason: capture.Dropped, Said: drop},
		{First: 7, Events: 2, Reason: capture.Accepted, Said: ok}, {First: 9, Events: 1, Reason: capture.UnknownAnswer},
	}
	r.Sender(0).Record(&Outcome{Events: 10, Reason: capture.Dropped, Status: 200, Done: 3 * time.Second, Parts: parts})
	parts[0] = EventGroup{} // it belongs to the sender
	iv := r.Tick(time.Second, Count{})
	want := [fates]Count{capture.FateAccepted: {0, 8}, capture.FateRejected: {1, 1}, capture.FateAmbiguous: {0, 1}}
	if iv.Fates != want {
		t.Errorf("%+v, want %+v", iv.Fates, want)
	}
	refusals := map[Refusal]Count{
		{Reason: capture.Dropped, Status: 200}:       {1, 1},
		{Reason: capture.UnknownAnswer, Status: 200}: {0, 1},
	}
	if diff := cmp.Diff(refusals, iv.Refusals); diff != "" {
		t.Error(diff)
	}
	ledger := []Range{
		{0, 6, capture.FateAccepted},
		{6, 1, capture.FateRejected},
		{7, 2, capture.FateAccepted},
		{9, 1, capture.FateAmbiguous},
	}
	if diff := cmp.Diff(ledger, iv.Ledger); diff != "" {
		t.Error(diff)
	}
	if iv.Said[ok] != 8 || iv.Said[drop] != 1 || len(iv.Said) != 2 || iv.Settled != 3*time.Second {
		t.Errorf("said %v, settled at %v", iv.Said, iv.Settled)
	}
}
