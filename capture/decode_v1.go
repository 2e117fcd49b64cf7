package capture

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/tidwall/gjson"
)

// DecoderV1 decodes requests to v1. Zero Limits are MaxPlainV1 and MaxEvent; the
// zero value is ready to use. It is for one goroutine, and reuses its memory.
type DecoderV1 struct {
	Limits Limits

	inflater   Inflater
	submission Submission
	events     []eventV1
	seen       map[UUID]struct{}
}

// Decode returns what r submits: in Events those that were taken, in Results
// what is said of each. The error is always a *Refusal. The Submission is good
// until the next Decode.
func (d *DecoderV1) Decode(r *RequestV1) (*Submission, error) {
	d.submission = Submission{Events: d.submission.Events[:0], Results: d.submission.Results[:0]}
	d.events = d.events[:0]
	if refusal := d.decode(r); refusal != nil {
		refusal.Events = len(d.events)
		return nil, refusal
	}
	return &d.submission, nil
}

// decode takes the steps in the order of the service (v1/context.rs, handler.rs,
// process.rs).
func (d *DecoderV1) decode(r *RequestV1) (refusal *Refusal) {
	if d.submission.Token, refusal = r.check(); refusal != nil {
		return refusal
	}
	if len(r.Body) == 0 {
		return refuseV1(400, "empty_body", "request body is empty")
	}
	text, refusal := d.inflate(r)
	if refusal != nil {
		return refusal
	}
	d.submission.Bytes = len(text)
	if refusal := d.parse(text); refusal != nil {
		return refusal
	}
	if refusal := d.identify(); refusal != nil {
		return refusal
	}
	for i := range d.events {
		d.judge(&d.events[i])
	}
	return nil
}

func (d *DecoderV1) inflate(r *RequestV1) ([]byte, *Refusal) {
	limit := MaxPlainV1
	if d.Limits.Plain > 0 {
		limit = d.Limits.Plain
	}
	coding := Coding(bytes.ToLower(r.ContentEncoding))
	text, err := d.inflater.Inflate(coding, r.Body, limit)
	switch {
	case errors.Is(err, errPlainLarge):
		return nil, refuseV1(413, "payload_too_large",
			fmt.Sprintf("payload too large: decompressed %s payload exceeds limit of %d bytes", coding, limit))
	case err != nil:
		return nil, RefuseBrokenV1(err)
	}
	return text, nil
}

func unparsedV1() *Refusal {
	return refuseV1(400, "request_parsing_error", "Failed to parse request body.")
}

// parse reads the body into d.events. One member of a wrong type refuses all.
func (d *DecoderV1) parse(text []byte) *Refusal {
	if tooDeep(text) || !gjson.ValidBytes(text) {
		return unparsedV1()
	}
	c := cursor{json: text}
	if c.kind() != '{' {
		return unparsedV1()
	}
	var created []byte
	sound, listed := true, false
	for c.enter(); c.more(); {
		switch string(c.key()) {
		case "created_at":
			created = textOf(c.value())
			sound = sound && created != nil
		case "historical_migration":
			raw := c.value()
			d.submission.Historical = string(raw) == "true"
			sound = sound && (d.submission.Historical || string(raw) == "false")
		case "capture_internal":
			raw := string(c.value())
			sound = sound && (raw == "true" || raw == "false" || raw == "null")
		case "batch":
			listed = d.list(&c)
			sound = sound && listed
		default:
			c.value()
		}
	}
	switch {
	case !sound || !listed || created == nil:
		return unparsedV1()
	case len(d.events) == 0:
		return refuseV1(400, "empty_batch", "request batch is empty")
	}
	if _, err := time.Parse(time.RFC3339, string(created)); err != nil {
		return refuseV1(400, "invalid_batch", "invalid batch: created_at is not valid RFC 3339: "+brief(string(created)))
	}
	return nil
}

// list reads the batch, and reports whether every event is of the types that v1
// demands.
func (d *DecoderV1) list(c *cursor) bool {
	if c.kind() != '[' {
		c.value()
		return false
	}
	sound := true
	d.events = d.events[:0]
	for c.enter(); c.more(); {
		if c.kind() != '{' {
			c.value()
			sound = false
			continue
		}
		e := parseEventV1(c)
		sound = sound && e.sound
		d.events = append(d.events, e)
	}
	return sound
}

// identify reads the uuids, of which none may be missing or come twice: the
// answer is keyed by them.
func (d *DecoderV1) identify() *Refusal {
	if d.seen == nil {
		d.seen = make(map[UUID]struct{})
	}
	clear(d.seen)
	for i := range d.events {
		e := &d.events[i]
		if len(e.uuid) == 0 {
			return refuseV1(400, "missing_event_uuid", "event submitted without a uuid")
		}
		id, err := ParseUUID(e.uuid)
		if err != nil {
			return refuseV1(400, "invalid_event_uuid", "event submitted with an invalid uuid: "+brief(string(e.uuid)))
		}
		if _, twice := d.seen[id]; twice {
			return refuseV1(400, "duplicate_event_uuid", "duplicate event uuid: "+brief(string(e.uuid)))
		}
		d.seen[id] = struct{}{}
		e.UUID = id
	}
	return nil
}

// judge gives an event its verdict, and takes it if that is not to drop it.
func (d *DecoderV1) judge(e *eventV1) {
	result := EventResult{e.UUID, VerdictDrop, e.wrong(d.Limits.event())}
	if result.Detail == NoDetail {
		result.Verdict = VerdictOk
		if isIllegalV1(e.id) {
			result.Detail = detailNoPersons
		}
		e.DistinctID, e.Properties = e.id, e.properties
		d.submission.Events = append(d.submission.Events, e.Received)
	}
	d.submission.Results = append(d.submission.Results, result)
}

// Return takes back the events that lost says of, by their place in Results: v1
// tells the client to send them again.
func (s *Submission) Return(lost func(i int) bool) {
	kept, taken := s.Events[:0], 0
	for i := range s.Results {
		r := &s.Results[i]
		if r.Verdict != VerdictOk && r.Verdict != VerdictWarning {
			continue
		}
		if lost(i) {
			r.Verdict, r.Detail = VerdictRetry, DetailNotPersisted
		} else {
			kept = append(kept, s.Events[taken])
		}
		taken++
	}
	s.Events = kept
}
