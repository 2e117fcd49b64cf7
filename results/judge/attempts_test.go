package judge

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/internal/capture"
	"rehearse/results"
)

// TestAttempts: an attempt that is made again is no outcome; the result says
// what it came to.
func TestAttempts(t *testing.T) {
	t.Parallel()
	r := results.NewRecorder(1)
	s := r.Sender(0)
	for i := range 3 {
		s.Record(&results.Outcome{
			First: 5, Events: 5, Reason: capture.Unavailable, Status: 503, WillRetry: true, WireBytes: 10,
			Sent: time.Duration(i), Answer: []byte("later"),
		})
	}
	s.Record(&results.Outcome{
		First: 5, Events: 5, Reason: capture.Accepted, Status: 200, Retries: 3, WireBytes: 10, Waited: time.Second,
		Done: 1500 * time.Millisecond,
	})
	iv := r.Tick(time.Second, results.Count{})
	if iv.Sent() != (results.Count{Requests: 1, Events: 5}) || len(iv.Refusals) != 0 || iv.WireBytes != 40 ||
		len(iv.Ledger) != 1 || len(iv.Rejected) != 3 || !iv.Rejected[0].WillRetry {
		t.Errorf("%+v sent, refusals %v, %d bytes, ledger %v, rejected %+v",
			iv.Sent(), iv.Refusals, iv.WireBytes, iv.Ledger, iv.Rejected)
	}
	if got := iv.Service.Max(); got < 499*time.Millisecond || got > 501*time.Millisecond {
		t.Errorf("service %v, want that of the last attempt", got)
	}
	j := NewJudge(&results.Manifest{})
	j.Observe(iv)
	result := j.Result(results.Final{}, results.Count{}, &Evidence{})
	want := &results.Retries{
		Amplification: 4,
		Settled:       1.5,
		Refused: []results.RejectionRow{
			{Reason: "unavailable", Side: "server", Status: 503, Requests: 3, Events: 15},
		},
	}
	if diff := cmp.Diff(want, result.Retries); diff != "" || result.Requests.Retried != 3 {
		t.Errorf("%d retried\n%s", result.Requests.Retried, diff)
	}
}
