package capture

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"rehearse/capture/serdejson"
)

// DecoderV1 decodes requests to v1. Zero Limits are MaxPlainV1 and MaxEvent; the
// zero value is ready to use. It is for one goroutine, and reuses its memory.
type DecoderV1 struct {
	Limits Limits

	Policy Policy

	inflater   Inflater
	submission Submission
	events     []eventV1
	count      int // of all of them
	seen       map[UUID]struct{}
	wrong      *Refusal // of the first uuid that is wrong
	verdicts   []Detail
	internal   bool
}

// Decode returns what r submits: in Events those that were taken, in Results
// what is said of each. The error is always a *Refusal. The Submission is good
// until the next Decode.
func (d *DecoderV1) Decode(r *RequestV1) (*Submission, error) {
	d.submission = Submission{Events: d.submission.Events[:0], Results: d.submission.Results[:0]}
	d.verdicts, d.internal = d.verdicts[:0], false
	d.restart()
	if refusal := d.decode(r); refusal != nil {
		refusal.Events = d.count
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
	if d.Policy.authorize(d.submission.Token) != nil {
		return refuseV1(401, "invalid_api_token", "The provided API token is not valid.")
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
	return d.admit(r)
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
		return nil, RefuseBrokenV1()
	}
	return text, nil
}

func unparsedV1() *Refusal {
	return refuseV1(400, "request_parsing_error", "Failed to parse request body.")
}

// parse reads the body into d.events. One member of a wrong type refuses all.
func (d *DecoderV1) parse(text []byte) *Refusal {
	if !serdejson.Passes(text) {
		return unparsedV1()
	}
	b := batchV1{decoder: d, sound: true}
	b.read(&cursor{json: text})
	d.submission.Historical = b.historical
	switch {
	case !b.sound || b.created == nil || b.seen&memberSet == 0:
		return unparsedV1()
	case d.count == 0:
		return refuseV1(400, "empty_batch", "request batch is empty")
	}
	if _, err := time.Parse(time.RFC3339, string(b.created)); err != nil {
		return refuseV1(400, "invalid_batch", "invalid batch: created_at is not valid RFC 3339: "+brief(string(b.created)))
	}
	return d.wrong
}

// batchV1 is the body of a v1 request while it is read.
type batchV1 struct {
	decoder    *DecoderV1
	created    []byte
	historical bool
	seen       members
	sound      bool
}

// batchOrderV1 are the members of a body of v1 as memberOrder are those of an
// event of v0.
var batchOrderV1 = [...]string{"created_at", "historical_migration", "capture_internal", "batch"}

// read consumes the body.
func (b *batchV1) read(c *cursor) {
	switch c.kind() {
	case '{':
		for c.enter(); c.more(); {
			key, sound := c.soundKey()
			b.require(sound)
			b.member(string(key), c)
		}
	case '[':
		places := 0
		for c.enter(); c.more(); places++ {
			if places < len(batchOrderV1) {
				b.member(batchOrderV1[places], c)
			} else {
				c.value()
			}
		}
		b.require(places == len(batchOrderV1))
	default:
		b.require(false)
	}
}

func (b *batchV1) require(sound bool) { b.sound = b.sound && sound }

func (b *batchV1) once(m members) {
	b.require(b.seen&m == 0)
	b.seen |= m
}

// member consumes the value of a member.
func (b *batchV1) member(key string, c *cursor) {
	switch key {
	case "created_at":
		b.once(memberTimestamp)
		b.created = soundText(c.value())
	case "historical_migration":
		b.once(memberOffset)
		raw := string(c.value())
		b.historical = raw == "true"
		b.require(b.historical || raw == "false")
	case "capture_internal":
		b.once(memberProperties)
		raw := string(c.value())
		b.require(raw == "true" || raw == "false" || raw == "null")
		b.decoder.internal = raw == "true"
	case "batch":
		b.once(memberSet)
		b.list(c)
	default:
		c.value()
	}
}

// list reads the events, up to the first that is not of the types that v1 demands.
func (b *batchV1) list(c *cursor) {
	d := b.decoder
	if c.kind() != '[' {
		c.value()
		b.require(false)
		return
	}
	d.restart()
	for c.enter(); c.more(); d.count++ {
		if !b.sound {
			c.value()
			continue
		}
		e := parseEventV1(c)
		b.require(e.sound)
		if d.identify(&e); b.sound && d.wrong == nil {
			d.events = append(d.events, e)
		}
	}
}

// identify reads the uuid of an event, of which none may be missing or come twice:
// the answer is keyed by them.
func (d *DecoderV1) identify(e *eventV1) {
	if d.wrong != nil || !e.sound {
		return
	}
	if len(e.uuid) == 0 {
		d.wrong = refuseV1(400, "missing_event_uuid", "event submitted without a uuid")
		return
	}
	id, err := ParseUUID(e.uuid)
	if err != nil {
		d.wrong = refuseV1(400, "invalid_event_uuid", "event submitted with an invalid uuid: "+brief(string(e.uuid)))
		return
	}
	if _, twice := d.seen[id]; twice {
		d.wrong = refuseV1(400, "duplicate_event_uuid", "duplicate event uuid: "+brief(string(e.uuid)))
		return
	}
	d.seen[id] = struct{}{}
	e.UUID, e.hasUUID = id, true
}

// restart empties what is known of the events.
func (d *DecoderV1) restart() {
	if d.seen == nil || len(d.seen) > maxKept {
		d.seen = make(map[UUID]struct{})
	}
	if cap(d.events) > maxKept {
		d.events = nil
	}
	clear(d.seen)
	d.events, d.count, d.wrong = d.events[:0], 0, nil
}

// admit decides what of a request is taken that can be read.
func (d *DecoderV1) admit(r *RequestV1) *Refusal {
	s := &d.submission
	taken := 0
	for i := range d.events {
		if d.verdicts = append(d.verdicts, d.events[i].wrong()); d.verdicts[i] == NoDetail {
			taken++
		}
	}
	if d.Policy.Import && !s.Historical {
		s.Discarded = NotHistorical
	} else if taken > 0 && d.Policy.isOverQuota(s.Token) {
		return RefuseV1(402)
	}
	if t, err := time.Parse(time.RFC3339, string(r.Timestamp)); err == nil {
		s.SentAt = t // by the clock of the client
	}
	for i := range d.events {
		d.judge(&d.events[i], d.verdicts[i], r)
	}
	return nil
}

// judge gives an event its verdict, and takes it if that is not to drop it.
func (d *DecoderV1) judge(e *eventV1, wrong Detail, r *RequestV1) {
	s := &d.submission
	switch {
	case s.Discarded == NotHistorical:
		wrong = detailNotHistorical
	case wrong != NoDetail:
	case d.Policy.drops(s.Token, e.id):
		wrong = detailRestricted
	case e.tooLarge(s, r, d.Limits.event()):
		wrong = detailBig
	}
	result := EventResult{e.UUID, VerdictDrop, wrong}
	if wrong == NoDetail {
		result.Verdict = VerdictOk
		if isIllegalV1(e.id) {
			result.Detail = detailNoPersons
		}
		e.DistinctID, e.Properties, e.Internal = e.id, e.properties, d.internal
		s.Events = append(s.Events, e.Received)
	}
	s.Results = append(s.Results, result)
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
