package generator

import (
	"time"

	"rehearse/capture"
	"rehearse/recording"
)

// records is a run of recorded events, their text in one buffer.
type records struct {
	text  []byte
	items []record
	skip  int // how many of them belong to an earlier batch
}

// record is one of them: where its parts end in the text, and what is no text.
type record struct {
	name, id, properties int
	at                   time.Time
	due                  time.Duration
	uuid                 capture.UUID
}

// add copies e.
func (r *records) add(e *recording.Event, due time.Duration, uuid capture.UUID) {
	item := record{at: e.Time, due: due, uuid: uuid}
	r.text = append(r.text, e.Name...)
	item.name = len(r.text)
	r.text = append(r.text, e.DistinctID...)
	item.id = len(r.text)
	r.text = append(r.text, e.Properties...)
	item.properties = len(r.text)
	r.items = append(r.items, item)
}

// at returns the i-th event with its name, distinct_id and properties, which
// alias the buffer.
func (r *records) at(i int64) (item *record, name, id, properties []byte) {
	k, start := int(i)+r.skip, 0
	if k > 0 {
		start = r.items[k-1].properties
	}
	item = &r.items[k]
	return item, r.text[start:item.name], r.text[item.name:item.id], r.text[item.id:item.properties]
}

// reset forgets the events and keeps the buffers.
func (r records) reset() records { return records{text: r.text[:0], items: r.items[:0]} }
