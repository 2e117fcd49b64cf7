package capture

import (
	"bytes"
	"slices"
	"time"

	"github.com/tidwall/gjson"
)

// Received is one event as the endpoint understood it. Its slices alias the
// request or the buffers of the Decoder: they are good until its next Decode.
type Received struct {
	Event      []byte // the name, unescaped
	DistinctID []byte // as ingested, see MaxDistinctID
	UUID       UUID   // zero: the client sent none
	Timestamp  []byte // unescaped and not parsed, nil: the client sent none
	Properties []byte // the raw JSON object, nil: the client sent none
	Raw        []byte // the whole event as raw JSON

	token, innerToken []byte // unescaped; inner ones stood in the properties
	id, innerID       []byte // raw JSON, nil for null
	badCookieless     bool
	emptyUUID         bool // "", which is none today and was a mistake in 2024
}

// Submission is what a request submits. It belongs to the Decoder and is good
// until its next Decode.
type Submission struct {
	Token      []byte
	Events     []Received    // those that were taken
	Filtered   int           // $performance_event, which the service drops with a 200
	Results    []EventResult // v1: what is said of each event, in their order
	Historical bool
	Beacon     bool      // the answer is 204 without a body
	SentAt     time.Time // zero: not said, or not understood
	Bytes      int       // length of the JSON text
}

// Decoder decodes requests to the v0 event routes. The zero value is ready to
// use. It is for one goroutine at a time, and reuses its memory from request to
// request.
type Decoder struct {
	Limits     Limits
	Generation Generation

	unwrapper  unwrapper
	submission Submission
}

// Decode returns what r submits. The error is always a *Refusal: what the
// service would have answered.
func (d *Decoder) Decode(r *Request) (*Submission, error) {
	decode := d.decode
	if d.Generation == Generation2024 {
		decode = d.decode2024
	}
	if refusal := decode(r); refusal != nil {
		refusal.Events = len(d.submission.Events) + d.submission.Filtered
		return nil, refusal
	}
	return &d.submission, nil
}

// decode takes the steps in the order of the service, for the first refusal is
// the one that is answered (payload/analytics.rs, events/analytics.rs).
func (d *Decoder) decode(r *Request) *Refusal {
	s := &d.submission
	*s = Submission{Events: d.reusable()}
	q := parseQuery(r.Query)
	text, refusal := d.unwrapper.unwrap(r, &q, d.Limits.plain())
	if refusal != nil {
		return refusal
	}
	s.Bytes, s.Beacon, s.SentAt = len(text), q.beacon, q.sentAt
	if refusal := s.parse(text, r.isEngage()); refusal != nil {
		return refusal
	}
	if len(s.Events) == 0 {
		return refuse(400, textNoEvent)
	}
	if s.filter(); len(s.Events) == 0 {
		return nil
	}
	if refusal := s.authenticate(); refusal != nil {
		return refusal
	}
	return s.validate(d.Limits.event())
}

// reusable returns the list of the previous request, emptied, unless that was a
// giant.
func (d *Decoder) reusable() []Received {
	const most = keep / 256 // an entry takes about as many bytes
	if cap(d.submission.Events) > most {
		return nil
	}
	return d.submission.Events[:0]
}

// parse reads the body in the first shape that fits: array, batch, single event,
// and on /engage an event without a name (v0_request.rs).
func (s *Submission) parse(text []byte, engage bool) *Refusal {
	if tooDeep(text) {
		return refuse(400, textParse+detailDepth)
	}
	if !gjson.ValidBytes(text) {
		return refuse(400, textParse+detailSyntax)
	}
	c := cursor{json: text}
	sound := false
	switch c.kind() {
	case '[':
		s.Events, sound = parseEvents(&c, s.Events)
	case '{':
		return s.parseObject(&c, engage)
	}
	if !sound {
		return refuse(400, textParse+detailShape)
	}
	return nil
}

func (s *Submission) parseObject(c *cursor, engage bool) *Refusal {
	batch, single := parseObject(c, s.Events)
	s.Events = batch.events
	if batch.isBatch() {
		s.enclose(&batch)
		return nil
	}
	if !batch.listed {
		s.Events = append(s.Events[:0], single.Received)
	}
	switch {
	case !single.sound:
		return refuse(400, textParse+detailShape)
	case !single.named && !engage:
		return refuse(400, textHydrate)
	case !single.named:
		single.Event = []byte("$identify")
	}
	s.Events = append(s.Events[:0], single.Received)
	return nil
}

// enclose takes over what the envelope says.
func (s *Submission) enclose(b *parsedBatch) {
	s.Token, s.Historical = b.token, b.historical
	if t, err := time.Parse(time.RFC3339, string(b.sentAt)); err == nil {
		s.SentAt = t
	}
}

func (s *Submission) filter() {
	before := len(s.Events)
	s.Events = slices.DeleteFunc(s.Events, func(e Received) bool {
		return string(e.Event) == "$performance_event"
	})
	s.Filtered = before - len(s.Events)
}

// authenticate settles the token: that of the envelope, else the one that the
// events agree upon. Neither headers nor the query are asked.
func (s *Submission) authenticate() (refusal *Refusal) {
	if s.Token == nil {
		if s.Token, refusal = commonToken(s.Events); refusal != nil {
			return refusal
		}
	}
	s.Token, refusal = checkToken(s.Token)
	return refusal
}

// validate settles the ids, and refuses the request for its first bad event.
func (s *Submission) validate(limit int) *Refusal {
	for i := range s.Events {
		e := &s.Events[i]
		if len(e.Event) == 0 {
			return refuse(400, textNoName)
		}
		var refusal *Refusal
		if e.DistinctID, refusal = distinctID(firstOf(e.id, e.innerID)); refusal != nil {
			return refusal
		}
		if e.badCookieless {
			return refuse(400, textCookieless)
		}
	}
	for i := range s.Events {
		if s.Events[i].messageSize(limit) > limit {
			return refuse(413, textTooLarge+detailEventTooBig)
		}
	}
	return nil
}

func firstOf(a, b []byte) []byte {
	if a != nil {
		return a
	}
	return b
}

// messageFrame is about what capture adds to an event on its way into Kafka:
// the names of its JSON members, uuid, address, two times (event.rs
// CapturedEvent), without token, distinct_id and name.
const messageFrame = 300

// messageSize estimates the size of the Kafka message that e becomes, in bytes:
// the event as a string inside a JSON object, each quote and backslash escaped.
// It counts them only if they can matter to limit.
func (e *Received) messageSize(limit int) int {
	size := messageFrame + len(e.Raw) + len(e.Event) + len(e.DistinctID)
	if size+len(e.Raw) <= limit {
		return size
	}
	return size + bytes.Count(e.Raw, []byte{'"'}) + bytes.Count(e.Raw, []byte{'\\'})
}
