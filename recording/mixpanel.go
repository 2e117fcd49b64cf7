package recording

import (
	"bytes"
	"encoding/binary"

	"github.com/zeebo/xxh3"

	"rehearse/capture"
)

// mixpanel reads Mixpanel's raw export: {"event", "properties": {"time",
// "distinct_id", "$insert_id", …}}. The mapping is that of PostHog's managed
// migrations (batch-import-worker, parse/content/mixpanel). There, an event without
// a distinct_id gets one of its own, as here: its uuid.
type mixpanel struct{ clock *clock }

func (d mixpanel) decode(line []byte, _ int64, e *Event) Reason {
	s := scanner{text: line}
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
		return NotJSON
	}
	e.close()
	if string(e.Name) == "$mp_web_page_view" {
		e.rename("$pageview")
	}
	e.setID(m.distinctID())
	e.UUID = derive(mixpanelIdentity(e, m.insertID))
	if e.ownID = len(e.DistinctID) == 0; e.ownID {
		e.id = capture.AppendUUID(e.id[:0], e.UUID)
		e.DistinctID = e.id
	}
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

// distinctID is the id, or the one before the user was known where that tells
// more.
func (m *mixpanelLine) distinctID() []byte {
	if !isEmpty(m.before) && (isEmpty(m.id) || bytes.HasPrefix(m.id, []byte(`"$device:`)) || isUpper(m.id)) {
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

// isUpper reports whether a text is all capitals, as an opted-out user's id is.
func isUpper(value []byte) bool {
	letters := 0
	for _, b := range value {
		if 'a' <= b && b <= 'z' {
			return false
		}
		if 'A' <= b && b <= 'Z' {
			letters++
		}
	}
	return letters > 0
}
