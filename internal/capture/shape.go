package capture

import "rehearse/internal/jsonscan"

// members is a set of the members of an event. serde refuses a struct of which a
// member comes twice, under one name or two.
type members uint16

const (
	memberToken members = 1 << iota
	memberID
	memberUUID
	memberEvent
	memberProperties
	memberTimestamp
	memberOffset
	memberSet
	memberSetOnce
)

// memberOrder are the members of an event in the order in which serde takes the
// elements of an array that stands in its place.
var memberOrder = [...]string{
	"token", "distinct_id", "uuid", "event", "properties", "timestamp", "offset", "$set", "$set_once",
}

// atEvent is the place of the name among them: an event without one has no such
// element.
const atEvent = 3

// parsedEvent is an event while its members are read.
type parsedEvent struct {
	Received
	seen  members
	named bool // it has an event name, once, and that is a string
	sound bool // what else it has is of the types that the service demands

	token, innerToken []byte // unescaped; inner ones stood in the properties
	id, innerID       []byte // raw JSON, nil for null
	set, setOnce      []byte // raw JSON, nil for null
	badCookieless     bool
	emptyUUID         bool // "", which is none today and was a mistake in 2024
}

// parseEvent consumes a value and returns what it says as an event: an object, or
// an array of the members' values.
func parseEvent(c *jsonscan.Cursor) parsedEvent {
	e := parsedEvent{sound: true}
	kind, start := c.Kind(), c.Offset()
	switch kind {
	case '{':
		for c.Enter(); c.More(); {
			e.member(c.Key(), c)
		}
	case '[':
		places := 0
		for c.Enter(); c.More(); places++ {
			e.element(places, c)
		}
		e.require(places == len(memberOrder))
	default:
		c.Value()
		e.require(false)
	}
	e.Raw = c.Since(start)
	return e
}

// parseNameless does it for an array that has no place for a name.
func parseNameless(c *jsonscan.Cursor) parsedEvent {
	e := parsedEvent{sound: true}
	c.Kind()
	start, places := c.Offset(), 0
	for c.Enter(); c.More(); places++ {
		if places < atEvent {
			e.element(places, c)
		} else {
			e.element(places+1, c)
		}
	}
	e.require(places == len(memberOrder)-1)
	e.Raw = c.Since(start)
	return e
}

// element consumes the value at a place.
func (e *parsedEvent) element(place int, c *jsonscan.Cursor) {
	if place >= len(memberOrder) {
		c.Value()
		return
	}
	e.member([]byte(memberOrder[place]), c)
}

// member consumes the value of the member called key. Unknown members are
// dropped silently (common/types event.rs RawEvent).
func (e *parsedEvent) member(key []byte, c *jsonscan.Cursor) {
	switch string(key) {
	case "event":
		e.Event = textOf(c.Value())
		e.named = e.Event != nil && e.seen&memberEvent == 0
		e.seen |= memberEvent
	case "distinct_id", "$distinct_id":
		e.once(memberID)
		e.id = notNull(c.Value())
	case "token", "$token", "api_key":
		e.once(memberToken)
		e.token = e.optionalText(c)
	case "uuid":
		e.once(memberUUID)
		e.parseUUID(c)
	case "timestamp":
		e.once(memberTimestamp)
		e.Timestamp = e.optionalText(c)
	case "properties":
		e.once(memberProperties)
		e.properties(c)
	case "offset":
		e.once(memberOffset)
		e.parseOffset(c.Value())
	case "$set":
		e.once(memberSet)
		e.set = e.optionalObject(c)
	case "$set_once":
		e.once(memberSetOnce)
		e.setOnce = e.optionalObject(c)
	default:
		c.Value()
	}
}

func (e *parsedEvent) require(sound bool) { e.sound = e.sound && sound }

// once demands that a member came for the first time.
func (e *parsedEvent) once(m members) {
	e.require(e.seen&m == 0)
	e.seen |= m
}

// optionalText consumes a string or null. An empty string is not nil.
func (e *parsedEvent) optionalText(c *jsonscan.Cursor) []byte {
	raw := c.Value()
	text := textOf(raw)
	e.require(text != nil || isNull(raw))
	return text
}

// optionalObject consumes an object or null.
func (e *parsedEvent) optionalObject(c *jsonscan.Cursor) []byte {
	raw := notNull(c.Value())
	e.require(raw == nil || raw[0] == '{')
	return raw
}

func (e *parsedEvent) parseUUID(c *jsonscan.Cursor) {
	e.UUID = UUID{}
	text := e.optionalText(c)
	if len(text) == 0 {
		e.emptyUUID = text != nil
		return
	}
	id, err := ParseUUID(text)
	e.UUID, e.hasUUID = id, true
	e.require(err == nil)
}

func (e *parsedEvent) parseOffset(raw []byte) {
	if isNull(raw) {
		return
	}
	var ok bool
	e.offset, ok = parseInt64(raw)
	e.hasOffset = true
	e.require(ok)
}

// properties consumes the properties and notes those that capture itself looks
// at. Of equal names the last counts.
func (e *parsedEvent) properties(c *jsonscan.Cursor) {
	if c.Kind() != '{' {
		c.Value()
		e.require(false)
		return
	}
	start := c.Offset()
	var heatmap, scrolled, located bool
	for c.Enter(); c.More(); {
		key := c.Key()
		raw := c.Value()
		switch string(key) {
		case "distinct_id":
			e.innerID = notNull(raw)
		case "token":
			e.innerToken = textOf(raw)
		case "$cookieless_mode":
			e.Cookieless = string(raw) == "true"
			e.badCookieless = !e.Cookieless && string(raw) != "false"
		case "$ignore_sent_at":
			e.ignoreSentAt = string(raw) == "true"
		case "capture_internal":
			e.Internal = true
		case "$heatmap_data":
			heatmap = true
		case "$prev_pageview_pathname":
			scrolled = true
		case "$current_url":
			located = true
		}
	}
	e.Heatmap = heatmap || scrolled && located
	e.Properties = c.Since(start)
}

// textOf returns the text of a JSON string, nil if raw is something else.
func textOf(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '"' {
		return nil
	}
	return jsonscan.Unquote(raw)
}

func isNull(raw []byte) bool { return string(raw) == "null" }

func notNull(raw []byte) []byte {
	if isNull(raw) {
		return nil
	}
	return raw
}

// parsedBatch is what a value says as a batch: token or api_key and batch are
// demanded, each once and of its type.
type parsedBatch struct {
	events     eventList
	token      []byte
	sentAt     []byte
	historical bool
	tokens     int // how often the token came, …
	dated      int
	flagged    int
	listed     int
	isList     bool // batch is an array
	sound      bool
}

func (b *parsedBatch) isBatch() bool {
	return b.sound && b.tokens == 1 && b.listed == 1 && b.token != nil &&
		b.dated <= 1 && b.flagged <= 1 && b.events.sound
}

// member consumes the value of a member of the envelope, and reports whether it is
// one. Of api_key, which an event knows as well, it only takes note.
func (b *parsedBatch) member(key []byte, c *jsonscan.Cursor) bool {
	switch string(key) {
	case "batch":
		b.listed++
		b.list(c)
	case "historical_migration":
		b.flagged++
		raw := c.Value()
		b.historical = string(raw) == "true"
		b.require(b.historical || string(raw) == "false" || isNull(raw))
	case "sent_at":
		b.dated++
		raw := c.Value()
		b.sentAt = textOf(raw)
		b.require(b.sentAt != nil || isNull(raw))
	default:
		return false
	}
	return true
}

func (b *parsedBatch) require(sound bool) { b.sound = b.sound && sound }

func (b *parsedBatch) list(c *jsonscan.Cursor) {
	b.events.reset()
	if b.isList = c.Kind() == '['; !b.isList {
		c.Value()
		b.require(false)
		return
	}
	b.events.read(c)
}

// parseObject consumes the object that is the whole body, and reads it as a
// batch, whose events go into events, and as an event at once.
func parseObject(c *jsonscan.Cursor, events eventList) (parsedBatch, parsedEvent) {
	b, e := parsedBatch{events: events, sound: true}, parsedEvent{sound: true}
	c.Kind()
	start := c.Offset()
	for c.Enter(); c.More(); {
		key := c.Key()
		if b.member(key, c) {
			continue
		}
		e.member(key, c)
		if name := string(key); name == "token" || name == "api_key" {
			b.tokens++
			b.token = e.token
		}
	}
	e.Raw = c.Since(start)
	return b, e
}

// batchOrder are the members of an envelope as memberOrder are those of an event.
var batchOrder = [...]string{"token", "historical_migration", "sent_at", "batch"}

// parseBatchArray consumes an array and reads it as the values of a batch.
func parseBatchArray(c *jsonscan.Cursor, events eventList) parsedBatch {
	b := parsedBatch{events: events, sound: true}
	places := 0
	for c.Enter(); c.More(); places++ {
		switch {
		case places == 0:
			b.tokens, b.token = 1, textOf(c.Value())
		case places < len(batchOrder):
			b.member([]byte(batchOrder[places]), c)
		default:
			c.Value()
		}
	}
	b.require(places == len(batchOrder))
	return b
}
