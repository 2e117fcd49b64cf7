package capture

import (
	"bytes"
	"strings"
	"time"
)

// eventV1 is an event while it is judged.
type eventV1 struct {
	Received
	uuid, id   []byte // trimmed
	properties []byte // raw, of any kind
	options    []byte // raw, nil: none
	sound      bool   // it has what serde demands
}

func parseEventV1(c *cursor) eventV1 {
	e := eventV1{properties: []byte("{}"), sound: true}
	start := c.at
	for c.enter(); c.more(); {
		key := c.key()
		raw := c.value()
		switch string(key) {
		case "event":
			e.Event = textOf(raw)
		case "uuid":
			e.uuid = trimmed(raw)
		case "distinct_id":
			e.id = trimmed(raw)
		case "timestamp":
			e.Timestamp = textOf(raw)
		case "session_id", "window_id":
			e.sound = e.sound && (isNull(raw) || textOf(raw) != nil)
		case "options":
			e.options = notNull(raw)
		case "properties":
			e.properties = raw
		}
	}
	e.Raw = c.json[start:c.at]
	e.sound = e.sound && e.Event != nil && e.uuid != nil && e.id != nil && e.Timestamp != nil
	return e
}

// trimmed returns the text of a JSON string without the white space around it,
// nil if raw is none.
func trimmed(raw []byte) []byte {
	text := textOf(raw)
	if text == nil {
		return nil
	}
	if text = bytes.TrimSpace(text); text == nil {
		return []byte{}
	}
	return text
}

// wrong returns what drops the event, in the order of validate_event.
func (e *eventV1) wrong(limit int) Detail {
	switch {
	case string(e.Event) == "$performance_event":
		return detailPerformance
	case len(e.Event) == 0:
		return detailNoName
	case len(e.Event) > maxNameV1:
		return detailLongName
	case len(e.id) == 0:
		return detailNoID
	case len(e.id) > maxIDV1:
		return detailLongID
	case !isTimeV1(e.Timestamp):
		return detailTime
	case e.properties[0] != '{':
		return detailProperties
	case !soundOptions(e.options):
		return detailOptions
	case e.messageSize(limit) > limit:
		return detailBig
	}
	return NoDetail
}

func isTimeV1(text []byte) bool {
	_, err := time.Parse(time.RFC3339, string(text))
	return err == nil
}

func isIllegalV1(id []byte) bool {
	for _, illegal := range illegalV1 {
		if len(id) == len(illegal) && strings.EqualFold(string(id), illegal) {
			return true
		}
	}
	return false
}

// soundOptions reports whether each known option is of a kind that v1 can read
// (types.rs RawOptions).
func soundOptions(raw []byte) bool {
	if raw == nil {
		return true
	}
	if raw[0] != '{' {
		return false
	}
	c := cursor{json: raw}
	for c.enter(); c.more(); {
		key := c.key()
		value := c.value()
		switch string(key) {
		case "cookieless_mode", "disable_skew_correction", "process_person_profile":
			if !isBoolish(value) {
				return false
			}
		case "product_tour_id":
			if !isNull(value) && value[0] != '"' && !isInteger(value) {
				return false
			}
		}
	}
	return true
}

// isBoolish reports whether v1 reads a value as true, false or nothing.
func isBoolish(raw []byte) bool {
	switch raw[0] {
	case 't', 'f', 'n':
		return true
	case '"':
		switch strings.ToLower(string(bytes.TrimSpace(textOf(raw)))) {
		case "true", "false", "1", "0":
			return true
		}
		return false
	}
	return raw[0] != '{' && raw[0] != '['
}
