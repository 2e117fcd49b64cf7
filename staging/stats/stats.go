// Package stats is endpoint.json: what an endpoint has counted, as it is written by
// package staging and read by the packages of results.
package stats

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/text"
)

// Format is the layout of endpoint.json.
const Format = "rehearse/stage/v1"

//go:embed stats.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of an Endpoint, and of the
// sum of several.
func Schema() []byte { return slices.Clone(schema) }

// Endpoint is what an endpoint has counted since it was made, as JSON the answer of
// GET /_rehearse/stats and endpoint.json in a run directory; or what several endpoints
// have, one for each shard of a run. Every event that could be told apart in a request to
// an event route is accepted, refused, filtered, dropped or returned.
type Endpoint struct {
	Format   string         `json:"format"`           // Format
	Joined   int            `json:"joined,omitempty"` // how many endpoints were added up; 0: it is one
	Requests []RequestCount `json:"requests"`
	Refusals []RefusalCount `json:"refusals"`
	Events   EventCounts    `json:"events"`
	Bytes    ByteCounts     `json:"bytes"`
	Names    []NameCount    `json:"names"`
	Verdicts []VerdictCount `json:"verdicts"` // what v1 said, event by event

	Pipeline pipeline.Stats `json:"pipeline"` // what became of the accepted events

	// OtherNames counts the accepted events whose name is none of Names: one
	// seen after the first 1,000, or longer than 200 bytes.
	OtherNames int64 `json:"other_names"`

	// Checksum is the sum over the accepted events of a hash of uuid, name,
	// distinct_id and raw properties, as 16 hexadecimal digits. It does not
	// depend on order, batches or timestamps.
	Checksum string `json:"checksum"`
}

// RequestCount counts the requests to a route that got the same status. Status 0
// is a connection that was closed instead of an answer.
type RequestCount struct {
	Route    string `json:"route"` // without trailing slash
	Status   int    `json:"status"`
	Requests int64  `json:"requests"`
}

// RefusalCount counts the requests that were refused with the same text, and the
// events that they were seen to carry. After the first 100 different texts the
// rest is counted as status 0, "other".
type RefusalCount struct {
	Status   int    `json:"status"`
	Text     string `json:"text"`
	Requests int64  `json:"requests"`
	Events   int64  `json:"events"`
}

// EventCounts counts events by what became of them. Filtered ones were dropped
// with a 200, as the service drops $performance_event; v1 says so of each event
// that it dropped, or returned to be sent again.
type EventCounts struct {
	Accepted int64 `json:"accepted"`
	Refused  int64 `json:"refused"`
	Filtered int64 `json:"filtered"`
	Dropped  int64 `json:"dropped"`
	Returned int64 `json:"returned"`
	Lost     int64 `json:"lost"` // answered yes, and dropped: a script asked for it

	// Stored are those of the refused ones that were stored all the same: the sink
	// takes the events of a request in order, and stops at the first that fails.
	Stored int64 `json:"stored"`
}

// ByteCounts counts the bytes of bodies: all as they travelled, and those of
// accepted requests once decompressed.
type ByteCounts struct {
	Wire  int64 `json:"wire"`
	Plain int64 `json:"plain"`
}

// NameCount counts the accepted events of one name.
type NameCount struct {
	Name   string `json:"name"`
	Events int64  `json:"events"`
}

// VerdictCount counts the events of which v1 said the same.
type VerdictCount struct {
	Result string `json:"result"`
	Detail string `json:"detail"`
	Events int64  `json:"events"`
}

// Parse reads the text of an endpoint.json. The error says if it has another format.
func Parse(data []byte) (*Endpoint, error) {
	var e Endpoint
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, err
	}
	if e.Format != Format {
		return nil, fmt.Errorf("its format is %q, and only %q is known", text.Printable(e.Format, 40), Format)
	}
	return &e, nil
}

// MarshalJSON writes e. Of a sum it leaves out how the pipelines fared: a bucket, a
// partition, an order and a merge that each saw a part of the load are not those of a
// pipeline that sees it all.
func (e Endpoint) MarshalJSON() ([]byte, error) {
	type plain Endpoint
	if e.Joined == 0 {
		return json.Marshal(plain(e))
	}
	type sums struct {
		OverQuota int64 `json:"over_quota"`
		Dropped   int64 `json:"dropped,omitempty"`
	}
	return json.Marshal(struct {
		plain
		Pipeline sums `json:"pipeline"`
	}{plain(e), sums{e.Pipeline.OverQuota, e.Pipeline.Dropped}})
}

// Add adds what another endpoint counted: what was asked of it, and what it answered.
// A sum has the checksum of all events, for a checksum is one over events in any order.
func (e *Endpoint) Add(one *Endpoint) (err error) {
	e.Joined++
	e.Events.add(&one.Events)
	e.Bytes.Wire += one.Bytes.Wire
	e.Bytes.Plain += one.Bytes.Plain
	e.Requests = addRows(e.Requests, one.Requests, func(r *RequestCount) (RequestCount, []*int64) {
		return RequestCount{Route: r.Route, Status: r.Status}, []*int64{&r.Requests}
	})
	e.Refusals = addRows(e.Refusals, one.Refusals, func(r *RefusalCount) (RefusalCount, []*int64) {
		return RefusalCount{Status: r.Status, Text: r.Text}, []*int64{&r.Requests, &r.Events}
	})
	e.Names = addRows(e.Names, one.Names, func(r *NameCount) (NameCount, []*int64) {
		return NameCount{Name: r.Name}, []*int64{&r.Events}
	})
	e.Verdicts = addRows(e.Verdicts, one.Verdicts, func(r *VerdictCount) (VerdictCount, []*int64) {
		return VerdictCount{Result: r.Result, Detail: r.Detail}, []*int64{&r.Events}
	})
	e.Pipeline.OverQuota += one.Pipeline.OverQuota
	e.Pipeline.Dropped += one.Pipeline.Dropped
	e.OtherNames += one.OtherNames
	e.Checksum, err = AddSums(e.Checksum, one.Checksum)
	return err
}

// add adds others to c.
func (c *EventCounts) add(one *EventCounts) {
	c.Accepted += one.Accepted
	c.Refused += one.Refused
	c.Filtered += one.Filtered
	c.Dropped += one.Dropped
	c.Returned += one.Returned
	c.Lost += one.Lost
	c.Stored += one.Stored
}

// AddSums adds two checksums, each in hexadecimal digits; the empty one is zero.
func AddSums(a, b string) (string, error) {
	var sum uint64
	if a != "" {
		var err error
		if sum, err = strconv.ParseUint(a, 16, 64); err != nil {
			return "", err
		}
	}
	more, err := strconv.ParseUint(b, 16, 64)
	if err != nil {
		return "", fmt.Errorf("its checksum is not one: %w", err)
	}
	return fmt.Sprintf("%016x", sum+more), nil
}

// addRows adds rows to those that count the same. split tells what a row counts,
// the row without its counts, and where the counts are.
func addRows[R comparable](all, more []R, split func(*R) (kind R, counts []*int64)) []R {
	at := map[R]int{}
	for i := range all {
		kind, _ := split(&all[i])
		at[kind] = i
	}
	if all == nil {
		all = []R{}
	}
	for i := range more {
		kind, counts := split(&more[i])
		k, known := at[kind]
		if !known {
			at[kind] = len(all)
			all = append(all, more[i])
			continue
		}
		_, into := split(&all[k])
		for j, n := range counts {
			*into[j] += *n
		}
	}
	return all
}
