package staging

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
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
	if e.Cookieless && s.config.Pipeline.Facts.CookielessByIP {
		w.event.Address = []byte(e.KeptIP(w.request.ForwardedFor, w.request.Peer))
	}
	var at time.Time
	if s.config.HistoricalAfter > 0 || s.config.Produced != nil {
		at = e.Time(submission, now)
		w.event.Historical = w.event.Historical || s.config.HistoricalAfter > 0 &&
			now.Sub(at) > s.config.HistoricalAfter
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

// Message is one message that the service would have sent to Kafka.
type Message struct {
	UUID      string `json:"uuid"` // the client's, else one that the service makes up
	Event     string `json:"event"`
	Token     string `json:"token"`
	ID        string `json:"distinct_id"`
	Topic     string `json:"topic"`
	Key       string `json:"key"` // empty: none
	Partition int    `json:"partition"`
	Time      string `json:"timestamp"` // when it happened, as the service computes it: RFC 3339 in UTC
	Persons   bool   `json:"persons"`   // false: no person is looked up or changed for it
}

// message returns what an event becomes that took a route.
func (s *Server) message(w *worker, e *capture.Received, r *pipeline.Route, at, now time.Time) *Message {
	m := &Message{
		UUID: e.UUID.String(), Event: string(e.Event), Token: string(w.event.Token), ID: string(e.DistinctID),
		Topic: r.Lane.Topic(), Partition: r.Partition, Time: at.UTC().Format(time.RFC3339Nano), Persons: r.Persons,
	}
	if r.Keyed {
		m.Key = string(w.event.Token) + ":" + string(w.event.KeyID())
	}
	if e.UUID == (capture.UUID{}) {
		made := at
		if s.config.Generation == capture.Generation2024 {
			made = now
		}
		m.UUID = newUUID(made).String()
	}
	return m
}

// newUUID returns a UUID of version 7 that was made at a time (capture utils.rs).
func newUUID(at time.Time) (u capture.UUID) {
	_, _ = rand.Read(u[:]) // it never fails
	ms := uint64(max(at.UnixMilli(), 0))
	binary.BigEndian.PutUint32(u[:], uint32(ms>>16))
	binary.BigEndian.PutUint16(u[4:], uint16(ms))
	return u.WithVersion(7)
}
