package capture

import (
	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonscan"
)

// Decoder decodes requests to the v0 event routes. The zero value is ready to
// use. It is for one goroutine at a time, and reuses its memory from request to
// request.
type Decoder struct {
	Limits     Limits
	Generation Generation
	Policy     Policy
	Sound      bool // bodies are known to be JSON that serde_json reads: they are not looked at

	unwrapper  unwrapper
	submission Submission
	kept       []Received
	size       MessageSizer
}

// Decode returns what r submits. The error is always a *Refusal: what the service
// would have answered. Where it says that events were stored all the same, they
// are what is returned beside it; else nothing is.
func (d *Decoder) Decode(r *Request) (*Submission, error) {
	s := &d.submission
	*s = Submission{remainder: remainder{list: eventList{generation: d.Generation, kept: d.kept[:0], sound: true}}}
	refusal := d.decode(r)
	d.kept = s.list.kept
	if refusal == nil {
		return s, nil
	}
	refusal.Events = s.list.count
	if refusal.Stored > 0 {
		return s, refusal
	}
	return nil, refusal
}

// Text returns the JSON text that r carries, whatever it says, out of the wrappings
// that a v0 route understands. It is good until the next Decode or Text.
func (d *Decoder) Text(r *Request) ([]byte, error) {
	text, refusal := d.unwrap(r)
	if refusal != nil {
		return nil, refusal
	}
	return text, nil
}

// decode takes the steps in the order of the service, for the first refusal is
// the one that is answered (payload/analytics.rs, events/analytics.rs; hog-rs
// v0_endpoint.rs).
func (d *Decoder) decode(r *Request) (refusal *Refusal) {
	s := &d.submission
	text, refusal := d.unwrap(r)
	if refusal != nil {
		return refusal
	}
	s.Bytes = len(text)
	if refusal := d.parse(text, r.isEngage()); refusal != nil {
		return refusal
	}
	s.Filtered = s.list.filtered
	if d.Generation == Current { // in 2024 an empty list had no token, which was looked for first
		if s.list.count == 0 {
			return refuse(400, textNoEvent)
		}
		if s.Filtered == s.list.count {
			return nil
		}
	}
	if refusal := s.authenticate(); refusal != nil {
		return refusal
	}
	if s.list.count == 0 {
		return refuse(400, textNoEvent)
	}
	return d.admit(r)
}

// unwrap returns the JSON text that r carries.
func (d *Decoder) unwrap(r *Request) ([]byte, *Refusal) {
	s := &d.submission
	q, refusal := parseQuery(r.Query, d.Generation)
	if refusal != nil {
		return nil, refusal
	}
	s.SentAt, s.Beacon = q.sentAt, q.beacon
	if d.Generation == Generation2024 {
		return d.unwrapper.unwrap2024(r, d.Limits.plain())
	}
	return d.unwrapper.unwrap(r, &q, d.Limits.plain())
}

// parse reads the body.
func (d *Decoder) parse(text []byte, engage bool) *Refusal {
	if d.Sound {
		return d.submission.shape(text, engage)
	}
	return d.submission.parse(text, engage)
}

// parse reads the body. What may follow the value that it is looked for only once
// the value has a shape.
func (s *Submission) parse(text []byte, engage bool) *Refusal {
	err := serdejson.Check(text)
	if err != nil && err.Code != serdejson.TrailingCharacters {
		return refuse(400, textParse+err.Error())
	}
	refusal := s.shape(text, engage)
	if err != nil && (refusal == nil || refusal.Text == textHydrate) {
		return refuse(400, textParse+err.Error())
	}
	return refusal
}

// shape reads the body in the first shape that fits: array, batch, single event,
// and today an event without a name (v0_request.rs).
func (s *Submission) shape(text []byte, engage bool) *Refusal {
	c := jsonscan.New(text)
	switch c.Kind() {
	case '[':
		return s.parseArray(text, engage)
	case '{':
		batch, single := parseObject(c, s.list)
		if s.list = batch.events; batch.isBatch() {
			s.enclose(&batch)
			return nil
		}
		return s.parseSingle(&single, batch.isList, engage)
	}
	return refuse(400, textParse+detailShape)
}

// parseArray reads an array: of events, or of the values of what would be an
// object otherwise.
func (s *Submission) parseArray(text []byte, engage bool) *Refusal {
	c := jsonscan.New(text)
	s.list.read(c)
	if s.list.sound {
		return nil
	}
	count := s.list.count
	switch count {
	case len(batchOrder):
		s.list.reset()
		batch := parseBatchArray(jsonscan.New(text), s.list)
		if s.list = batch.events; batch.isBatch() {
			s.enclose(&batch)
			return nil
		}
	case len(memberOrder):
		single := parseEvent(jsonscan.New(text))
		single.require(single.named) // without a name it has one value too many
		return s.parseSingle(&single, false, engage)
	case len(memberOrder) - 1:
		single := parseNameless(jsonscan.New(text))
		if s.list.generation == Current && single.isNameless(Current) {
			return s.parseSingle(&single, false, engage)
		}
	}
	s.list.reset()
	s.list.count = count
	return refuse(400, textParse+detailShape)
}

// parseSingle takes the body for one event. Where it has a list of them, that is
// what it was seen to carry.
func (s *Submission) parseSingle(e *parsedEvent, listed, engage bool) *Refusal {
	g, count := s.list.generation, s.list.count
	if !listed || e.isEvent(g) {
		count = 1
	}
	s.list.reset()
	switch {
	case e.isEvent(g):
	case g == Generation2024 || !e.isNameless(g):
		s.list.count = count
		return refuse(400, textParse+detailShape)
	case !engage:
		s.list.count = count
		return refuse(400, textHydrate)
	default:
		e.Event = []byte("$identify")
	}
	s.list.add(e)
	return nil
}

// enclose takes over what the envelope says.
func (s *Submission) enclose(b *parsedBatch) {
	s.Token, s.Historical = b.token, b.historical
	if t, ok := parseSentAt(b.sentAt); ok {
		s.SentAt = t
	}
}

// authenticate settles the token: that of the envelope, else the one that the
// events agree upon. Neither headers nor the query are asked. In 2024 its shape
// was checked as it came.
func (s *Submission) authenticate() (refusal *Refusal) {
	if s.Token == nil {
		if s.Token, refusal = s.list.common(); refusal != nil {
			return refusal
		}
	}
	if s.list.generation == Generation2024 {
		return checkShape(s.Token)
	}
	s.Token, refusal = checkToken(s.Token)
	return refusal
}

// admit decides what of a request is taken whose token is known.
func (d *Decoder) admit(r *Request) *Refusal {
	s := &d.submission
	if refusal := d.Policy.authorize(s.Token); refusal != nil {
		return refusal
	}
	s.Events, s.count = s.list.kept, s.list.count-s.Filtered
	if s.Discarded = d.Policy.discards(s.Token, s.Historical); s.Discarded != NotDiscarded {
		return nil
	}
	if s.list.wrong != nil {
		return s.list.wrong
	}
	if d.Policy.dropsOf(s.Token) {
		s.drops = func(e *Received) bool { return d.Policy.drops(s.Token, e.DistinctID) }
		s.leaveOut()
	}
	return d.weigh(r)
}

// weigh refuses the request for the first event that becomes too large a message.
// Those before it have been sent by then.
func (d *Decoder) weigh(r *Request) *Refusal {
	s, limit := &d.submission, d.Limits.event()
	if mostEscaped*s.list.largest+messageSlack <= limit {
		return nil
	}
	sent := 0
	for e := range s.All() {
		if d.size.Of(e, s, r, d.Generation) > limit {
			s.Cut(sent)
			refusal := refuse(413, textTooLarge+detailEventTooBig)
			if d.Generation == Generation2024 {
				refusal = refuse(400, textTooLarge2024)
			}
			refusal.Stored = sent
			return refusal
		}
		sent++
	}
	return nil
}
