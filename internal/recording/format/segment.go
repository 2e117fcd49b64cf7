package format

import (
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
)

// segment reads the messages of Segment and RudderStack (the six calls of their
// specification). There is no managed migration; the mapping is that of PostHog's own
// destination in Segment (PostHog/posthog-segment, index.js): a user is userId, else
// anonymousId; an identify that has both joins them, an alias joins previousId to the
// user. A group, which that leaves out, is as in RudderStack's (rudder-transformer,
// destinations/posthog): it sets properties of a group of the type that its trait
// groupType names, else of type "group".
type segment struct{ clock *event.Clock }

func (d segment) decode(l Line, seed int64, e *event.Event) event.Reason {
	var m segmentMessage
	s := l.Scan()
	s.Enter()
	for name, more := s.Member(); more; name, more = s.Member() {
		m.take(name, s.Value())
	}
	if !s.Sound() {
		return unsound(&s)
	}
	e.SetID(firstOf(m.user, m.anonymous))
	e.SetTime(d.clock, firstOf(m.time, m.original, m.sent, m.received))
	e.Identify(m.id, l.Text, seed)
	e.Open()
	e.PutAll(m.properties)
	putSegmentContext(e, m.context)
	named := nameSegment(e, &m)
	e.Close()
	if !named {
		return event.Unmapped
	}
	return ""
}

// segmentMessage is where the parts of one message lie.
type segmentMessage struct {
	kind, event, name, id, user, anonymous, previous, group []byte
	properties, traits, context                             []byte
	time, original, sent, received                          []byte
}

// take notes one member of a message.
func (m *segmentMessage) take(name, value []byte) {
	switch string(name) {
	case "type":
		m.kind = value
	case "event":
		m.event = value
	case "name":
		m.name = value
	case "messageId":
		m.id = value
	case "userId":
		m.user = value
	case "anonymousId":
		m.anonymous = value
	case "previousId":
		m.previous = value
	case "groupId":
		m.group = value
	case "properties":
		m.properties = value
	case "traits":
		m.traits = value
	case "context":
		m.context = value
	case "timestamp":
		m.time = value
	case "originalTimestamp":
		m.original = value
	case "sentAt":
		m.sent = value
	case "receivedAt":
		m.received = value
	}
}

// nameSegment names the event after the call, with the properties that PostHog
// wants for it; false for a call that means nothing there.
func nameSegment(e *event.Event, m *segmentMessage) bool {
	switch string(m.kind) {
	case `"track"`:
		e.SetName(m.event)
	case `"page"`:
		e.Rename("$pageview")
		putUnlessEmpty(e, "name", m.name)
	case `"screen"`:
		e.Rename("$screen")
		putUnlessEmpty(e, "$screen_name", m.name)
	case `"identify"`:
		e.Rename("$identify")
		putUnlessEmpty(e, "$set", m.traits)
		if !jsonscan.IsEmpty(m.user) {
			putUnlessEmpty(e, "$anon_distinct_id", m.anonymous)
		}
	case `"alias"`:
		e.Rename("$create_alias")
		putUnlessEmpty(e, "alias", firstOf(m.previous, m.anonymous))
	case `"group"`:
		e.Rename("$groupidentify")
		e.Put([]byte("$group_type"), m.groupType())
		putUnlessEmpty(e, "$group_key", m.group)
		putUnlessEmpty(e, "$group_set", m.traits)
	default:
		return false
	}
	return true
}

// groupType is the type of a group, as JSON.
func (m *segmentMessage) groupType() []byte {
	if kind, ok := descend(m.traits, "groupType"); ok && len(kind) > 2 && kind[0] == '"' {
		return kind
	}
	return []byte(`"group"`)
}

// putUnlessEmpty adds a property that says something.
func putUnlessEmpty(e *event.Event, name string, value []byte) {
	if !jsonscan.IsEmpty(value) {
		e.Put([]byte(name), value)
	}
}

// putSegmentContext adds what the context tells of browser and page.
func putSegmentContext(e *event.Event, context []byte) {
	s := jsonscan.Scanner{Text: context}
	for name, more := s.First(); more; name, more = s.Member() {
		value := s.Value()
		switch string(name) {
		case "ip":
			putUnlessEmpty(e, "$ip", value)
		case "userAgent":
			putUnlessEmpty(e, "$raw_user_agent", value)
		case "page":
			if url, ok := descend(value, "url"); ok {
				putUnlessEmpty(e, "$current_url", url)
			}
		case "library":
			if lib, ok := descend(value, "name"); ok {
				putUnlessEmpty(e, "$lib", lib)
			}
		}
	}
}
