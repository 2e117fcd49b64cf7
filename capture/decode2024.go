package capture

import (
	"encoding/base64"
	"strconv"
	"time"

	"github.com/tidwall/gjson"
)

// decode2024 takes the steps of the 2024 generation (hog-rs v0_endpoint.rs). It
// reads neither payloads in the URL nor lz64, knows base64 in forms only, has no
// shape for events without a name, and filters nothing.
func (d *Decoder) decode2024(r *Request) *Refusal {
	s := &d.submission
	*s = Submission{Events: d.reusable()}
	sentAt, refusal := parseQuery2024(r.Query)
	if refusal != nil {
		return refusal
	}
	text, refusal := d.unwrapper.unwrap2024(r, d.Limits.plain())
	if refusal != nil {
		return refusal
	}
	s.Bytes, s.SentAt = len(text), sentAt
	if refusal := s.parse2024(text); refusal != nil {
		return refusal
	}
	if refusal := s.authenticate2024(); refusal != nil {
		return refusal
	}
	if len(s.Events) == 0 {
		return refuse(400, textNoEvent)
	}
	return s.validate2024(d.Limits.event())
}

// parseQuery2024 reads the parameters as the framework's extractor did, which
// refused values of the wrong type.
func parseQuery2024(raw []byte) (sentAt time.Time, refusal *Refusal) {
	for name, value := range pairs(raw) {
		switch name {
		case "compression":
			if value != "gzip" && value != "gzip-js" && value != "Unsupported" {
				return sentAt, refuse(400, textQuery2024+"unknown variant `"+brief(value)+"`, expected `Unsupported` or `gzip`")
			}
		case "_", "sent_at":
			if _, err := strconv.ParseInt(value, 10, 64); err != nil {
				return sentAt, refuse(400, textQuery2024+"invalid digit found in string")
			}
			sentAt = sentAtMilli(value)
		}
	}
	return sentAt, nil
}

// unwrap2024 returns the JSON text that r carries. Whether it is gzip its first
// bytes say, whatever is announced. That generation set no limit to what comes
// out; this one must.
func (u *unwrapper) unwrap2024(r *Request, limit int) ([]byte, *Refusal) {
	payload := r.Body
	if r.isForm() {
		var refusal *Refusal
		if payload, refusal = readForm2024(payload); refusal != nil {
			return nil, refusal
		}
	}
	if isGzip(payload) {
		text, refusal := u.gunzip(payload, limit)
		if refusal != nil && refusal.Status == 400 {
			return nil, refuse(400, textDecode+detailGzipText)
		}
		return text, refusal
	}
	if refusal := checkText(payload, limit); refusal != nil {
		if refusal.Status == 400 {
			return nil, refuse(400, textDecode+detailText2024)
		}
		return nil, refusal
	}
	return payload, nil
}

// readForm2024 returns what the one data field of a form encodes.
func readForm2024(form []byte) ([]byte, *Refusal) {
	found := 0
	var data string
	for name, value := range pairs(form) {
		if name == "data" {
			data = value
			found++
		}
	}
	if found != 1 {
		return nil, refuse(400, textDecode+detailForm2024)
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(data)
	if err != nil {
		return nil, refuse(400, textDecode+detailFormData2024)
	}
	return payload, nil
}

// parse2024 reads the body as an array, a batch or a single event.
func (s *Submission) parse2024(text []byte) *Refusal {
	if tooDeep(text) {
		return refuse(400, textParse+detailDepth)
	}
	if !gjson.ValidBytes(text) {
		return refuse(400, textParse+detailSyntax)
	}
	if !s.shape2024(text) || s.hasEmptyUUID() {
		return refuse(400, textParse+detailShape)
	}
	return nil
}

// shape2024 reports whether the body has one of the three shapes.
func (s *Submission) shape2024(text []byte) (sound bool) {
	c := cursor{json: text}
	switch c.kind() {
	case '[':
		s.Events, sound = parseEvents(&c, s.Events)
		return sound
	case '{':
		batch, single := parseObject(&c, s.Events)
		if s.Events = batch.events; batch.isBatch() {
			s.enclose(&batch)
			return true
		}
		if sound = single.named && single.sound; sound || !batch.listed {
			s.Events = append(s.Events[:0], single.Received)
		}
	}
	return sound
}

func (s *Submission) hasEmptyUUID() bool {
	for i := range s.Events {
		if s.Events[i].emptyUUID {
			return true
		}
	}
	return false
}

// authenticate2024 settles the token, whose shape is checked as it came.
func (s *Submission) authenticate2024() (refusal *Refusal) {
	if s.Token == nil {
		if s.Token, refusal = commonToken(s.Events); refusal != nil {
			return refusal
		}
	}
	return checkShape(s.Token)
}

// validate2024 settles the ids, and refuses the request for its first bad event.
func (s *Submission) validate2024(limit int) *Refusal {
	for i := range s.Events {
		e := &s.Events[i]
		if len(e.Event) == 0 {
			return refuse(400, textNoName)
		}
		id := firstOf(e.id, e.innerID)
		if id == nil {
			return refuse(400, textNoDistinctID)
		}
		var refusal *Refusal
		if e.DistinctID, refusal = stringify(id); refusal != nil {
			return refusal
		}
		if len(e.DistinctID) == 0 {
			return refuse(400, textEmptyID2024)
		}
		if len(e.DistinctID) > MaxDistinctID {
			e.DistinctID = firstRunes(e.DistinctID, MaxDistinctID)
		}
	}
	for i := range s.Events {
		if s.Events[i].messageSize(limit) > limit {
			return refuse(400, textTooLarge2024)
		}
	}
	return nil
}
