package capture

import (
	"bytes"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"rehearse/internal/capture/serdejson"
	"rehearse/internal/jsonscan"
)

// eventV1 is an event while it is judged.
type eventV1 struct {
	Received
	uuid, id   []byte // trimmed
	properties []byte // raw, of any kind
	options    []byte // raw, nil: none
	added      int    // what becomes properties of it, in bytes of JSON
	seen       members
	sound      bool // it has what serde demands
}

// optionsDepth is how deeply the options may be nested: a body, its batch and the
// event are around them.
const optionsDepth = serdejson.MaxDepth - 3

// orderV1 are the members of an event of v1 as memberOrder are those of v0. The
// last two may be missing.
var orderV1 = [...]string{
	"event", "uuid", "distinct_id", "timestamp", "session_id", "window_id", "options", "properties",
}

// parseEventV1 consumes a value and returns what it says as an event of v1.
func parseEventV1(c *jsonscan.Cursor) eventV1 {
	e := eventV1{properties: []byte("{}"), sound: true}
	kind, start := c.Kind(), c.Offset()
	switch kind {
	case '{':
		for c.Enter(); c.More(); {
			key, sound := soundKey(c)
			e.require(sound)
			e.member(string(key), c.Value())
		}
	case '[':
		places := 0
		for c.Enter(); c.More(); places++ {
			if raw := c.Value(); places < len(orderV1) {
				e.member(orderV1[places], raw)
			}
		}
		e.require(places >= len(orderV1)-2 && places <= len(orderV1))
	default:
		c.Value()
		e.require(false)
	}
	e.Raw = c.Since(start)
	e.require(e.Event != nil && e.uuid != nil && e.id != nil && e.Timestamp != nil)
	return e
}

func (e *eventV1) require(sound bool) { e.sound = e.sound && sound }

// member takes over the value of a member. Of those that are not known only the
// grammar is looked at.
func (e *eventV1) member(key string, raw []byte) {
	switch key {
	case "event":
		e.Event = e.text(raw, memberEvent)
	case "uuid":
		e.uuid = trimmed(e.text(raw, memberUUID))
	case "distinct_id":
		e.id = trimmed(e.text(raw, memberID))
	case "timestamp":
		e.Timestamp = e.text(raw, memberTimestamp)
	case "session_id":
		e.optionalText(raw, memberSet, "$session_id")
	case "window_id":
		e.optionalText(raw, memberSetOnce, "$window_id")
	case "options":
		e.once(memberOffset)
		_, sound := serdejson.Value(raw, optionsDepth)
		e.require(sound && utf8.Valid(raw))
		e.options = notNull(raw)
	case "properties":
		e.once(memberProperties)
		e.require(utf8.Valid(raw))
		e.properties = raw
	}
}

func (e *eventV1) once(m members) {
	e.require(e.seen&m == 0)
	e.seen |= m
}

// text returns the text of a string that must be one.
func (e *eventV1) text(raw []byte, m members) []byte {
	e.once(m)
	text := soundText(raw)
	e.require(text != nil)
	return text
}

// optionalText takes a string or null, which becomes a property.
func (e *eventV1) optionalText(raw []byte, m members, property string) {
	e.once(m)
	if !isNull(raw) {
		text := soundText(raw)
		e.require(text != nil)
		e.added += len(`,"":`) + len(property) + len(AppendString(nil, text))
	}
}

// soundText returns the text of a string that serde_json can build, nil if raw is
// none.
func soundText(raw []byte) []byte {
	if _, ok := serdejson.String(raw); !ok || !utf8.Valid(raw) {
		return nil
	}
	return textOf(raw)
}

// soundKey consumes the name of a member and its colon, and reports whether the
// name is a string that serde_json can build: of a text of which only the grammar is
// known to be valid.
func soundKey(c *jsonscan.Cursor) (name []byte, sound bool) {
	name = soundText(c.RawKey())
	return name, name != nil
}

// trimmed returns text without the white space around it, nil only for nil.
func trimmed(text []byte) []byte {
	if text == nil {
		return nil
	}
	if text = bytes.TrimSpace(text); text == nil {
		return []byte{}
	}
	return text
}

// wrong returns what drops the event, in the order of validate_event.
func (e *eventV1) wrong() Detail {
	switch {
	case IsFiltered(e.Event):
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
	}
	options, sound := readOptions(e.options)
	if !sound {
		return detailOptions
	}
	e.Cookieless, e.ignoreSentAt = options.cookieless, options.asSaid
	e.added += options.added
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

// optionsV1 are the options of an event that make a difference here.
type optionsV1 struct {
	cookieless bool
	asSaid     bool // its time is not corrected by the client's clock
	added      int  // what becomes properties of them, in bytes of JSON
}

// readOptions reads the options of an event, and reports whether each that is
// known is of a kind that v1 can read (types.rs RawOptions). Of equal names the
// last counts.
func readOptions(raw []byte) (o optionsV1, sound bool) {
	if raw == nil {
		return o, true
	}
	if raw[0] != '{' {
		return o, false
	}
	var cookieless, asSaid, profile, tour []byte
	c := jsonscan.New(raw)
	for c.Enter(); c.More(); {
		key := c.Key()
		value := c.Value()
		switch string(key) {
		case "cookieless_mode":
			cookieless = value
		case "disable_skew_correction":
			asSaid = value
		case "process_person_profile":
			profile = value
		case "product_tour_id":
			tour = value
		}
	}
	sound = tour == nil || isNull(tour) || tour[0] == '"' || isInteger(tour)
	if sound && tour != nil && !isNull(tour) {
		o.added = len(`,"$product_tour_id":""`) + len(AppendString(nil, firstOf(textOf(tour), tour))) - 2
	}
	o.cookieless = o.flag(cookieless, "$cookieless_mode", &sound)
	o.asSaid = o.flag(asSaid, "$ignore_sent_at", &sound)
	o.flag(profile, "$process_person_profile", &sound)
	return o, sound
}

// flag reads an option that is true, false or not there, and becomes a property.
func (o *optionsV1) flag(raw []byte, property string, sound *bool) bool {
	if raw == nil || isNull(raw) {
		return false
	}
	value, err := readBool(raw)
	*sound = *sound && err == nil
	o.added += len(`,"":true`) + len(property)
	if !value {
		o.added++
	}
	return value
}

// readBool reads a value as v1 reads true or false.
func readBool(raw []byte) (bool, error) {
	switch raw[0] {
	case 't':
		return true, nil
	case 'f':
		return false, nil
	case '{', '[':
		return false, errNotBool
	case '"':
		switch strings.ToLower(string(bytes.TrimSpace(textOf(raw)))) {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
		return false, errNotBool
	}
	_, number, _ := serdejson.Number(raw)
	return number != 0, nil
}

// errNotBool says that a value is neither true nor false, whatever it is.
var errNotBool = errors.New("neither true nor false")
