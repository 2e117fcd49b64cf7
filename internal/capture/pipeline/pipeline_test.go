package pipeline

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// TestMurmur2 holds to the vectors of Kafka's own test (UtilsTest.testMurmur2).
func TestMurmur2(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]int32{
		"21":                         -973932308,
		"foobar":                     -790332482,
		"a-little-bit-long-string":   -985981536,
		"a-little-bit-longer-string": -1486304829,
		"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
		"abc": 479470107,
	} {
		if got := int32(HashKey([]byte(key))); got != want {
			t.Errorf("%q: %d, want %d", key, got, want)
		}
	}
	if got := Partition([]byte("21"), 64); got != int((-973932308)&0x7fffffff)%64 {
		t.Errorf("partition %d", got)
	}
}

// changed is a pipeline of today with some facts changed.
func changed(change func(*Facts)) Config {
	f, err := Published(Release202611)
	if err != nil {
		panic(err)
	}
	change(f)
	return Config{Facts: f}
}

// keyless is today's without a global limit, and what overflows loses its key.
func keyless() Config {
	return changed(func(f *Facts) { f.Overflow.KeepsOrder, f.Global = false, GlobalLimit{} })
}

var start = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// at is a time so many seconds after the start.
func at(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }

func of(id string) *Event {
	return &Event{Token: []byte("t"), DistinctID: []byte(id), Name: []byte("e")}
}

// TestBucket: the first burst of an instant passes, the next does not; then the
// rate comes back.
func TestBucket(t *testing.T) {
	t.Parallel()
	var b bucket
	l := Limit{PerSecond: 10, Burst: 5}
	passed := func(seconds float64, n int) (passed int) {
		for range n {
			if b.take(l, at(seconds).UnixNano()) {
				passed++
			}
		}
		return passed
	}
	for _, step := range []struct {
		at      float64
		n, want int
	}{{0, 8, 5}, {0.05, 1, 0}, {0.1, 3, 1}, {0.3, 3, 2}, {10, 9, 5}} {
		if got := passed(step.at, step.n); got != step.want {
			t.Errorf("at %v s: %d of %d passed, want %d", step.at, got, step.n, step.want)
		}
	}
}

// TestOverflowStartsWhenTheArithmeticSays: a full bucket of 1,000 that fills at
// 100/s and is drained at 300/s lasts 5 s, and then takes one event in three.
func TestOverflowStartsWhenTheArithmeticSays(t *testing.T) {
	t.Parallel()
	p := New(keyless())
	first := math.Inf(1)
	passed := 0
	for i := range 3000 { // 10 s
		seconds := float64(i) / 300
		r := p.Take(of("hot"), at(seconds))
		switch {
		case r.Lane == Overflow && r.Keyed:
			t.Fatal("what overflows keeps its key")
		case r.Lane == Overflow:
			first = min(first, seconds)
		default:
			passed++
		}
	}
	want, _ := Limit{100, 1000}.OverflowsAfter(300)
	if want != 5*time.Second || math.Abs(first-5) > 0.02 {
		t.Errorf("overflow after %v s, the formula says %v, want 5 s", first, want)
	}
	if passed < 1990 || passed > 2001 { // 1,000 and 100 a second for 10 s
		t.Errorf("%d events kept their place, want 2,000", passed)
	}
	stats := p.Stats()
	if stats.Overflow.Bucket != int64(3000-passed) || stats.Order.Unkeyed != stats.Overflow.Bucket || stats.Order.Rerouted == 0 {
		t.Errorf("%+v %+v", stats.Overflow, stats.Order)
	}
	if len(stats.HotIDs) != 1 || stats.HotIDs[0] != (HotID{"hot", 3000, 0, stats.Overflow.Bucket}) {
		t.Errorf("hot ids %+v", stats.HotIDs)
	}
	if _, ever := (Limit{100, 1000}).OverflowsAfter(100); ever {
		t.Error("100/s overflows")
	}
}

// TestStations: one row a rule about where an event goes.
func TestStations(t *testing.T) {
	t.Parallel()
	named := func(name string) *Event { e := of("d"); e.Name = []byte(name); return e }
	historical := of("d")
	historical.Historical = true
	from := func(id, address string) *Event { e := of(id); e.Address = []byte(address); return e }
	keyed, byAddress := Partition([]byte("t:d"), 64), Partition([]byte("t:192.0.2.7"), 64)
	also := func(f *Facts, change func(*Facts)) {
		if change != nil {
			change(f)
		}
	}
	tight := func(change func(*Facts)) Config {
		return changed(func(f *Facts) { f.Overflow.Limit = Limit{PerSecond: 1, Burst: 1}; also(f, change) })
	}
	minute := func(limit int64, change func(*Facts)) Config {
		return changed(func(f *Facts) { f.Global.Events = limit; also(f, change) })
	}
	restricted := func(match string, a Action) Config {
		return changed(func(f *Facts) { f.Restrictions = []Restriction{{match, a}} })
	}
	for _, row := range []struct {
		rule   string
		config Config
		e      *Event
		want   Route // of the second event of an instant; -1: any partition
	}{
		{"the main lane, by its key", Config{}, of("d"), Route{Lane: Main, Partition: keyed, Keyed: true, Persons: true}},
		{"overflow keeps the key", tight(nil), of("d"), Route{Lane: Overflow, Partition: keyed, Keyed: true, Persons: true}},
		{"or drops it", tight(func(f *Facts) { f.Overflow.KeepsOrder = false }), of("d"), Route{Lane: Overflow, Partition: -1, Persons: true}},
		{"in 2024 it stays on the main lane", tight(func(f *Facts) { f.InPlace, f.Overflow.KeepsOrder = true, false }), of("d"), Route{Lane: Main, Partition: -1, Persons: true}},
		{"the bucket is off", tight(func(f *Facts) { f.Overflow = Bucket{} }), of("d"), Route{Lane: Main, Partition: keyed, Keyed: true, Persons: true}},
		{"the consumer has a bucket", tight(func(f *Facts) { f.Overflow, f.Consumer = Bucket{}, f.Overflow }), of("d"), Route{Lane: Main, Partition: keyed, Keyed: true, Persons: true, Moved: true, KeepsOrder: true}},
		{"a forced id skips persons", restricted("t:d", ForceOverflow), of("d"), Route{Lane: Overflow, Partition: -1}},
		{"a forced token", restricted("t", ForceOverflow), of("d"), Route{Lane: Overflow, Partition: -1}},
		{"another forced id", restricted("t:e", ForceOverflow), of("d"), Route{Lane: Main, Partition: keyed, Keyed: true, Persons: true}},
		{"imports are not forced", restricted("t", ForceOverflow), historical, Route{Lane: Historical, Partition: keyed, Keyed: true, Persons: true}},
		{"a dropped id", restricted("t:d", Drop), of("d"), Route{Dropped: true}},
		{"without persons there is no key", restricted("t", SkipPersons), of("d"), Route{Lane: Main, Partition: -1}},
		{"but on the historical lane", restricted("t", SkipPersons), historical, Route{Lane: Historical, Partition: keyed, Keyed: true}},
		{"a topic of its own", restricted("t", Redirect), of("d"), Route{Lane: Redirected, Partition: keyed, Keyed: true, Persons: true}},
		{"the global limit", minute(1, nil), of("d"), Route{Lane: Overflow, Partition: -1}},
		{"it may leave events on their lane", minute(1, func(f *Facts) { f.Global.Stays = true }), of("d"), Route{Lane: Main, Partition: -1}},
		{"a token has a limit of its own", minute(1, func(f *Facts) { f.Global.Overrides = []Override{{"t", 9}} }), of("d"), Route{Lane: Main, Partition: keyed, Keyed: true, Persons: true}},
		{"an id has one before its token", minute(9, func(f *Facts) { f.Global.Overrides = []Override{{"t:d", 1}, {"t", 9}} }), of("d"), Route{Lane: Overflow, Partition: -1}},
		{"an import mode has no global limit", minute(1, func(f *Facts) { f.Import = true }), historical, Route{Lane: Historical, Partition: keyed, Keyed: true, Persons: true}},
		{"and takes nothing else", minute(1, func(f *Facts) { f.Import = true }), of("d"), Route{Dropped: true}},
		{"a quota of one", minute(9, func(f *Facts) { f.Quota = 1 }), of("d"), Route{Dropped: true}},
		{"over quota", Config{OverQuota: []string{"t"}}, of("d"), Route{Dropped: true}},
		{"historical events never overflow", minute(1, nil), historical, Route{Lane: Historical, Partition: keyed, Keyed: true, Persons: true}},
		{"exceptions have a lane", tight(nil), named("$exception"), Route{Lane: Exceptions, Partition: keyed, Keyed: true, Persons: true}},
		{"heatmaps have a lane", Config{}, named("$$heatmap"), Route{Lane: Heatmaps, Partition: keyed, Keyed: true, Persons: true}},
		{"without cookies the key has the address", Config{}, from("d", "192.0.2.7"), Route{Lane: Main, Partition: byAddress, Keyed: true, Persons: true}},
		{"which is limited as one id", tight(nil), from("", "192.0.2.7"), Route{Lane: Overflow, Partition: byAddress, Keyed: true, Persons: true}},
		{"and restricted as one", restricted("t:192.0.2.7", Drop), from("d", "192.0.2.7"), Route{Dropped: true}},
		{"whatever its distinct_id", restricted("t:d", Drop), from("d", "192.0.2.7"), Route{Lane: Main, Partition: byAddress, Keyed: true, Persons: true}},
		{"client warnings have a lane", Config{}, named("$$client_ingestion_warning"), Route{Lane: Warnings, Partition: keyed, Keyed: true, Persons: true}},
	} {
		p, other := New(row.config), *row.e
		if other.Address != nil { // one of another id
			other.DistinctID = []byte("other")
		}
		p.Take(&other, start)
		got := p.Take(row.e, start)
		got.Over = NotOver // which the counts of overflow tell
		if row.want.Partition < 0 {
			got.Partition = -1
		}
		if got != row.want {
			t.Errorf("%s: %+v, want %+v", row.rule, got, row.want)
		}
	}
}

// TestMinuteDrains: what is over the limit of a minute overflows, and no more once
// the window has emptied.
func TestMinuteDrains(t *testing.T) {
	t.Parallel()
	p := New(changed(func(f *Facts) { f.Global.Events, f.Overflow = 3, Bucket{} }))
	var lanes []Lane
	for _, seconds := range []float64{0, 0, 0, 0, 180, 180, 180} {
		lanes = append(lanes, p.Take(of("d"), at(seconds)).Lane)
	}
	if got := fmt.Sprint(lanes); got != "[main main overflow overflow main main overflow]" {
		t.Error(got)
	}
}

func mergeOf(name, id, link string, seconds float64) *Event {
	e := of(id)
	e.Name, e.Time = []byte(name), at(seconds)
	if link != "" {
		e.Link = []byte(link)
	}
	return e
}

// TestMerges: one row a rule; the counts are those after all of a row's events.
func TestMerges(t *testing.T) {
	t.Parallel()
	const identify, alias, force = "$identify", "$create_alias", "$merge_dangerously"
	for _, row := range []struct {
		rule   string
		events []*Event
		want   MergeCounts
	}{
		{"an anonymous id is merged", []*Event{mergeOf(identify, "user", "anon", 1)}, MergeCounts{Total: 1, Merged: 1}},
		{"twice is once", []*Event{mergeOf(identify, "user", "anon", 1), mergeOf(identify, "user", "anon", 2)}, MergeCounts{Total: 2, Merged: 1, Same: 1}},
		{"an id with itself", []*Event{mergeOf(alias, "user", "user", 1)}, MergeCounts{Total: 1, Same: 1}},
		{"an illegal id", []*Event{mergeOf(identify, "user", "Anonymous", 1), mergeOf(alias, " ", "anon", 2)}, MergeCounts{Total: 2, Illegal: 2}},
		{"an identified person is not merged", []*Event{mergeOf(identify, "a", "anon", 1), mergeOf(identify, "b", "anon", 2), mergeOf(alias, "c", "a", 3)}, MergeCounts{Total: 3, Merged: 1, Identified: 2}},
		{"unless dangerously", []*Event{mergeOf(identify, "a", "anon", 1), mergeOf(force, "b", "a", 2), mergeOf(alias, "b", "anon", 3)}, MergeCounts{Total: 3, Merged: 2, Same: 1}},
		{"a chain in order", []*Event{mergeOf(alias, "c", "d", 1), mergeOf(alias, "b", "e", 2)}, MergeCounts{Total: 2, Merged: 2}},
		{"a chain out of order", []*Event{mergeOf(alias, "a", "b", 2), mergeOf(alias, "b", "c", 1)}, MergeCounts{Total: 2, Merged: 2, Overtook: 1}},
		{"no merge without the other id", []*Event{mergeOf(identify, "user", "", 1)}, MergeCounts{}},
	} {
		p := New(Config{})
		for i, e := range row.events {
			p.Take(e, at(float64(i)))
		}
		got := p.Stats().Merges
		got.Moved, got.Largest, got.Widest = 0, 0, 0 // see TestMergesMove
		if got != row.want {
			t.Errorf("%s: %+v, want %+v", row.rule, got, row.want)
		}
	}
}

// TestMergesMove: how many ids merges move, and what is beyond the limit of them.
func TestMergesMove(t *testing.T) {
	t.Parallel()
	const identify, force = "$identify", "$merge_dangerously"
	events := []*Event{ // wide has four ids in the end; then all of them move
		mergeOf(identify, "wide", "a", 1), mergeOf(identify, "wide", "b", 2), mergeOf(identify, "wide", "c", 3), mergeOf(force, "other", "wide", 4),
	}
	for _, row := range []struct {
		limit MergeLimit
		want  MergeCounts
	}{
		{MergeLimit{}, MergeCounts{Total: 4, Merged: 4, Moved: 7, Largest: 4, Widest: 5}},
		{MergeLimit{IDs: 4}, MergeCounts{Total: 4, Merged: 4, Moved: 7, Largest: 4, Widest: 5}},
		{MergeLimit{IDs: 3}, MergeCounts{Total: 4, Merged: 3, Beyond: 1, Moved: 3, Largest: 1, Widest: 4}},
		{MergeLimit{IDs: 3, Async: true}, MergeCounts{Total: 4, Merged: 4, Beyond: 1, Moved: 7, Largest: 4, Widest: 5}},
	} {
		p := New(changed(func(f *Facts) { f.Merges = row.limit }))
		for i, e := range events {
			p.Take(e, at(float64(i)))
		}
		if got := p.Stats().Merges; got != row.want {
			t.Errorf("%+v: %+v, want %+v", row.limit, got, row.want)
		}
	}
}

// TestOrder: an older event after a younger one, and an event of an id after the
// younger merge that took it.
func TestOrder(t *testing.T) {
	t.Parallel()
	p := New(Config{})
	for _, e := range []*Event{
		mergeOf("e", "anon", "", 1), mergeOf("e", "anon", "", 3), mergeOf("e", "anon", "", 2), // backwards
		mergeOf("$identify", "user", "anon", 4),
		mergeOf("e", "anon", "", 5),
		mergeOf("e", "anon", "", 3.5), // backwards, and the merge overtook it
		mergeOf("e", "other", "", 1),
	} {
		p.Take(e, start)
	}
	if got := p.Stats().Order; got != (OrderCounts{Backwards: 2, AfterMerge: 1}) {
		t.Errorf("%+v", got)
	}
}

// TestMemoryIsBounded: more ids than there is room for are counted, routed, and
// not remembered; idle ones make room.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	p := New(Config{IDs: 160, HotIDs: 2})
	for i := range 10_000 {
		p.Take(of(fmt.Sprint(i)), start)
	}
	held := 0
	for i := range p.shards {
		held += len(p.shards[i].ids)
	}
	stats := p.Stats()
	if held != 160 || stats.Order.Untracked != 10_000-160 || stats.Lanes[0].Events != 10_000 || len(stats.HotIDs) != 2 {
		t.Errorf("%d ids held, %d not remembered, %+v", held, stats.Order.Untracked, stats.HotIDs)
	}
	for i := range 160 {
		p.Take(of(fmt.Sprint(-i)), at(120))
	}
	if after := p.Stats().Order.Untracked - stats.Order.Untracked; after > 60 { // ids fall unevenly over 16 shards
		t.Errorf("two minutes later %d of 160 new ids found no room", after)
	}
}

// TestLateIsLimited: ids that no limit would notice make room at once for those that
// come after them.
func TestLateIsLimited(t *testing.T) {
	t.Parallel()
	p := New(Config{IDs: 160})
	for i := range 1000 {
		p.Take(of(fmt.Sprint(i)), start.Add(time.Duration(i)*20*time.Millisecond))
	}
	for range 1500 { // a burst of 1,000 passes
		p.Take(of("late"), at(20))
	}
	if stats := p.Stats(); stats.Overflow.Bucket != 500 || stats.Order.Untracked > 0 {
		t.Errorf("%d overflowed, %d ids were not remembered", stats.Overflow.Bucket, stats.Order.Untracked)
	}
}

func TestTakeAllocates(t *testing.T) {
	p, e := New(Config{}), of("d")
	e.Time = start
	p.Take(e, start)
	if got := testing.AllocsPerRun(1000, func() { p.Take(e, start) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func BenchmarkTake(b *testing.B) {
	p := New(Config{})
	ids := make([]*Event, 1<<14)
	for i := range ids {
		ids[i] = of(fmt.Sprintf("user-%d", i))
		ids[i].Time = start
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Take(ids[i%len(ids)], start)
	}
}
