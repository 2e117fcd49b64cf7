package event

import "rehearse/internal/capture/pipeline"

// The events that join two persons, and the property that names the other id
// (capture protocol: $identify, $create_alias, $merge_dangerously).
const (
	Identify = "$identify"
	Alias    = "$create_alias"
	Merge    = "$merge_dangerously"

	AnonymousID = "$anon_distinct_id"
)

// Joins returns the id that e joins to its distinct_id, appended to dst; nothing
// is appended by an event that joins none.
func (e *Event) Joins(dst []byte) []byte {
	id, _ := pipeline.AppendLink(dst, e.Name, e.Properties)
	return id
}
