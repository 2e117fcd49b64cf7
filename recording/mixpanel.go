package recording

import (
	"bytes"

	"github.com/zeebo/xxh3"
)

// mixpanel reads Mixpanel's raw export: {"event", "properties": {"time",
// "distinct_id", "$insert_id", …}}. The mapping is that of PostHog's managed
// migrations (batch-import-worker, parse/content/mixpanel).
type mixpanel struct{}

func (mixpanel) decode(line []byte, _ int64, e *Event) Reason {
	s := scanner{text: line}
	var properties []byte
	s.enter()
	for name, more := s.member(); more; name, more = s.member() {
		value := s.value()
		switch string(name) {
		case "event":
			e.setName(value)
		case "properties":
			properties = value
		}
	}
	if !s.sound() {
		return NotJSON
	}
	if string(e.Name) == "$mp_web_page_view" {
		e.rename("$pageview")
	}
	insertID := e.mixpanelProperties(properties)
	e.UUID = derive(mixpanelIdentity(e, insertID))
	return ""
}

// mixpanelProperties sets everything that Mixpanel keeps among the properties,
// and returns the identifier.
func (e *Event) mixpanelProperties(object []byte) (insertID []byte) {
	var id, before []byte
	e.open()
	s := scanner{text: object}
	for name, more := s.first(); more; name, more = s.member() {
		value := s.value()
		switch string(name) {
		case "time":
			e.Time, _ = ParseTime(value)
		case "distinct_id":
			id = value
		case "$distinct_id_before_identity":
			before = value
		case "$insert_id":
			insertID = value
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
	e.close()
	if !isEmpty(before) && (isEmpty(id) || bytes.HasPrefix(id, []byte(`"$device:`)) || isUpper(id)) {
		id = before
	}
	e.setID(id)
	return insertID
}

// mixpanelIdentity hashes what Mixpanel deduplicates by: event, distinct_id, time
// and $insert_id.
func mixpanelIdentity(e *Event, insertID []byte) xxh3.Uint128 {
	var h xxh3.Hasher
	h.Write(e.Name)
	h.Write([]byte{0})
	h.Write(e.DistinctID)
	h.Write([]byte{0})
	h.Write(e.Time.AppendFormat(nil, "2006-01-02T15:04:05.999999999"))
	h.Write(insertID)
	return h.Sum128()
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
