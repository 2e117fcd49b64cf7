package recording

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// readAs reads recordings to their end, as often as a replay does, and hands out what
// the last reading finds.
func readAs(t testing.TB, r *scenario.Replay, take func(*event.Event)) *Counts {
	t.Helper()
	files, err := Look(r.Paths)
	if err != nil {
		t.Fatal(err)
	}
	var learned Learned
	files = files.With(&learned)
	if err := files.LearnJoins(r); err != nil {
		t.Fatal(err)
	}
	for last := false; ; last = true {
		reader, err := files.Open(r)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		for {
			e, err := reader.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if last {
				take(e)
			}
		}
		if last {
			return reader.Counts()
		}
		learned.Freeze()
	}
}

// writeLines writes a recording.
func writeLines(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestSampleOfWholePersons: of 300 persons with an anonymous id before their login and
// a third id that an alias joins, each is kept with all its ids or not at all, and
// about as many are kept as were asked for. Ids that may not be merged join nobody.
func TestSampleOfWholePersons(t *testing.T) {
	t.Parallel()
	content := ""
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	line := func(name, id, properties string) {
		content += fmt.Sprintf(`{"event":%q,"distinct_id":%q,"timestamp":%q,"properties":{%s}}`+"\n",
			name, id, at.Format(time.RFC3339Nano), properties)
		at = at.Add(time.Second)
	}
	const persons = 300
	for p := range persons {
		line("$pageview", fmt.Sprintf("anon-%d", p), "")
		line("$pageview", fmt.Sprintf("device-%d", p), "")
	}
	for p := range persons {
		line("$identify", fmt.Sprintf("user-%d", p), fmt.Sprintf(`"$anon_distinct_id":"anon-%d"`, p))
		line("$create_alias", fmt.Sprintf("anon-%d", p), fmt.Sprintf(`"alias":"device-%d"`, p))
		line("$identify", fmt.Sprintf("user-%d", p), `"$anon_distinct_id":"anonymous"`)
		line("bought", fmt.Sprintf("user-%d", p), "")
	}
	r := scenario.DefaultReplay()
	r.Paths, r.Sample = []string{writeLines(t, "a.jsonl", content)}, scenario.Sample{Persons: 0.2}
	seen := map[int]int{}
	readAs(t, r, func(e *event.Event) {
		_, number, _ := strings.Cut(string(e.DistinctID), "-")
		person, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		seen[person]++
	})
	for person, events := range seen {
		if events != 6 {
			t.Errorf("person %d has %d of 6 events", person, events)
		}
	}
	if len(seen) < 35 || len(seen) > 85 { // 60 ± 3.6 standard deviations
		t.Errorf("%d of %d persons", len(seen), persons)
	}
}

// TestGroups: ids are one group if a chain of merges leads from one to the other, by
// whatever order they are learned in.
func TestGroups(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l Learned
		group := make([]int, 12) // by brute force
		for i := range group {
			group[i] = i
		}
		for range rapid.IntRange(0, 15).Draw(t, "merges") {
			a, b := rapid.IntRange(0, 11).Draw(t, "a"), rapid.IntRange(0, 11).Draw(t, "b")
			l.join(&event.Event{Name: []byte(event.Merge), DistinctID: fmt.Appendf(nil, "id-%d", a),
				Properties: fmt.Appendf(nil, `{"alias":"id-%d"}`, b)})
			from, to := group[b], group[a]
			for i := range group {
				if group[i] == from {
					group[i] = to
				}
			}
		}
		for a := range group {
			for b := range group {
				same := l.Group(fmt.Appendf(nil, "id-%d", a)) == l.Group(fmt.Appendf(nil, "id-%d", b))
				if same != (group[a] == group[b]) {
					t.Fatalf("ids %d and %d: one group %v, want %v", a, b, same, group[a] == group[b])
				}
			}
		}
	})
}

// TestFreeze: whether what was learned makes another reading necessary, and that
// nothing is learned afterwards.
func TestFreeze(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[int64]bool{0: false, 1: true, 2: true} {
		var l Learned
		for i := range ahead {
			l.markAhead(0, i)
		}
		if got := l.Freeze(); got != want {
			t.Errorf("%d clocks ahead: %v", ahead, got)
		}
		l.markAhead(0, 9)
		if l.Freeze() || l.isAhead(0, 9) {
			t.Errorf("%d clocks ahead: it learns after it was frozen", ahead)
		}
	}
}

// TestLearnJoinsReadsWhatMatters: passing over the lines that are no merges, the same
// ids are joined as by decoding every line, however names are written.
func TestLearnJoinsReadsWhatMatters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		r, content := scenario.DefaultReplay(), ""
		name := rapid.SampledFrom([]string{
			"$identify", `\u0024identify`, `$i\u0064entify`, "$create_alias", "$merge_dangerously", "$pageview", "identify", "$$identify",
		})
		id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "null", "", `\u0061`})
		for i := range rapid.IntRange(1, 12).Draw(t, "lines") {
			content += fmt.Sprintf(`{"event":"%s","distinct_id":"%s","timestamp":"2026-01-0%dT00:00:00Z",`+
				`"properties":{"$lib":"$identify","$anon_distinct_id":"%s","alias":"%s"}%s`+"\n",
				name.Draw(t, "name"), id.Draw(t, "id"), 1+i%9, id.Draw(t, "anonymous"), id.Draw(t, "alias"),
				rapid.SampledFrom([]string{"}", "}", "}", ""}).Draw(t, "end"))
		}
		path := filepath.Join(dir, "a.jsonl")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		r.Paths, r.To = []string{path}, time.Date(2026, 1, 7, 0, 0, 0, 0, time.UTC)
		files, err := Look(r.Paths)
		if err != nil {
			t.Fatal(err)
		}
		var learned, want Learned
		if err := files.With(&learned).LearnJoins(r); err != nil {
			t.Fatal(err)
		}
		reader, err := files.Open(r)
		if err != nil {
			t.Fatal(err)
		}
		defer reader.Close()
		for e, err := reader.Next(); err == nil; e, err = reader.Next() {
			want.join(e)
		}
		for _, id := range []string{"a", "b", "c", "d", "e"} {
			if learned.Group([]byte(id)) != want.Group([]byte(id)) {
				t.Fatalf("id %s of\n%s", id, content)
			}
		}
	})
}

// TestLeaveOut: an event that is left out by the reader counts as none, and not as a
// bad one.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	r := scenario.DefaultReplay()
	r.Paths = []string{writeLines(t, "a.jsonl", clocked(0, 1, 2))}
	reader, err := Open(r)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for range 3 {
		if _, err := reader.Next(); err != nil {
			t.Fatal(err)
		}
	}
	reader.LeaveOut(event.NoRoom)
	reader.LeaveOut(event.NoRoom)
	c := reader.Counts()
	if c.Events != 1 || c.Bad != 0 || len(c.Left) != 1 || c.Left[0].Reason != event.NoRoom || c.Left[0].Lines != 2 {
		t.Errorf("%+v", c)
	}
}

// TestRequestsStayInTheirOrder: disorder among requests is told, and nothing is named
// that cannot help: they are sent as they were recorded.
func TestRequestsStayInTheirOrder(t *testing.T) {
	t.Parallel()
	content := ""
	for _, at := range []string{"2026-01-01T00:00:05Z", "2026-01-01T00:00:02Z", "2026-01-01T00:00:06Z"} {
		content += fmt.Sprintf(`{"path":"/e/","method":"POST","content_type":"application/json","now":%q,`+
			`"body":"W10="}`+"\n", at)
	}
	r := scenario.DefaultReplay()
	r.Paths = []string{writeLines(t, "a.jsonl", content)}
	requests, err := OpenRequests(r)
	if err != nil {
		t.Fatal(err)
	}
	defer requests.Close()
	var q Request
	for err == nil {
		err = requests.Next(&q, func(*Request) event.Reason { return "" })
	}
	c := requests.Counts()
	if want := "1 recorded lines are older than the one before, disorder of up to 3s"; c.disorder() != want {
		t.Errorf("%+v says %q, want %q", c, c.disorder(), want)
	}
}
