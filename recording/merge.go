package recording

// The events that join two persons, and the property that names the other id
// (capture protocol: $identify, $create_alias, $merge_dangerously).
const (
	Identify = "$identify"
	Alias    = "$create_alias"
	Merge    = "$merge_dangerously"

	anonymousID = "$anon_distinct_id"
	aliasID     = "alias"
)

// Joins returns the id that e joins to its distinct_id, appended to dst; nothing
// is appended by an event that joins none.
func (e *Event) Joins(dst []byte) []byte {
	property := ""
	switch string(e.Name) {
	case Identify:
		property = anonymousID
	case Alias, Merge:
		property = aliasID
	default:
		return dst
	}
	s := scanner{text: e.Properties}
	for name, more := s.first(); more; name, more = s.member() {
		if value := s.value(); string(name) == property {
			return appendText(dst, value)
		}
	}
	return dst
}
