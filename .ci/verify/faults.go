package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"rehearse/internal/verify"
)

func hash(b []byte) uint64 { return xxh3.Hash(b) }

// faults are what is wrong with a stream, by events.
type faults struct {
	lost, altered int64
	doubled       []int64
	swap, undo    int64 // from which event on two change places, and a merge is undone
	others        int64 // events of another run
}

// plan spreads the faults over the events.
func plan(events int64) *faults {
	return &faults{
		lost: events / 8, altered: events / 5 * 2, doubled: []int64{777, events / 3, events - 2}, swap: events / 2,
		undo: events / 4, others: 1000,
	}
}

// check compares what was found with what was planted.
func (c *cast) check(r *verify.Result, s *stream) bool {
	want := map[verify.Kind][]int64{}
	f := c.faults
	if f != nil {
		want[verify.KindLost], want[verify.KindAltered] = []int64{f.lost}, []int64{f.altered}
		want[verify.KindDuplicated] = f.doubled
		want[verify.KindSplit] = []int64{s.persons.undone}
		if s.swapped >= 0 {
			want[verify.KindMisordered] = []int64{s.swapped}
		}
	}
	got, foreign, altered := names(r)
	good := true
	for _, kind := range []verify.Kind{verify.KindLost, verify.KindAltered, verify.KindDuplicated, verify.KindSplit,
		verify.KindMisordered, verify.KindJoined, verify.KindMissing, verify.KindOtherRun, verify.KindTaken} {
		if !slices.Equal(got[kind], want[kind]) {
			fmt.Printf("  WRONG: %s names %d, want %d\n", kind, got[kind], want[kind])
			good = false
		}
	}
	e := &r.Report
	lost, others := int64(0), int64(0)
	if f != nil {
		lost, others = 1, f.others
	}
	if p := e.Persons; f != nil && (p.Split != 1 || p.Joined != 0 || p.Missing != 0) {
		fmt.Printf("  WRONG: %+v\n", p)
		good = false
	}
	if e.Events.Accepted.Lost != lost || e.Events.Accepted.Present != s.total-lost || e.Rows.Foreign != others ||
		foreign != others || e.Content.Altered != int64(len(want[verify.KindAltered])) ||
		e.Rows.Duplicated != int64(len(want[verify.KindDuplicated])) ||
		f != nil && !slices.Equal(altered, []string{"properties." + s.property}) {
		fmt.Printf("  WRONG: %+v %+v %+v, altered %s\n", e.Events, e.Rows, e.Content, strings.Join(altered, ", "))
		good = false
	}
	if good {
		fmt.Printf("  found: %s\n", found(e))
	}
	return good
}

// found says what was found.
func found(r *verify.Report) string {
	line := fmt.Sprintf("%d lost, %d duplicated, %d altered, %d of other events", r.Events.Accepted.Lost,
		r.Events.Duplicated, r.Content.Altered, r.Rows.Foreign)
	if r.Order.Judged {
		line += fmt.Sprintf(", %d misordered", r.Order.Misordered)
	}
	if p := r.Persons; p != nil {
		line += fmt.Sprintf(", %d persons split, %d joined, %d ids missing after %d merges of %d ids", p.Split, p.Joined,
			p.Missing, p.Merges, p.IDs)
	}
	return line
}

// names are the events that are named, by kind, and what is altered of them.
func names(r *verify.Result) (all map[verify.Kind][]int64, foreign int64, altered []string) {
	all = map[verify.Kind][]int64{}
	var text bytes.Buffer
	if err := r.WriteEvents(&text); err != nil {
		fail(err)
	}
	for lines := bufio.NewScanner(&text); lines.Scan(); {
		var n verify.Named
		if err := json.Unmarshal(lines.Bytes(), &n); err != nil {
			fail(err)
		}
		if n.Kind == verify.KindForeign {
			foreign++
			continue
		}
		all[n.Kind] = append(all[n.Kind], *n.Index)
		altered = append(altered, n.Altered...)
	}
	return all, foreign, altered
}
