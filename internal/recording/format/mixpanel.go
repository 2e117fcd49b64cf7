package format

import (
	"bytes"
	"encoding/binary"

	"github.com/zeebo/xxh3"
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
)

// mixpanel reads Mixpanel's raw export: {"event", "properties": {"time",
// "distinct_id", "$insert_id", …}}. The mapping is that of PostHog's managed
// migrations (batch-import-worker, parse/content/mixpanel). There, an event without
// a distinct_id gets one of its own, as here: its uuid.
type mixpanel struct{ clock *event.Clock }

func (d mixpanel) decode(l Line, _ int64, e *event.Event) event.Reason {
	s := l.Scan()
	var m mixpanelLine
	e.Open()
	s.Enter()
	for name, more := s.Member(); more; name, more = s.Member() {
		switch {
		case string(name) == "event":
			e.SetName(s.Value())
		case string(name) == "properties" && s.Kind() == '{':
			s.Enter()
			for name, more := s.Member(); more; name, more = s.Member() {
				m.take(name, s.Value(), e, d.clock)
			}
		default:
			s.Value()
		}
	}
	if !s.Sound() {
		return unsound(&s)
	}
	e.Close()
	if string(e.Name) == "$mp_web_page_view" {
		e.Rename("$pageview")
	}
	e.SetID(m.distinctID())
	e.UUID = event.Derive(mixpanelIdentity(e, m.insertID))
	e.OwnIDIfNone()
	return ""
}

// mixpanelLine is where the parts of one line lie.
type mixpanelLine struct{ id, before, insertID []byte }

// take notes one of the properties, among which Mixpanel keeps everything, and
// writes it if it is one in PostHog as well.
func (m *mixpanelLine) take(name, value []byte, e *event.Event, c *event.Clock) {
	switch string(name) {
	case "time":
		e.SetTime(c, value)
	case "distinct_id":
		m.id = value
	case "$distinct_id_before_identity":
		m.before = value
	case "$insert_id":
		m.insertID = value
	case "$mp_api_endpoint", "$mp_api_timestamp_ms", "mp_processing_time_ms", "$geo_source":
	case "$city":
		e.Put([]byte("$geoip_city_name"), value)
	case "$region":
		e.Put([]byte("$geoip_subdivision_1_name"), value)
	case "mp_country_code":
		e.Put([]byte("$geoip_country_code"), value)
	default:
		e.Put(name, value)
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
	if jsonscan.IsEmpty(m.id) || bytes.HasPrefix(m.id, []byte(`"$device:`)) || isDevice(m.id) {
		return m.before
	}
	return m.id
}

// mixpanelIdentity hashes what Mixpanel deduplicates by: event, distinct_id, time
// and $insert_id.
func mixpanelIdentity(e *event.Event, insertID []byte) xxh3.Uint128 {
	var buffer [512]byte
	text := append(append(buffer[:0], e.Name...), 0)
	text = append(append(text, e.DistinctID...), 0)
	text = binary.LittleEndian.AppendUint64(text, uint64(e.Time.UnixNano()))
	return xxh3.Hash128(append(text, insertID...))
}

// isDevice reports whether a text has the characters of a device's id alone.
func isDevice(value []byte) bool {
	for _, b := range event.Unquoted(value) {
		if b-'A' > 'Z'-'A' && b-'0' > 9 && b != '-' {
			return false
		}
	}
	return true
}
