package recording

// segment reads the messages of Segment and RudderStack (the six calls of their
// specification). There is no managed migration; the mapping is that of PostHog's own
// destination in Segment (PostHog/posthog-segment, index.js): a user is userId, else
// anonymousId; an identify that has both joins them, an alias joins previousId to the
// user. A group, which that leaves out, is as in RudderStack's (rudder-transformer,
// destinations/posthog): it sets properties of a group of the type that its trait
// groupType names, else of type "group".
type segment struct{ clock *clock }

func (d segment) decode(l line, seed int64, e *Event) Reason {
	var m segmentMessage
	s := l.scan()
	s.enter()
	for name, more := s.member(); more; name, more = s.member() {
		m.take(name, s.value())
	}
	if !s.sound() {
		return unsound(&s)
	}
	e.setID(firstOf(m.user, m.anonymous))
	e.setTime(d.clock, firstOf(m.time, m.original, m.sent, m.received))
	e.identify(m.id, l.text, seed)
	e.open()
	e.putAll(m.properties)
	e.putSegmentContext(m.context)
	named := e.nameSegment(&m)
	e.close()
	if !named {
		return Unmapped
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
func (e *Event) nameSegment(m *segmentMessage) bool {
	switch string(m.kind) {
	case `"track"`:
		e.setName(m.event)
	case `"page"`:
		e.rename("$pageview")
		e.putUnlessEmpty("name", m.name)
	case `"screen"`:
		e.rename("$screen")
		e.putUnlessEmpty("$screen_name", m.name)
	case `"identify"`:
		e.rename("$identify")
		e.putUnlessEmpty("$set", m.traits)
		if !isEmpty(m.user) {
			e.putUnlessEmpty("$anon_distinct_id", m.anonymous)
		}
	case `"alias"`:
		e.rename("$create_alias")
		e.putUnlessEmpty("alias", firstOf(m.previous, m.anonymous))
	case `"group"`:
		e.rename("$groupidentify")
		e.put([]byte("$group_type"), m.groupType())
		e.putUnlessEmpty("$group_key", m.group)
		e.putUnlessEmpty("$group_set", m.traits)
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
func (e *Event) putUnlessEmpty(name string, value []byte) {
	if !isEmpty(value) {
		e.put([]byte(name), value)
	}
}

// putSegmentContext adds what the context tells of browser and page.
func (e *Event) putSegmentContext(context []byte) {
	s := scanner{text: context}
	for name, more := s.first(); more; name, more = s.member() {
		value := s.value()
		switch string(name) {
		case "ip":
			e.putUnlessEmpty("$ip", value)
		case "userAgent":
			e.putUnlessEmpty("$raw_user_agent", value)
		case "page":
			if url, ok := descend(value, "url"); ok {
				e.putUnlessEmpty("$current_url", url)
			}
		case "library":
			if lib, ok := descend(value, "name"); ok {
				e.putUnlessEmpty("$lib", lib)
			}
		}
	}
}
