package staging

import (
	"time"

	"rehearse/capture"
	"rehearse/capture/pipeline"
)

// ingest passes on to the pipeline what a request has the service send.
func (s *Server) ingest(w *worker, submission *capture.Submission) {
	if submission.Discarded != capture.NotDiscarded {
		s.pipeline.Discard(int64(submission.Len()), submission.Discarded == capture.OverQuota)
		return
	}
	s.pipeline.Discard(int64(submission.Dropped), false)
	now := time.Now()
	splits := w.route != v1Route && s.config.Generation == capture.Current
	for e := range submission.All() {
		s.send(w, submission, e, now)
		if part, ok := e.Split(); ok && splits {
			s.send(w, submission, &part, now)
		}
	}
}

// send passes one event on to the pipeline.
func (s *Server) send(w *worker, submission *capture.Submission, e *capture.Received, now time.Time) {
	w.event = pipeline.Event{
		Token: submission.Token, DistinctID: e.DistinctID, Name: e.Event,
		Link: pipeline.Link(e.Event, e.Properties), Time: timeOf(e.Timestamp), Historical: submission.Historical,
	}
	if e.Cookieless && s.config.Generation == capture.Current {
		w.event.Address = []byte(e.KeptIP(w.request.ForwardedFor, w.request.Peer))
	}
	var at time.Time
	if s.config.HistoricalAfter > 0 || s.config.Produced != nil {
		at = e.Time(submission, now)
		w.event.Historical = w.event.Historical || s.config.HistoricalAfter > 0 && now.Sub(at) > s.config.HistoricalAfter
	}
	route := s.pipeline.Take(&w.event, now)
	if s.config.Produced != nil {
		s.config.Produced(s.message(w, e, &route, at, now))
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
