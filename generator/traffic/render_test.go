package traffic

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
)

// anyTraffic draws a traffic section with everything that a scenario can ask for.
func anyTraffic(t *rapid.T) string {
	pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	style := pick("style", "prefixed", "uuid", "email", "numeric", "long")
	hot := pick("hot", "", `, hot: [{share: 5%}, {id: 'a "quoted" \ id é', share: 2%}]`)
	if style == "prefixed" {
		style = ""
	} else {
		style = ", style: " + style
	}
	lines := []string{
		fmt.Sprintf("seed: %d", rapid.Uint32().Draw(t, "seed")),
		fmt.Sprintf("distinct_ids: {count: %s, skew: 1.1%s%s}", pick("count", "50", "3k", "1G"), style, hot),
		`events: {$pageview: 50, $autocapture: 5, $screen: {weight: 5, from: mobile}, 'a "name" é': {weight: 20, ` +
			`from: server, properties: {a: {words: 3}, b: {choices: {x: 1, y: 2}}, c: {number: [-1.5, 99999.99], ` +
			`decimals: 2}, d: {number: [-7, 123456789]}}}, $identify: 2, $create_alias: 1, $groupidentify: 1, $set: 1}`,
		pick("groups", "", "groups: {company: 20, 'a \"b': 300}"),
		pick("personless", "", "personless: 30%"),
		pick("sizes", "", "properties: {bytes: {p50: 300, p99: 2kB}}", "properties: {bytes: {p50: 1, p99: 1}}"),
		pick("timestamps", "", "timestamps: {from: 2025-01-01, to: 2025-06-30, disorder: 5m, day: 50%, weekend: 20%}",
			"timestamps: {from: 1950-01-01, to: 1950-01-02, clock_skew: 2s}"),
		pick("merges", "", "visits: {events: 3, anonymous: 60%}\n  merges: {chains: 10%, fan_in: 10%, reused: 5%, delay: {p50: 1s, p90: 2s}}"),
		pick("faults", "", "faults: {duplicates: 5%, copies: 5%, merges_out_of_order: 5%, "+
			"invalid: {no_distinct_id: 1%, illegal_id: 1%, long_name: 1%, bad_timestamp: 1%, over_size: 0.1%}}"),
	}
	return "  " + strings.Join(lines, "\n  ") + "\n"
}

// TestAppendIsWrite: an event that is rendered in place has the bytes of one that was
// gathered first and then encoded.
func TestAppendIsWrite(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		const n = 2*blockEvents + 100
		m := along(parse(t, n, anyTraffic(r)), n)
		gathered, rendered := newWriter(), newWriter()
		var want, got capture.Event
		from := rapid.Int64Range(0, n-200).Draw(r, "from")
		for i := from; i < from+200; i++ {
			m.Write(&want, i, gathered)
			text := capture.AppendMembers(nil, &want)
			into := make([]byte, 3, 3+rand.IntN(300))
			if made := m.Append(into, &got, i, rendered)[3:]; string(made) != string(text) {
				r.Fatalf("event %d is rendered as\n%s, want\n%s", i, made, text)
			}
			if got.UUID != want.UUID || string(got.Name) != string(want.Name) || gathered.Fault != rendered.Fault {
				r.Fatalf("event %d is %v %s %q, want %v %s %q", i, got.UUID, got.Name, rendered.Fault, want.UUID,
					want.Name, gathered.Fault)
			}
		}
	})
}

// TestAppendDoesNotAllocate, once the buffer is large enough.
func TestAppendDoesNotAllocate(t *testing.T) {
	m := along(parse(t, blockEvents, shop), blockEvents)
	w, dst, i := newWriter(), make([]byte, 0, 1<<20), int64(0)
	var e capture.Event
	m.Append(dst, &e, i, w)
	if n := testing.AllocsPerRun(1000, func() { m.Append(dst, &e, i, w); i++ }); n != 0 {
		t.Errorf("rendering an event allocates %v times", n)
	}
}

// TestInteger: against package strconv.
func TestInteger(t *testing.T) {
	t.Parallel()
	for n := int64(-1000); n < 120_000; n++ {
		if got, want := string(appendInteger(nil, n)), strconv.FormatInt(n, 10); got != want {
			t.Fatalf("%s is written as %s", want, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64().Draw(t, "n")
		if got, want := string(appendInteger([]byte("x"), n)), strconv.FormatInt(n, 10); got != "x"+want {
			t.Fatalf("%s is written as %s", want, got)
		}
	})
}

// TestVersion4: against the UUIDs of package capture.
func TestVersion4(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		high, low := rapid.Uint64().Draw(t, "high"), rapid.Uint64().Draw(t, "low")
		var got, want capture.UUID
		got.SetWords(version4(high, low))
		if want.SetWords(high, low); got != want.WithVersion(4) {
			t.Fatalf("%x and %x are %v, want %v", high, low, got, want.WithVersion(4))
		}
	})
}

// TestShown: the time that an event shows is its own to the millisecond, at any rate and
// in whichever order events are asked about.
func TestShown(t *testing.T) {
	t.Parallel()
	const n = 5000
	m := along(parse(t, n, "  events: {a: {from: server}}\n"), n)
	rapid.Check(t, func(t *rapid.T) {
		apart := time.Duration(rapid.Int64Range(0, 3_000_000).Draw(t, "ns apart"))
		w := newWriter()
		w.Start = time.Unix(0, rapid.Int64Range(0, 2_000_000).Draw(t, "start"))
		w.Due = func(i int64) time.Duration { return time.Duration(i) * apart }
		i := int64(0)
		for _, step := range rapid.SliceOf(rapid.Int64Range(-20, 40)).Draw(t, "steps") {
			i = min(max(i+step, 0), n-1)
			got, want := m.timestamps.shown(i, 0, w), m.timestamps.at(i, 0, w)
			if got.UnixMilli() != want.UnixMilli() {
				t.Fatalf("event %d shows %v, its time is %v", i, got, want)
			}
		}
	})
}
