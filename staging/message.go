package staging

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"rehearse/capture"
	"rehearse/capture/pipeline"
)

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
	u[6], u[8] = u[6]&0x0f|0x70, u[8]&0x3f|0x80
	return u
}
