package format

import (
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
)

import "github.com/tidwall/gjson"

// postHog reads PostHog's own events: lines of a batch export (uuid, event,
// distinct_id, timestamp, properties, elements_chain, person_…) and records of
// the events API, whose identifier is called id. What the pipeline computed
// (person, team, inserted_at) is left out: it will compute it again.
type postHog struct{ clock *event.Clock }

func (d postHog) decode(l Line, seed int64, e *event.Event) event.Reason {
	s := l.Scan()
	var uuid, chain, properties []byte
	s.Enter()
	for name, more := s.Member(); more; name, more = s.Member() {
		value := s.Value()
		switch string(name) {
		case "event":
			e.SetName(value)
		case "distinct_id":
			e.SetID(value)
		case "timestamp":
			e.SetTime(d.clock, value)
		case "uuid":
			uuid = value
		case "id":
			if uuid == nil {
				uuid = value
			}
		case "properties":
			properties = value
		case "elements_chain":
			chain = value
		}
	}
	if !s.Sound() {
		return unsound(&s)
	}
	e.Identify(uuid, l.Text, seed)
	return postHogProperties(e, properties, chain)
}

// postHogProperties sets the properties, which some destinations of the export
// hold as text, and puts the chain of elements back where the SDK sent it.
func postHogProperties(e *event.Event, properties, chain []byte) event.Reason {
	if len(properties) > 0 && properties[0] == '"' {
		properties = []byte(gjson.ParseBytes(properties).String())
		s := jsonscan.Scanner{Text: properties}
		if s.Value(); !s.Sound() {
			return unsound(&s)
		}
	}
	if !jsonscan.IsObject(properties) {
		properties = []byte("{}")
	}
	if jsonscan.IsEmpty(chain) {
		e.Properties = properties
		return ""
	}
	e.Open()
	e.PutAll(properties)
	e.Put([]byte("$elements_chain"), chain)
	e.Close()
	return ""
}
