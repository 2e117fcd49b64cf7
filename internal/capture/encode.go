package capture

import (
	"time"
)

// Event is one analytics event, ready to be encoded. Its byte slices belong to
// whoever filled it; encoding copies them.
type Event struct {
	Name       []byte // unescaped
	DistinctID []byte // unescaped
	UUID       UUID
	Timestamp  time.Time // zero: left out
	Properties []byte    // a complete JSON object, written as it is
}

// Envelope is what a /batch/ body carries around its events.
type Envelope struct {
	Token               string
	HistoricalMigration bool
	SentAt              time.Time // zero: left out
	Order               EnvelopeOrder
}

// EnvelopeOrder is how the members of an envelope follow each other, which tells
// clients apart and nothing else: endpoints take any order.
type EnvelopeOrder uint8

// The orders. Where historical_migration is not set all but BatchFirst leave it out.
const (
	BatchLast   EnvelopeOrder = iota // api_key, historical_migration, sent_at, batch
	SentAtAfter                      // api_key, batch, sent_at, historical_migration: posthog-js and -node
	BatchFirst                       // batch, historical_migration, sent_at, api_key: posthog-python
)

// AppendEvent appends e as a JSON object to dst and returns the longer slice.
// The members come in the order event, distinct_id, uuid, timestamp, properties;
// a zero UUID, a zero time and empty properties are left out. Properties are
// written as they are: it is for their builder to make them a valid object.
func AppendEvent(dst []byte, e *Event) []byte {
	return append(appendMembers(append(dst, '{'), e), '}')
}

// EventSize is how many bytes AppendEvent appends.
func EventSize(e *Event) int {
	n := len(`{"event":,"distinct_id":}`) + stringSize(e.Name) + stringSize(e.DistinctID)
	if e.UUID != (UUID{}) {
		n += len(beforeUUID + blankUUID + `"`)
	}
	if !e.Timestamp.IsZero() {
		n += len(`,"timestamp":"` + blankTime + `"`)
	}
	if len(e.Properties) > 0 {
		n += len(`,"properties":`) + len(e.Properties)
	}
	return n
}

// AppendSingle appends the body of a request that carries the one event e, for
// /i/v0/e/ and /capture/: the event object with the token among its members.
func AppendSingle(dst []byte, token string, e *Event) []byte {
	return AppendMembers(AppendSingleHead(dst, token), e)
}

// AppendSingleHead appends what AppendSingle puts before the members of the event.
func AppendSingleHead(dst []byte, token string) []byte {
	return append(AppendString(append(dst, `{"api_key":`...), token), ',')
}

// AppendEngage appends the body of a request to /engage/ that carries e without
// its name, which that route takes for $identify (capture v0_request.rs).
func AppendEngage(dst []byte, token string, e *Event) []byte {
	dst = AppendString(append(dst, `{"api_key":`...), token)
	return append(appendNameless(append(dst, ','), e), '}')
}

// AppendMembers appends e from behind its opening brace to its closing one.
func AppendMembers(dst []byte, e *Event) []byte { return append(appendMembers(dst, e), '}') }

func appendMembers(dst []byte, e *Event) []byte {
	dst = AppendString(append(dst, `"event":`...), e.Name)
	return appendNameless(append(dst, ','), e)
}

func appendNameless(dst []byte, e *Event) []byte {
	dst = AppendString(append(dst, `"distinct_id":`...), e.DistinctID)
	if e.UUID != (UUID{}) && !e.Timestamp.IsZero() && len(e.Properties) > 0 {
		return appendRest(dst, e)
	}
	if e.UUID != (UUID{}) {
		dst = AppendUUID(append(dst, `,"uuid":"`...), e.UUID)
		dst = append(dst, '"')
	}
	if !e.Timestamp.IsZero() {
		dst = AppendTime(append(dst, `,"timestamp":"`...), e.Timestamp)
		dst = append(dst, '"')
	}
	if len(e.Properties) > 0 {
		dst = append(append(dst, `,"properties":`...), e.Properties...)
	}
	return dst
}

// The members behind the distinct_id, of an event that has them all.
const (
	beforeUUID  = `,"uuid":"` // behind a quote
	beforeTime  = `","timestamp":"`
	restOfAll   = `"` + beforeUUID + blankUUID + beforeTime + blankTime + `","properties":`
	placeOfUUID = len(`"` + beforeUUID)
	placeOfTime = placeOfUUID + len(blankUUID+beforeTime)
)

// appendRest appends the members behind the distinct_id of an event that has them
// all, as nearly every one has: in one piece, and the digits into it.
func appendRest(dst []byte, e *Event) []byte {
	var clock TimeText
	high, low := e.UUID.Words()
	return append(clock.AppendMiddle(dst[:len(dst)-1], high, low, e.Timestamp), e.Properties...)
}

// TimeText is a second as text, kept for the next time: of two times of one second only the
// last digits differ, of two of one day the date is the same. The zero value holds none.
type TimeText struct {
	day    int64 // its beginning, in Unix milliseconds
	second int64 // its beginning, in Unix milliseconds
	text   [len(blankTime)]byte
}

// put writes a time. What it reads of c it has written long before, which a processor does
// not wait for.
func (c *TimeText) put(to *[len(blankTime)]byte, at time.Time) {
	rest := uint64(at.UnixMilli() - c.second)
	if rest >= 1000 || c.text[0] == 0 {
		rest = c.turn(at)
	}
	*to = c.text
	to[20] = byte('0' + uint32(rest)/100)
	putPair(to[21:], uint32(rest)%100)
}

// turn makes the text that of the second of a time, or of the nearest that can be written,
// and returns how many milliseconds that is into it.
func (c *TimeText) turn(at time.Time) uint64 {
	ms := at.UnixMilli()
	if rest := uint64(ms - c.day); rest < milliPerDay && c.text[0] != 0 {
		putClock(&c.text, uint32(rest))
	} else {
		copy(c.text[:], blankTime)
		ms = putTime(&c.text, at)
		c.day = ms - int64(uint64(ms-firstMilli)%milliPerDay)
	}
	into := uint64(ms-firstMilli) % 1000
	c.second = ms - int64(into)
	return into
}

// Where in what AppendMiddle appends the texts before and behind the time begin.
const (
	MiddleBeforeTime = placeOfUUID + len(blankUUID)
	MiddleBehindTime = placeOfTime + len(blankTime) - len("Z")
)

// AppendMiddle appends what stands between the text of a distinct_id and the
// properties, of an event that has a uuid, given as its words, and a time.
func (c *TimeText) AppendMiddle(dst []byte, high, low uint64, at time.Time) []byte {
	dst = append(dst, restOfAll...)
	text := (*[len(restOfAll)]byte)(dst[len(dst)-len(restOfAll):])
	putUUID((*[len(blankUUID)]byte)(text[placeOfUUID:]), high, low)
	c.put((*[len(blankTime)]byte)(text[placeOfTime:]), at)
	return dst
}

// AppendHead appends the beginning of a /batch/ body, up to its first event. The
// events follow, separated by commas, and then AppendTail.
func (e *Envelope) AppendHead(dst []byte) []byte {
	if e.Order == BatchFirst {
		return append(dst, `{"batch":[`...)
	}
	dst = AppendString(append(dst, `{"api_key":`...), e.Token)
	if e.Order == BatchLast {
		dst = e.appendSentAt(e.appendHistorical(dst))
	}
	return append(dst, `,"batch":[`...)
}

// AppendTail appends the end of a /batch/ body.
func (e *Envelope) AppendTail(dst []byte) []byte {
	dst = append(dst, ']')
	switch e.Order {
	case SentAtAfter:
		dst = e.appendHistorical(e.appendSentAt(dst))
	case BatchFirst:
		dst = e.appendSentAt(e.appendHistorical(dst))
		dst = AppendString(append(dst, `,"api_key":`...), e.Token)
	}
	return append(dst, '}')
}

// appendHistorical appends the mark of an import.
func (e *Envelope) appendHistorical(dst []byte) []byte {
	switch {
	case e.HistoricalMigration:
		return append(dst, `,"historical_migration":true`...)
	case e.Order == BatchFirst:
		return append(dst, `,"historical_migration":false`...)
	}
	return dst
}

// appendSentAt appends when the request was made.
func (e *Envelope) appendSentAt(dst []byte) []byte {
	if e.SentAt.IsZero() {
		return dst
	}
	return append(AppendTime(append(dst, `,"sent_at":"`...), e.SentAt), '"')
}

// EnvelopeV1 is what a v1 body carries around its events.
type EnvelopeV1 struct {
	CreatedAt           time.Time
	HistoricalMigration bool
}

// AppendHead appends the beginning of a v1 body, up to its first event. The
// events, as AppendEvent writes them, follow, separated by commas, and then
// AppendTail. Each must have a UUID and a time.
func (e *EnvelopeV1) AppendHead(dst []byte) []byte {
	dst = AppendTime(append(dst, `{"created_at":"`...), e.CreatedAt)
	dst = append(dst, '"')
	if e.HistoricalMigration {
		dst = append(dst, `,"historical_migration":true`...)
	}
	return append(dst, `,"batch":[`...)
}

// AppendTail appends the end of a v1 body.
func (e *EnvelopeV1) AppendTail(dst []byte) []byte { return append(dst, "]}"...) }
