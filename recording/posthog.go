package recording

import "github.com/tidwall/gjson"

// postHog reads PostHog's own events: lines of a batch export (uuid, event,
// distinct_id, timestamp, properties, elements_chain, person_…) and records of
// the events API, whose identifier is called id. What the pipeline computed
// (person, team, inserted_at) is left out: it will compute it again.
type postHog struct{ clock *clock }

func (d postHog) decode(l line, seed int64, e *Event) Reason {
	s := l.scan()
	var uuid, chain, properties []byte
	s.enter()
	for name, more := s.member(); more; name, more = s.member() {
		value := s.value()
		switch string(name) {
		case "event":
			e.setName(value)
		case "distinct_id":
			e.setID(value)
		case "timestamp":
			e.setTime(d.clock, value)
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
	if !s.sound() {
		return unsound(&s)
	}
	e.identify(uuid, l.text, seed)
	return e.postHogProperties(properties, chain)
}

// postHogProperties sets the properties, which some destinations of the export
// hold as text, and puts the chain of elements back where the SDK sent it.
func (e *Event) postHogProperties(properties, chain []byte) Reason {
	if len(properties) > 0 && properties[0] == '"' {
		properties = []byte(gjson.ParseBytes(properties).String())
		s := scanner{text: properties}
		if s.value(); !s.sound() {
			return unsound(&s)
		}
	}
	if !isObject(properties) {
		properties = []byte("{}")
	}
	if isEmpty(chain) {
		e.Properties = properties
		return ""
	}
	e.open()
	e.putAll(properties)
	e.put([]byte("$elements_chain"), chain)
	e.close()
	return ""
}
