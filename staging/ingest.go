package staging

import (
	"time"

	"rehearse/capture"
	"rehearse/capture/pipeline"
)

// ingest passes what was accepted on to the pipeline.
func (s *Server) ingest(w *worker, submission *capture.Submission) {
	now := time.Now()
	for i := range submission.Events {
		e := &submission.Events[i]
		w.event = pipeline.Event{
			Token: submission.Token, DistinctID: e.DistinctID, Name: e.Event,
			Link: pipeline.Link(e.Event, e.Properties), Time: timeOf(e.Timestamp), Historical: submission.Historical,
		}
		s.pipeline.Take(&w.event, now)
	}
}

// timeOf reads the time of an event in the form that SDKs write, zero if it is
// in another: the order of such events is not looked at.
func timeOf(text []byte) (t time.Time) {
	if len(text) == 0 || t.UnmarshalText(text) != nil {
		return time.Time{}
	}
	return t
}
