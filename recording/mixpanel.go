package recording

import (
	"bytes"
	"encoding/binary"

	"github.com/zeebo/xxh3"
)

// mixpanel reads Mixpanel's raw export: {"event", "properties": {"time",
// "distinct_id", "$insert_id", …}}. The mapping is that of PostHog's managed
// migrations (batch-import-worker, parse/content/mixpanel). There, an event without
// a distinct_id gets one of its own, as here: its uuid.
type mixpanel struct{ clock *clock }

func (d mixpanel) decode(l line, _ int64, e *Event) Reason {
	s := l.scan()
	var m mixpanelLine
	e.open()
	s.enter()
	for name, more := s.member(); more; name, more = s.member() {
		switch {
		case string(name) == "event":
			e.setName(s.value())
		case string(name) == "properties" && s.kind() == '{':
			s.enter()
			for name, more := s.member(); more; name, more = s.member() {
				m.take(name, s.value(), e, d.clock)
			}
		default:
			s.value()
		}
	}
	if !s.sound() {
		return unsound(&s)
	}
	e.close()
	if string(e.Name) == "$mp_web_page_view" {
		e.rename("$pageview")
	}
	e.setID(m.distinctID())
	e.UUID = derive(mixpanelIdentity(e, m.insertID))
	e.ownIDIfNone()
	return ""
}

// mixpanelLine is where the parts of one line lie.
type mixpanelLine struct{ id, before, insertID []byte }

// take notes one of the properties, among which Mixpanel keeps everything, and
// writes it if it is one in PostHog as well.
func (m *mixpanelLine) take(name, value []byte, e *Event, c *clock) {
	switch string(name) {
	case "time":
		e.setTime(c, value)
	case "distinct_id":
		m.id = value
	case "$distinct_id_before_identity":
		m.before = value
	case "$insert_id":
		m.insertID = value
	case "$mp_api_endpoint", "$mp_api_timestamp_ms", "mp_processing_time_ms", "$geo_source":
	case "$city":
		e.put([]byte("$geoip_city_name"), value)
	case "$region":
		e.put([]byte("$geoip_subdivision_1_name"), value)
	case "mp_country_code":
		e.put([]byte("$geoip_country_code"), value)
	default:
		e.put(name, value)
	}
}

// distinctID is the id, or the one before the user was known where that tells more:
// where there is none, or it stands for a device, which begins with $device: or has no
// other characters than A to Z, digits and dashes (get_distinct_id of that worker).
// What is no text counts for nothing there.
func (m *mixpanelLine) distinctID() []byte {
	if len(m.before) == 0 || m.before[0] != '"' {
		return m.id
	}
	if isEmpty(m.id) || bytes.HasPrefix(m.id, []byte(`"$device:`)) || isDevice(m.id) {
		return m.before
	}
	return m.id
}

// mixpanelIdentity hashes what Mixpanel deduplicates by: event, distinct_id, time
// and $insert_id.
func mixpanelIdentity(e *Event, insertID []byte) xxh3.Uint128 {
	var buffer [512]byte
	text := append(append(buffer[:0], e.Name...), 0)
	text = append(append(text, e.DistinctID...), 0)
	text = binary.LittleEndian.AppendUint64(text, uint64(e.Time.UnixNano()))
	return xxh3.Hash128(append(text, insertID...))
}

// isDevice reports whether a text has the characters of a device's id alone.
func isDevice(value []byte) bool {
	for _, b := range unquoted(value) {
		if b-'A' > 'Z'-'A' && b-'0' > 9 && b != '-' {
			return false
		}
	}
	return true
}
