package source

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/results"
)

// TestBreakdown: what is counted from a ledger is what stands in the bodies that were sent.
func TestBreakdown(t *testing.T) {
	t.Parallel()
	s := parse(t, `
name: projects
load: {profile: "const(4000, 1s)"}
target: {compression: none}
batching: {events: 10, bytes: 1kB}
traffic:
  tokens: [{token: phc_one, weight: 3}, {token: phc_two}]
  events: {a: {from: server}, b: 2, $identify: 0.5}
`)
	ledger := []results.Range{
		{First: 3, Count: 1200, Fate: capture.FateAccepted}, {First: 1203, Count: 7, Fate: capture.FateRejected},
		{First: 1300, Count: 55, Fate: capture.FateMayBeStored}, {First: 2000, Count: 1, Fate: capture.FateAmbiguous},
		{First: 3990, Count: 10, Fate: capture.FateUnsent},
	}
	fates := map[int64]capture.Fate{}
	for _, r := range ledger {
		for i := range r.Count {
			fates[r.First+i] = r.Fate
		}
	}
	names, tokens := map[string]*results.Totals{}, map[string]*results.Totals{}
	count := func(in map[string]*results.Totals, name string, i int64) {
		fate, known := fates[i]
		if !known {
			return
		}
		if in[name] == nil {
			in[name] = &results.Totals{}
		}
		in[name].Count(fate, 1)
	}
	y, _ := NewSynth(s)
	w := body.NewBuilder(s, time.Unix(0, 0))
	for b := new(body.Batch); !errors.Is(y.Next(b), io.EOF); b.Reset() {
		y.Build(b, w)
		i := b.First
		for part := b; part != nil; part = part.Overflow {
			var sent struct {
				Key   string                   `json:"api_key"`
				Batch []struct{ Event string } `json:"batch"`
			}
			if err := json.Unmarshal(part.Body, &sent); err != nil {
				t.Fatal(err)
			}
			for _, e := range sent.Batch {
				count(names, e.Event, i)
				count(tokens, map[string]string{"phc_one": "token 1", "phc_two": "token 2"}[sent.Key], i)
				i++
			}
		}
	}
	o, err := Open(s, Part{})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	got, err := o.Breakdown(context.Background(), ledger)
	if err != nil {
		t.Fatal(err)
	}
	for what, rows := range map[string][]results.NamedTotals{"names": got.Names, "tokens": got.Tokens} {
		counted := map[string]*results.Totals{}
		for i := range rows {
			counted[rows[i].Name] = &rows[i].Totals
		}
		want := map[string]map[string]*results.Totals{"names": names, "tokens": tokens}[what]
		if diff := cmp.Diff(want, counted); diff != "" || len(want) < 2 {
			t.Errorf("%s (-sent +counted):\n%s", what, diff)
		}
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := o.Breakdown(ended, []results.Range{{Count: 4000}}); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
