package capture

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonscan"
)

// DecoderV1 decodes requests to v1. Zero Limits are MaxPlainV1 and MaxEvent; the
// zero value is ready to use. It is for one goroutine, and reuses its memory.
type DecoderV1 struct {
	Limits Limits

	Policy Policy

	inflater   Inflater
	submission Submission
	request    *RequestV1
	count      int // of all events
	seen       map[UUID]struct{}
	wrong      *Refusal // of the first uuid that is wrong
	internal   bool
}

// Decode returns what r submits: in Events those that were taken, in Results
// what is said of each. The error is always a *Refusal. The Submission is good
// until the next Decode.
func (d *DecoderV1) Decode(r *RequestV1) (*Submission, error) {
	d.submission = Submission{Events: d.submission.Events[:0], Results: d.submission.Results[:0]}
	d.request, d.internal = r, false
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
	return d.admit()
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
	b.read(jsonscan.New(text))
	d.submission.Historical = b.historical
	switch {
	case !b.sound || b.created == nil || b.seen&memberSet == 0:
		return unparsedV1()
	case d.count == 0:
		return refuseV1(400, "empty_batch", "request batch is empty")
	}
	if _, err := time.Parse(time.RFC3339, string(b.created)); err != nil {
		return refuseV1(400, "invalid_batch",
			"invalid batch: created_at is not valid RFC 3339: "+brief(string(b.created)))
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
func (b *batchV1) read(c *jsonscan.Cursor) {
	switch c.Kind() {
	case '{':
		for c.Enter(); c.More(); {
			key, sound := soundKey(c)
			b.require(sound)
			b.member(string(key), c)
		}
	case '[':
		places := 0
		for c.Enter(); c.More(); places++ {
			if places < len(batchOrderV1) {
				b.member(batchOrderV1[places], c)
			} else {
				c.Value()
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
func (b *batchV1) member(key string, c *jsonscan.Cursor) {
	switch key {
	case "created_at":
		b.once(memberTimestamp)
		b.created = soundText(c.Value())
	case "historical_migration":
		b.once(memberOffset)
		raw := string(c.Value())
		b.historical = raw == "true"
		b.require(b.historical || raw == "false")
	case "capture_internal":
		b.once(memberProperties)
		raw := string(c.Value())
		b.require(raw == "true" || raw == "false" || raw == "null")
		b.decoder.internal = raw == "true"
	case "batch":
		b.once(memberSet)
		b.list(c)
	default:
		c.Value()
	}
}

// list reads the events, up to the first that is not of the types that v1 demands.
func (b *batchV1) list(c *jsonscan.Cursor) {
	d := b.decoder
	if c.Kind() != '[' {
		c.Value()
		b.require(false)
		return
	}
	d.restart()
	for c.Enter(); c.More(); d.count++ {
		if !b.sound {
			c.Value()
			continue
		}
		e := parseEventV1(c)
		b.require(e.sound)
		if d.identify(&e); b.sound && d.wrong == nil {
			d.judge(&e)
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
	s := &d.submission
	if cap(s.Events) > maxKept {
		s.Events, s.Results = nil, nil
	}
	clear(d.seen)
	s.Events, s.Results, d.count, d.wrong = s.Events[:0], s.Results[:0], 0, nil
}

// judge gives an event its verdict, and takes it if that is not to drop it.
func (d *DecoderV1) judge(e *eventV1) {
	s := &d.submission
	wrong := e.wrong()
	if wrong == NoDetail && e.tooLarge(s, d.request, d.Limits.event()) {
		wrong = detailBig
	}
	result := EventResult{e.UUID, VerdictDrop, wrong}
	if wrong == NoDetail {
		result.Verdict = VerdictOk
		if isIllegalV1(e.id) {
			result.Detail = detailNoPersons
		}
		e.DistinctID, e.Properties = e.id, e.properties
		s.Events = append(s.Events, e.Received)
	}
	s.Results = append(s.Results, result)
}

// admit decides what of a request is taken that can be read.
func (d *DecoderV1) admit() *Refusal {
	s := &d.submission
	if t, err := time.Parse(time.RFC3339, string(d.request.Timestamp)); err == nil {
		s.SentAt = t // by the clock of the client
	}
	switch {
	case d.Policy.Import && !s.Historical:
		s.Discarded = NotHistorical
		s.drop(detailNotHistorical, func(*Received) bool { return true })
	case len(s.Events) > 0 && d.Policy.isOverQuota(s.Token):
		return RefuseV1(402)
	case d.Policy.dropsOf(s.Token):
		s.drop(detailRestricted, func(e *Received) bool { return d.Policy.drops(s.Token, e.DistinctID) })
	}
	if d.internal {
		for i := range s.Events {
			s.Events[i].Internal = true
		}
	}
	return nil
}

// drop takes back the events that out names, and says why. Of all that an import
// endpoint does not take, it says so even where an event is wrong itself.
func (s *Submission) drop(why Detail, out func(*Received) bool) {
	kept, taken := s.Events[:0], 0
	for i := range s.Results {
		r := &s.Results[i]
		if r.Verdict == VerdictDrop {
			if why == detailNotHistorical {
				r.Detail = why
			}
			continue
		}
		e := s.Events[taken]
		taken++
		if out(&e) {
			r.Verdict, r.Detail = VerdictDrop, why
			continue
		}
		kept = append(kept, e)
	}
	s.Events = kept
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
