package verify

import (
	"strings"
	"testing"

	"rehearse/internal/capture"
	"rehearse/results"
)

// TestClosedLoop: of a closed loop that was planned which was sent, and nothing was due at a
// time from which it could have been timed.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	p := plant(t, load(t, 40_000, ""))
	const sent = 17_350 // into the second block
	p.run.Closed, p.rows = true, p.rows[:sent]
	p.fates(results.Range{First: 0, Count: sent - 50, Fate: capture.FateAccepted},
		results.Range{First: sent - 50, Count: 50, Fate: capture.FateRejected})
	r := p.hold(t).Report
	e := r.Events
	if e.Planned != sent || e.Accepted.Present != sent-50 || e.Rejected.Taken != 50 || e.Unsent.Absent != 0 {
		t.Errorf("%+v", e)
	}
	if r.Visible != nil || !r.Run.ClosedLoop {
		t.Errorf("visible %+v of %+v", r.Visible, r.Run)
	}
	text, err := r.Encode()
	if err != nil || !strings.Contains(string(text), `"closed_loop": true`) {
		t.Errorf("%v: %s", err, text)
	}
}
