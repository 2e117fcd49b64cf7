package verify

import (
	"cmp"
	"encoding/json"
	"io"
	"slices"
)

// MostNamed is how many events of each kind are named; the others are counted.
const MostNamed = 1000

// Kind says what is to be told of an event.
type Kind string

// The kinds of events that are named.
const (
	KindLost       Kind = "lost"
	KindDuplicated Kind = "duplicated"
	KindTaken      Kind = "rejected_taken"
	KindOtherRun   Kind = "another_run"
	KindArrived    Kind = "settled_arrived"
	KindNotArrived Kind = "settled_not_arrived"
	KindDropped    Kind = "dropped"
	KindAltered    Kind = "altered"
	KindMisordered Kind = "misordered"
	KindSplit      Kind = "split"   // a merge whose ids are two persons'
	KindJoined     Kind = "joined"  // a merge whose person has ids of others
	KindMissing    Kind = "missing" // a merge of an id that has no person
	KindForeign    Kind = "foreign" // its uuid alone: it is somebody else's
)

// Named is an event that is named: a line of EventsFile.
type Named struct {
	Kind  Kind   `json:"kind"`
	Index *int64 `json:"index,omitempty"` // nil: it is not of the run
	UUID  string `json:"uuid"`

	Event      string  `json:"event,omitempty"`
	DistinctID string  `json:"distinct_id,omitempty"`
	Due        float64 `json:"due_ms,omitempty"`
	Sent       int64   `json:"sent,omitempty"`    // how often it may have been sent
	Seen       int64   `json:"seen,omitempty"`    // how often it is there
	Younger    *int64  `json:"younger,omitempty"` // the event of its distinct_id that came before it

	Altered []string `json:"altered,omitempty"` // columns and properties that are not as they were sent
}

// index is the number of the event, -1 for none.
func (n *Named) index() int64 {
	if n.Index == nil {
		return -1
	}
	return *n.Index
}

// named keeps events of each kind: those with the lowest numbers that it is told of, if
// it is told of them in order.
type named map[Kind][]Named

// full tells whether no more of a kind are kept.
func (n named) full(k Kind) bool { return len(n[k]) >= MostNamed }

// add keeps an event, if there is room.
func (n named) add(e Named) {
	if !n.full(e.Kind) {
		n[e.Kind] = append(n[e.Kind], e)
	}
}

// join takes over what another keeps.
func (n named) join(o named) {
	for kind, events := range o {
		all := append(n[kind], events...)
		slices.SortStableFunc(all, func(a, b Named) int { return cmp.Compare(a.index(), b.index()) })
		n[kind] = all[:min(len(all), MostNamed)]
	}
}

// write writes a line an event, kind by kind.
func (n named) write(out io.Writer) error {
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	kinds := make([]Kind, 0, len(n))
	for kind := range n {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		for i := range n[kind] {
			if err := lines.Encode(&n[kind][i]); err != nil {
				return err
			}
		}
	}
	return nil
}
