// Package storage works out what a run leaves in the databases behind a pipeline: ids of
// persons and what merges move, months that parts are written for, and what waits on the
// disks of the broker.
//
// Reading order: storage.go has what is told, persons.go and months.go how it is worked out.
package storage

import (
	"fmt"
	"math"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/text"
)

// Storage is what a run leaves behind it.
type Storage struct {
	Persons Persons `json:"persons"`
	Months  Months  `json:"months"`
	Broker  Broker  `json:"broker"`
	// when the quota of a project is used up, from the start of the run; null: it is not
	QuotaEnds *float64 `json:"quota_ends_s"`
}

// Persons is what becomes of the ids of persons.
type Persons struct {
	IDs   pipeline.IDSizes `json:"ids_per_person"` // of the persons that have more than one
	Moved pipeline.IDSizes `json:"ids_per_merge"`  // that one merge moves
	Limit int64            `json:"limit"`          // of that; 0: any number
	Async bool             `json:"async"`          // what becomes of merges beyond it: done later; else dead letters

	Beyond    int64 `json:"beyond_limit"`  // merges
	Overrides int64 `json:"override_rows"` // of person_distinct_id_overrides, one for each id that is moved
	// that came under these ids before: rewritten when the rows are squashed; at least, unless Exact
	Rewritten int64 `json:"rewrite_events"`
	Exact     bool  `json:"exact"` // every merge was looked at; else a sample
}

// Months are those of the events' times: ClickHouse keeps parts by month, and each insert
// writes one for every month that it touches.
type Months struct {
	All     int `json:"all"`      // different ones
	AMinute int `json:"a_minute"` // most that the events of a minute of the run touch
	Sorted  int `json:"sorted"`   // the same, if the events came in the order of their times
	// how far an event's time lies behind that of an earlier one, at most
	Behind float64 `json:"behind_s"`
}

// Broker is what waits at its worst.
type Broker struct {
	Of      string  `json:"of"`            // which queue; empty: none is known to wait
	Events  int64   `json:"events"`        // that wait
	Message int64   `json:"message_bytes"` // an average one, not compressed
	Bytes   int64   `json:"bytes"`         // of all that wait, on one replica of the topic
	At      float64 `json:"at_s"`          // when
}

// message is what the message of an event has beside what the event has in a body: the
// fields of the service around it, the escapes of its quotes, and the frame of Kafka.
const message = 350

// Waiting is what a queue holds at its worst, of events of so many bytes in a body.
func Waiting(of string, events, at, bytes float64) Broker {
	each := bytes + message
	return Broker{Of: of, Events: int64(math.Round(events)), Message: int64(each), Bytes: int64(events * each), At: at}
}

// Lines are the sentences of a report, each with a name; moment says when something is.
func (s *Storage) Lines(moment func(seconds float64) string) (lines [][2]string) {
	add := func(name, format string, args ...any) {
		lines = append(lines, [2]string{name, fmt.Sprintf(format, args...)})
	}
	if p := &s.Persons; p.Moved.Max > 0 {
		about, least := "about ", "at least "
		if p.Exact {
			about, least = "", ""
		}
		add("ids", "%s%s of a person whose ids were merged (p50), %s (p99), %s at most", about, text.Count(p.IDs.P50),
			text.Count(p.IDs.P99), text.Count(p.IDs.Max))
		add("merges", "a merge moves %s%s (p99), %s at most: %s", about, text.Plural(p.Moved.P99, "id"),
			text.Count(p.Moved.Max), p.limitText())
		add("overrides", "%s%s to squash, %s%s events to be rewritten for them", about,
			text.Plural(p.Overrides, "override row"), least, text.Count(p.Rewritten))
	}
	if m := &s.Months; m.All > 0 {
		words := text.Plural(int64(m.All), "month")
		if m.All > 1 {
			words += fmt.Sprintf(", %d of them in one minute of the run (%d if it were sorted by time)", m.AMinute,
				m.Sorted)
		}
		add("parts", "of %s", words)
	}
	if b := &s.Broker; b.Events > 0 {
		add("broker", "%s wait at the worst, %s: %s events of %s bytes, not compressed, for %s", text.Size(b.Bytes),
			moment(b.At), text.Count(b.Events), text.Count(b.Message), b.Of)
	}
	if s.QuotaEnds != nil {
		add("quota", "used up %s", moment(*s.QuotaEnds))
	}
	return lines
}

// limitText says what becomes of merges beyond the limit.
func (p *Persons) limitText() string {
	switch {
	case p.Limit == 0:
		return "no limit is known"
	case p.Beyond == 0:
		return "within the limit of " + text.Count(p.Limit)
	}
	become := "become dead letters: these persons are never joined"
	if p.Async {
		become = "are done later, from a topic of their own"
	}
	return fmt.Sprintf("%s are beyond the limit of %s and %s", text.Plural(p.Beyond, "merge"),
		text.Count(p.Limit), become)
}
