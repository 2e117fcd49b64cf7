package event

import (
	"bytes"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
)

// Reason says why a line did not become an event that is sent. The empty one
// says that it did.
type Reason string

// Why lines are left out because of what they are: these are quarantined.
const (
	NotJSON    Reason = "not a JSON object"
	Unreadable Reason = "JSON that PostHog cannot read: half a character, or a number or a nesting beyond its bounds"
	NotUTF8    Reason = "not UTF-8"
	TooLong    Reason = "longer than 32 MiB"
	NotARow    Reason = "not a row of the table"
	NotLogged  Reason = "not a line of an access log"
	NoName     Reason = "no event name"
	NoID       Reason = "no distinct_id"
	IllegalID  Reason = "an illegal distinct_id"
	NoTime     Reason = "no time"
	NoList     Reason = "no list of events"
	TooLarge   Reason = "larger than an event may be"
	NotRequest Reason = "not a request that can be sent"
	Refused    Reason = "a request that the endpoint refuses"
	CutOff     Reason = "a request that breaks off"
	NoBody     Reason = "a request whose body was not recorded"
	BrokenBody Reason = "a request whose body was recorded as a text that it is not"
)

// Why lines are left out because a person asked for it, or because they were never
// meant to be events: these are counted only.
const (
	Unmapped  Reason = "a kind of event that the format's mapping drops"
	EmptyList Reason = "a line whose list of events is empty"
	NoEvents  Reason = "a request that posts no events"
	Manifest  Reason = "a list of files, as exports write one beside them"
	OutOfTime Reason = "outside of the window"
	Unsampled Reason = "not in the sample"
	NoRoom    Reason = "the profile is over"
)

// Chosen reports whether the reason is no fault of the line.
func (r Reason) Chosen() bool {
	switch r {
	case Unmapped, EmptyList, NoEvents, Manifest, OutOfTime, Unsampled, NoRoom:
		return true
	}
	return false
}

// hint says what to do about lines that are left out for this reason; empty: nothing.
func (r Reason) Hint() string {
	switch r {
	case NotJSON:
		return "replay.format says what the lines are"
	case Unreadable:
		return "one event like that makes it refuse a whole batch, so mend the export before the import"
	case NotLogged:
		return "replay.fields.columns with separator: blank reads logs of other layouts"
	case NotUTF8:
		return "make it UTF-8, as in iconv -t UTF-8"
	case NotARow:
		return "replay.fields.separator and columns say how rows are laid out"
	case NoName:
		return "replay.fields.event names the member that is the name, or {constant: …} gives one"
	case NoID:
		return "replay.fields.distinct_id names the member, or several of which the first that is there counts"
	case NoTime:
		return "replay.fields.timestamp names the member, " +
			"time_format how it is written (as in %d/%m/%Y %H:%M:%S), time_unit what a number counts"
	case NoList:
		return "replay.fields.each is the path to a list of objects"
	case IllegalID, TooLarge:
		return "the pipeline would drop it"
	case NoBody, BrokenBody:
		return "record with bodies, those that are no text as base64"
	}
	return ""
}

// judge says what is wrong with an event that was mapped. The pipeline drops some
// of these only behind its endpoint, after it has answered 200: a replay would
// count them as accepted, and they would be missing.
func (e *Event) Judge() Reason {
	switch {
	case len(e.Name) == 0:
		return NoName
	case len(bytes.TrimSpace(e.DistinctID)) == 0:
		return NoID
	case pipeline.Illegal(e.DistinctID):
		return IllegalID
	case e.Time.IsZero():
		return NoTime
	case e.isTooLarge():
		return TooLarge
	}
	return ""
}

// mostQuoted is what a byte of a name becomes at most when it is quoted, and mostFrame
// what stands around the parts of an event, in bytes.
const mostQuoted, mostFrame = 6, 256

// isTooLarge reports whether the Kafka message that e becomes is over the limit. Most
// are far from it whatever they are made of.
func (e *Event) isTooLarge() bool {
	most := mostQuoted*(len(e.Name)+len(e.DistinctID)) + len(e.Properties) + mostFrame
	if !capture.MayExceed(most, capture.MaxEvent) {
		return false
	}
	event := capture.Event{Name: e.Name, DistinctID: e.DistinctID, UUID: e.UUID,
		Timestamp: e.Time, Properties: e.Properties}
	return capture.MayExceed(capture.EventSize(&event), capture.MaxEvent) &&
		capture.MessageSize(&event) > capture.MaxEvent
}
