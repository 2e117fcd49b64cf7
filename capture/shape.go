package capture

// parsedEvent is an event object while its members are read.
type parsedEvent struct {
	Received
	named bool // it has an event name, and that is a string
	sound bool // what else it has is of the types that the service demands
}

// parseEvent consumes an object and returns what it says as an event.
func parseEvent(c *cursor) parsedEvent {
	e := parsedEvent{sound: true}
	c.kind()
	start := c.at
	for c.enter(); c.more(); {
		e.member(c.key(), c)
	}
	e.Raw = c.json[start:c.at]
	return e
}

// member consumes the value of the member called key. Unknown members are
// dropped silently (common/types event.rs RawEvent).
func (e *parsedEvent) member(key []byte, c *cursor) {
	switch string(key) {
	case "event":
		e.Event = textOf(c.value())
		e.named = e.Event != nil
	case "distinct_id", "$distinct_id":
		e.id = notNull(c.value())
	case "token", "$token", "api_key":
		e.token = e.optionalText(c)
	case "uuid":
		e.parseUUID(c)
	case "timestamp":
		e.Timestamp = e.optionalText(c)
	case "properties":
		e.properties(c)
	case "offset":
		raw := c.value()
		e.require(isNull(raw) || isInteger(raw))
	case "$set", "$set_once":
		raw := c.value()
		e.require(isNull(raw) || raw[0] == '{')
	default:
		c.value()
	}
}

func (e *parsedEvent) require(sound bool) { e.sound = e.sound && sound }

// optionalText consumes a string or null. An empty string is not nil.
func (e *parsedEvent) optionalText(c *cursor) []byte {
	raw := c.value()
	text := textOf(raw)
	e.require(text != nil || isNull(raw))
	return text
}

func (e *parsedEvent) parseUUID(c *cursor) {
	e.UUID = UUID{}
	text := e.optionalText(c)
	if len(text) == 0 {
		e.emptyUUID = text != nil
		return
	}
	id, err := ParseUUID(text)
	e.UUID = id
	e.require(err == nil)
}

// properties consumes the properties and notes those that capture itself looks
// at.
func (e *parsedEvent) properties(c *cursor) {
	if c.kind() != '{' {
		c.value()
		e.require(false)
		return
	}
	start := c.at
	for c.enter(); c.more(); {
		key := c.key()
		raw := c.value()
		switch string(key) {
		case "distinct_id":
			e.innerID = notNull(raw)
		case "token":
			e.innerToken = textOf(raw)
		case "$cookieless_mode":
			e.badCookieless = string(raw) != "true" && string(raw) != "false"
		}
	}
	e.Properties = c.json[start:c.at]
}

// textOf returns the text of a JSON string, nil if raw is something else.
func textOf(raw []byte) []byte {
	if len(raw) == 0 || raw[0] != '"' {
		return nil
	}
	return unescape(raw)
}

func isNull(raw []byte) bool { return string(raw) == "null" }

func notNull(raw []byte) []byte {
	if isNull(raw) {
		return nil
	}
	return raw
}

// parsedBatch is what an object says as a batch: token or api_key and batch are
// demanded, each of its type.
type parsedBatch struct {
	events     []Received
	token      []byte
	sentAt     []byte
	historical bool
	listed     bool // it has a batch, and that is an array
	sound      bool
}

func (b *parsedBatch) isBatch() bool { return b.listed && b.sound && b.token != nil }

// parseObject consumes the object that is the whole body, and reads it as a
// batch and as an event at once. Events are appended to events.
func parseObject(c *cursor, events []Received) (parsedBatch, parsedEvent) {
	b, e := parsedBatch{events: events, sound: true}, parsedEvent{sound: true}
	c.kind()
	start := c.at
	for c.enter(); c.more(); {
		switch key := c.key(); string(key) {
		case "batch":
			b.list(c)
		case "historical_migration":
			raw := c.value()
			b.historical = string(raw) == "true"
			b.require(b.historical || string(raw) == "false" || isNull(raw))
		case "sent_at":
			raw := c.value()
			b.sentAt = textOf(raw)
			b.require(b.sentAt != nil || isNull(raw))
		case "token", "api_key":
			e.member(key, c)
			b.token = e.token
		default:
			e.member(key, c)
		}
	}
	e.Raw = c.json[start:c.at]
	return b, e
}

func (b *parsedBatch) require(sound bool) { b.sound = b.sound && sound }

func (b *parsedBatch) list(c *cursor) {
	b.listed = c.kind() == '['
	if !b.listed {
		c.value()
		return
	}
	var sound bool
	b.events, sound = parseEvents(c, b.events)
	b.require(sound)
}

// parseEvents consumes an array, appends its events to events and reports
// whether each element is one.
func parseEvents(c *cursor, events []Received) ([]Received, bool) {
	sound := true
	for c.enter(); c.more(); {
		if c.kind() != '{' {
			c.value()
			events, sound = append(events, Received{}), false
			continue
		}
		e := parseEvent(c)
		sound = sound && e.named && e.sound
		events = append(events, e.Received)
	}
	return events, sound
}
