package format

import (
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
)

import "bytes"

// amplitude reads Amplitude's export. The mapping is that of PostHog's managed
// migrations (batch-import-worker, parse/content/amplitude): session_start is dropped,
// page views and element events get PostHog's names, the user is user_id, else
// device_id, else an id of the event's own. The first time a device is seen with a
// user, an $identify that names it goes before (amplitude/identify). An event without
// an event_type is no event there.
type amplitude struct{ clock *event.Clock }

func (d amplitude) decode(l Line, seed int64, e *event.Event) event.Reason {
	var a amplitudeLine
	s := l.Scan()
	e.Open()
	s.Enter()
	for name, more := s.Member(); more; name, more = s.Member() {
		a.take(name, s.Value(), e)
	}
	if !s.Sound() {
		return unsound(&s)
	}
	e.SetName(a.kind)
	switch string(e.Name) {
	case "session_start":
		return event.Unmapped
	case "[Amplitude] Page Viewed":
		e.Rename("$pageview")
	case "[Amplitude] Element Clicked", "[Amplitude] Element Changed":
		e.Rename("$autocapture")
	}
	e.SetID(firstOf(a.user, a.device))
	if a.user != nil {
		e.Former = jsonscan.AppendText(e.Former[:0], a.device)
	}
	e.SetTime(d.clock, firstOf(a.time, a.clientTime, a.serverTime))
	e.PutAll(a.event)
	putAmplitudeUser(e, a.person)
	e.Close()
	e.Identify(firstOf(a.uuid, a.insert), l.Text, seed)
	e.OwnIDIfNone()
	return ""
}

// amplitudeLine is where the parts of one line lie.
type amplitudeLine struct {
	kind, user, device, uuid, insert, event, person []byte
	time, clientTime, serverTime                    []byte
}

// take notes one member of a line, and writes what becomes a property as it is.
func (a *amplitudeLine) take(name, value []byte, e *event.Event) {
	if jsonscan.IsEmpty(value) {
		return
	}
	switch string(name) {
	case "event_type":
		a.kind = value
	case "user_id":
		a.user = value
	case "device_id":
		a.device = value
		e.Put([]byte("$device_id"), value)
	case "uuid":
		a.uuid = value
	case "$insert_id":
		a.insert = value
	case "event_time":
		a.time = value
	case "client_event_time":
		a.clientTime = value
	case "server_received_time":
		a.serverTime = value
	case "event_properties":
		a.event = value
	case "user_properties":
		a.person = value
	default:
		if renamed := amplitudeProperty(name); renamed != "" {
			e.Put([]byte(renamed), value)
		}
	}
}

// amplitudeProperty is PostHog's name for a member that becomes a property.
func amplitudeProperty(name []byte) string {
	switch string(name) {
	case "os_name":
		return "$browser"
	case "os_version":
		return "$browser_version"
	case "device_type":
		return "$os"
	case "ip_address":
		return "$ip"
	case "city":
		return "$geoip_city_name"
	case "region":
		return "$geoip_subdivision_1_name"
	case "country":
		return "$geoip_country_name"
	}
	return ""
}

// putAmplitudeUser writes the user's properties: initial_… were set once, the
// others each time. "EMPTY" is how Amplitude writes that there was none.
func putAmplitudeUser(e *event.Event, object []byte) {
	const initial = "initial_"
	for _, group := range [...]struct {
		name string
		once bool
	}{{"$set", false}, {"$set_once", true}} {
		e.PutObject(group.name, func() {
			s := jsonscan.Scanner{Text: object}
			for name, more := s.First(); more; name, more = s.Member() {
				value := s.Value()
				once := bytes.HasPrefix(name, []byte(initial))
				if once == group.once && string(value) != `"EMPTY"` {
					e.Put(name, value)
				}
			}
		})
	}
}

// firstOf returns the first value that says something.
func firstOf(values ...[]byte) []byte {
	for _, v := range values {
		if !jsonscan.IsEmpty(v) {
			return v
		}
	}
	return nil
}
