package anonymize

import (
	"bytes"

	"rehearse/internal/capture"
)

// how says how a text is masked.
type how int

const (
	asText    how = iota
	asID          // of a person or a group
	asSession     // of a visit
	asName        // of a property: it stays what it is where it stands as a name
	asGroups      // the members' values are ids
)

// howOf is how the value of a property is masked.
func howOf(property []byte) how {
	switch string(property) {
	case "$groups":
		return asGroups
	case "$unset", "$active_feature_flags", "$feature_flag":
		return asName
	case "$session_id", "$window_id", "$pageview_id", "$prev_pageview_id":
		return asSession
	case "distinct_id", "$anon_distinct_id", "alias", "$device_id", "$user_id", "$group_key",
		"$group_0", "$group_1", "$group_2", "$group_3", "$group_4",
		"user_id", "userId", "anonymous_id", "anonymousId", "device_id", "deviceId", "distinctId", "group_id",
		"groupId":
		return asID
	}
	return asText
}

// quote appends a text masked, as a JSON string. A text that is the event's own
// distinct_id is one wherever it stands.
func (w *walker) quote(dst, text []byte, how how) []byte {
	w.masked = w.masked[:0]
	switch {
	case how == asID, len(text) >= fewestOwn && bytes.Equal(text, w.own):
		w.masked = w.appendID(w.masked, text)
	case how == asName && w.isPlain(text):
		w.masked = append(w.masked, text...)
	case how == asSession && isUUID(text):
		w.masked = w.appendSession(w.masked, text)
	case isUUID(text):
		w.masked = w.appendID(w.masked, text)
	case isAddress(text):
		w.masked = w.appendAddress(w.masked, text)
	default:
		w.masked = w.appendText(w.masked, text)
	}
	return capture.AppendString(dst, w.masked)
}

// fewestOwn is how long a distinct_id must be for the same text elsewhere to be taken
// for it.
const fewestOwn = 3

// isPlain reports whether the name of a property may stay: it looks like one that a
// programmer chose, and the event's distinct_id is no part of it.
func (w *walker) isPlain(name []byte) bool { return isName(name) && !holds(name, w.own) }

// holds reports whether a name has an id in it, as a word.
func holds(name, id []byte) bool {
	for at := 0; len(id) >= fewestOwn; {
		i := bytes.Index(name[at:], id)
		if i < 0 {
			break
		}
		at += i
		if end := at + len(id); (at == 0 || !isLetter(name[at-1])) && (end == len(name) || !isLetter(name[end])) {
			return true
		}
		at++
	}
	return false
}

// isLetter reports whether a byte is part of a word.
func isLetter(b byte) bool { return b-'0' <= 9 || b|0x20-'a' < 26 || b >= 0x80 }

// flagPrefix begins the property that tells the value of a feature flag.
const flagPrefix = "$feature/"

// isName reports whether the name of a member looks like one that a programmer
// chose, rather than like data: an address, a number, a sentence.
func isName(name []byte) bool {
	if len(name) > len(flagPrefix) && string(name[:len(flagPrefix)]) == flagPrefix {
		name = name[len(flagPrefix):]
	}
	digits := 0
	for i := range len(name) {
		switch b := name[i] | 0x20; {
		case name[i]-'0' <= 9:
			digits++
		case b-'a' <= 'z'-'a', name[i] == '_', name[i] == '$', name[i] == '-', name[i] == '.':
		default:
			return false
		}
	}
	return len(name) <= 64 && digits <= 4
}
