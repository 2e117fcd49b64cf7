package generator

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/staging"
)

// TestEarlyMergesAreSeen: the pipeline behind the endpoint finds as many events
// that came after the merge of their id as the scenario sent merges too early,
// and none where it sent none. Visits of one event make it one event a merge.
func TestEarlyMergesAreSeen(t *testing.T) {
	t.Parallel()
	for _, faults := range []string{"", "\n  faults: {merges_out_of_order: 5%}"} {
		synctest.Test(t, func(t *testing.T) {
			s := parse(t, `
name: early
load: {profile: "const(1000, 5s)"}
target: {connections: 1, compression: none}
traffic:
  seed: 5
  properties: {bytes: {p50: 1, p99: 1}}
  events: {tick: 80, $identify: 18, $create_alias: 2}`+faults)
			shape, err := source.Measure(s, time.Unix(0, 0), 0, 5000)
			if err != nil {
				t.Fatal(err)
			}
			want := int64(0)
			for _, f := range shape.Faults {
				want += int64(f.Measured)
			}
			if (faults != "") != (want > 0) {
				t.Fatalf("%d merges are early, with faults %q", want, faults)
			}
			r := stageRun{scenario: s}
			r.run(t)
			got := r.stats.Pipeline
			if got.Order.AfterMerge != want || got.Merges.Illegal+got.Merges.Identified > 0 {
				t.Errorf("%d events came after the merge of their id, want %d; %+v", got.Order.AfterMerge, want, got.Merges)
			}
		})
	}
}

// TestMergesKeepTheirOrder: the events of an anonymous id, the merge, and those of
// the user arrive in this order, for chains of merges too, at an endpoint that is
// much slower for some requests than for others.
func TestMergesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	at := 1767225600000
	line := func(name, id, more string) {
		at += 10
		fmt.Fprintf(&text, `{"e":%q,"d":%q,"t":%d,"properties":{%s}}`+"\n", name, id, at, more)
	}
	const families = 40
	step := func(i int) {
		anon, user, alias := fmt.Sprintf("anon-%d", i), fmt.Sprintf("user-%d", i), fmt.Sprintf("alias-%d", i)
		line("view", anon, "")
		line("$identify", user, fmt.Sprintf(`"$anon_distinct_id":%q`, anon))
		line("view", user, "")
		line("view", alias, "")
		line("$create_alias", user, fmt.Sprintf(`"alias":%q`, alias))
		line("view", alias, "")
	}
	for i := range families {
		step(i)
	}
	s := replayOf(t, "a", text.String(), "target: {connections: 8}\nbatching: {events: 1}\n")
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var order []string
		var decoder capture.Decoder
		r := stageRun{scenario: s, endpoint: staging.Config{
			Stall: staging.Stall{Every: 300 * time.Millisecond, For: 200 * time.Millisecond}, Delay: 25 * time.Millisecond,
			Observe: func(q *capture.Request, _ int) {
				mu.Lock()
				defer mu.Unlock()
				if got, err := decoder.Decode(q); err == nil {
					order = append(order, string(got.Events[0].Event)+" "+string(got.Events[0].DistinctID))
				}
			},
		}}
		r.run(t)
		r.balance(t)
		byFamily := map[string][]string{}
		for _, e := range order {
			family := e[strings.LastIndex(e, "-"):]
			byFamily[family] = append(byFamily[family], e)
		}
		for family, got := range byFamily {
			want := strings.ReplaceAll("view anon$ $identify user$ view user$ view alias$ $create_alias user$ view alias$", "$ ", family+" ")
			want = strings.TrimSuffix(want, "$") + family
			if strings.Join(got, " ") != want {
				t.Errorf("arrived as %v", got)
			}
		}
		if len(byFamily) != families {
			t.Errorf("%d families arrived", len(byFamily))
		}
	})
}
