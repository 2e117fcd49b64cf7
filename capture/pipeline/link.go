package pipeline

import "github.com/tidwall/gjson"

// Link returns the id that an event of a name joins to its distinct_id, as its
// properties have it; nil if it joins none.
func Link(name, properties []byte) []byte {
	member := ""
	switch string(name) {
	case "$identify":
		member = "$anon_distinct_id"
	case "$create_alias", "$merge_dangerously":
		member = "alias"
	default:
		return nil
	}
	if id := gjson.GetBytes(properties, member); id.Type == gjson.String {
		return []byte(id.Str)
	}
	return nil
}
