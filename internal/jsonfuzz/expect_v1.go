package jsonfuzz

import "unicode/utf8"

// ExpectV1 reports whether v1 can read a body, and if so how many events it holds.
// What it only passes over may be anything that has the grammar of JSON.
func ExpectV1(body string) (events int, ok bool) {
	root, wrong := (&parser{text: body, lax: true}).parse()
	if wrong != "" || !batchV1.accepts(root) || !soundKeys(root) {
		return 0, false
	}
	got, _ := batchV1.members(root)
	return len(got["batch"].items), true
}

// strictly reads what is written of a value again, as a value that serde_json
// builds; nil if it cannot.
func strictly(raw string, depth int) *node {
	if !utf8.ValidString(raw) {
		return nil
	}
	n, wrong := (&parser{text: raw, depth: depth}).parse()
	if wrong != "" {
		return nil
	}
	return n
}

func soundText(n *node) bool {
	n = strictly(n.raw, 128)
	return n != nil && text(n)
}

// soundKeys reports whether the names of a struct's members can be built.
func soundKeys(n *node) bool {
	for _, raw := range n.rawKeys {
		if strictly(raw, 128) == nil {
			return false
		}
	}
	return true
}

// options may be any value; a body, its list and the event are around them.
func options(n *node) bool { return strictly(n.raw, 128-3) != nil }

func rawValue(n *node) bool { return utf8.ValidString(n.raw) }

var happeningV1 = shape{
	{[]string{"event"}, soundText, true, false},
	{[]string{"uuid"}, soundText, true, false},
	{[]string{"distinct_id"}, soundText, true, false},
	{[]string{"timestamp"}, soundText, true, false},
	{[]string{"session_id"}, optional(soundText), false, false},
	{[]string{"window_id"}, optional(soundText), false, false},
	{[]string{"options"}, options, false, true},
	{[]string{"properties"}, rawValue, false, true},
}

var batchV1 = shape{
	{[]string{"created_at"}, soundText, true, false},
	{[]string{"historical_migration"}, flag, false, false},
	{[]string{"capture_internal"}, optional(flag), false, false},
	{[]string{"batch"}, listOf(func(n *node) bool { return happeningV1.accepts(n) && soundKeys(n) }), true, false},
}
