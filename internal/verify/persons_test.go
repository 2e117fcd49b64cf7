package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tidwall/gjson"

	"rehearse/scenario"
)

// people are the persons of a run's ids by a naive reading of its events: sets of ids
// that are poured together.
type people struct {
	of         map[string]int // by id
	ids        map[int][]string
	identified map[int]bool
	mergedIDs  map[string]bool
}

// peopleOf follows the merges of some rows.
func peopleOf(rows []Row) *people {
	p := &people{
		of:         map[string]int{},
		ids:        map[int][]string{},
		identified: map[int]bool{},
		mergedIDs:  map[string]bool{},
	}
	for _, r := range rows {
		anon := gjson.GetBytes(r.Properties, "$anon_distinct_id").Str
		if string(r.Name) == "$create_alias" || string(r.Name) == "$merge_dangerously" {
			anon = gjson.GetBytes(r.Properties, "alias").Str
		} else if string(r.Name) != "$identify" {
			anon = ""
		}
		id := string(r.DistinctID)
		target := p.person(id)
		if anon == "" {
			continue
		}
		source := p.person(anon)
		p.mergedIDs[id], p.mergedIDs[anon] = true, true
		if target == source || p.identified[source] && string(r.Name) != "$merge_dangerously" {
			continue
		}
		for _, moved := range p.ids[source] {
			p.of[moved] = target
		}
		p.ids[target] = append(p.ids[target], p.ids[source]...)
		p.identified[target] = true
	}
	return p
}

func (p *people) person(id string) int {
	if n, known := p.of[id]; known {
		return n
	}
	n := len(p.of) + 1
	p.of[id], p.ids[n] = n, []string{id}
	return n
}

// rows are the table of ids and persons.
func (p *people) rows() (rows []Row) {
	for id, person := range p.of {
		rows = append(rows, Row{Unusable: NoUUID, DistinctID: []byte(id), Person: fmt.Appendf(nil, "p%d", person)})
	}
	slices.SortFunc(rows, func(a, b Row) int { return bytes.Compare(a.DistinctID, b.DistinctID) })
	return rows
}

// holdPersons holds persons against the run, too.
func (p *planted) holdPersons(t *testing.T, rows []Row, end error) *Result {
	t.Helper()
	table := (&planted{rows: rows}).source(end)
	r, err := Hold(context.Background(), context.Background(), p.run, p.source(nil),
		Options{Thresholds: demands(t, "split == 0", "joined == 0", "missing == 0"), Persons: table})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func demands(t *testing.T, texts ...string) (all []Threshold) {
	t.Helper()
	for _, text := range texts {
		d, err := scenario.ParseArrival(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	return all
}

// TestPersons: persons that are as the merges make them pass; each that is not is found
// and named.
func TestPersons(t *testing.T) {
	t.Parallel()
	const merges = "merges: {chains: 10%, fan_in: 5%, reused: 5%}"
	t.Run("synthesized", func(t *testing.T) { t.Parallel(); testPersons(t, plant(t, load(t, 40_000, merges))) })
	t.Run("replayed", func(t *testing.T) { t.Parallel(); testPersons(t, plant(t, load(t, 40_000, merges)).replay()) })
}

func testPersons(t *testing.T, p *planted) {
	who := peopleOf(p.rows)
	clean := p.holdPersons(t, who.rows(), nil)
	got := clean.Report.Persons
	if got.Split != 0 || got.Joined != 0 || got.Missing != 0 || got.IDs != int64(len(who.mergedIDs)) ||
		got.Judged != got.IDs || got.Merges == 0 || clean.Report.Verdict != Pass {
		t.Fatalf("persons: %+v of %d ids, named %v", got, len(who.mergedIDs), clean.named)
	}

	// A merge is undone: its anonymous id is a person of its own.
	var merges []int
	for i := range p.rows {
		if anon := gjson.GetBytes(p.rows[i].Properties, "$anon_distinct_id").Str; anon != "" &&
			string(p.rows[i].Name) == "$identify" && who.of[anon] == who.of[string(p.rows[i].DistinctID)] {
			merges = append(merges, i)
		}
	}
	change := func(rows []Row, id, person string) []Row {
		for i := range rows {
			if string(rows[i].DistinctID) == id {
				rows[i].Person = []byte(person)
			}
		}
		return rows
	}
	i := merges[len(merges)/2]
	anon := gjson.GetBytes(p.rows[i].Properties, "$anon_distinct_id").Str
	undone := p.holdPersons(t, change(who.rows(), anon, "another"), nil)
	if got := undone.Report.Persons; got.Split != 1 || got.Joined != 0 || got.Missing != 0 ||
		undone.Report.Verdict != Fail {
		t.Errorf("a merge is undone: %+v", got)
	}
	if names := undone.names(KindSplit); !slices.Contains(names, int64(i)) {
		t.Errorf("a merge is undone: %v are named, want %d", names, i)
	}

	// Two persons are one.
	one, another := who.of[string(p.rows[merges[0]].DistinctID)], ""
	for _, k := range merges {
		if id := string(p.rows[k].DistinctID); who.of[id] != one {
			another = id
		}
	}
	other := who.of[another]
	rows := who.rows()
	for _, id := range who.ids[other] {
		if who.of[id] == other {
			rows = change(rows, id, fmt.Sprintf("p%d", one))
		}
	}
	joined := p.holdPersons(t, rows, nil)
	if got := joined.Report.Persons; got.Joined != 1 || got.Split != 0 || len(joined.named[KindJoined]) == 0 {
		t.Errorf("two persons are one: %+v, named %v", got, joined.named[KindJoined])
	}

	// An id has no person, or lost it.
	rows = slices.DeleteFunc(who.rows(), func(r Row) bool { return string(r.DistinctID) == anon })
	rows = append(rows, Row{DistinctID: []byte(another), Person: []byte("x"), Version: 2, Deleted: true})
	gone := p.holdPersons(t, rows, nil)
	if got := gone.Report.Persons; got.Missing != 2 || got.Split != 0 ||
		!slices.Contains(gone.names(KindMissing), int64(i)) {
		t.Errorf("ids without a person: %+v, named %v", got, gone.names(KindMissing))
	}

	// A merge that is lost joins nobody.
	lost := *p
	lost.rows = slices.Delete(slices.Clone(p.rows), i, i+1)
	fewer := lost.holdPersons(t, peopleOf(lost.rows).rows(), nil)
	if got := fewer.Report.Persons; got.Split != 0 || got.Joined != 0 || got.Missing != 0 ||
		fewer.Report.Events.Accepted.Lost != 1 {
		t.Errorf("a merge is lost: %+v", got)
	}

	// What cannot be read to its end says nothing.
	broken := p.holdPersons(t, who.rows()[:10], errors.New("it breaks off"))
	if got := broken.Report; got.Persons.Complete || got.Persons.Missing != 0 || got.Verdict != Invalid {
		t.Errorf("a table that breaks off: %+v, %s", got.Persons, got.Verdict)
	}
}
