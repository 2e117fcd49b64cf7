package traffic

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"rehearse/internal/rng"
	"rehearse/scenario"
)

// TestBuiltInSizes holds the built-in shapes against what was recorded: 88
// events of posthog-js 1.78 and posthog-node 3.1 in
// scenarios/recordings/posthog_wire_2023-09.jsonl, as the service reads them
// (the member data of its outputs, compact JSON): p50 1,418 bytes, p95 3,597,
// max 3,902. The mix below is theirs: of 88, 19 $autocapture, 17 $pageview, 14
// $feature_flag_called, 7 $groupidentify, 3 $set, 1 $identify, 21 others of the
// browser, and 6 of a server.
func TestBuiltInSizes(t *testing.T) {
	t.Parallel()
	const n = 4_000
	m := along(parse(t, n, `
  distinct_ids: {style: uuid}
  groups: {project: 100, organization: 20}
  events:
    $autocapture: 19
    $pageview: 17
    $feature_flag_called: 14
    $groupidentify: 7
    $set: 3
    $identify: 1
    person viewed: 21
    user signed up: {weight: 6, from: server}
`), n)
	var sizes []int
	for _, e := range readAll(t, m, 0, n) {
		sizes = append(sizes, e.Bytes)
		// Recorded browser events have 25 to 46 members, those of a server a few.
		switch members := len(e.Properties); {
		case e.Event == "user signed up" && members > 9, e.Event != "user signed up" && (members < 25 || members > 46):
			t.Fatalf("%s has %d members", e.Event, members)
		}
	}
	slices.Sort(sizes)
	for _, c := range []struct {
		what          string
		got, recorded int
	}{{"p50", sizes[n/2], 1418}, {"p95", sizes[n*95/100], 3597}, {"max", sizes[n-1], 3902}} {
		if off := math.Abs(float64(c.got)/float64(c.recorded) - 1); off > 0.1 {
			t.Errorf("%s is %d bytes, recorded %d: %.0f %% off", c.what, c.got, c.recorded, off*100)
		}
	}
}

// TestBuiltInShapes: every built-in shape is valid JSON with members of
// different names, whatever is drawn, and none is longer than it says.
func TestBuiltInShapes(t *testing.T) {
	t.Parallel()
	names := []string{"$pageview", "$autocapture", "$feature_flag_called", "$screen", "purchase", "$identify", "$set", "$groupidentify", "$create_alias"}
	for _, from := range []scenario.Library{scenario.FromBrowser, scenario.FromMobile, scenario.FromServer} {
		for _, name := range names {
			sh := propertiesOf(scenario.EventShare{Name: name, From: from}, []scenario.Group{{Type: `a"b`, Count: 5}}, "", newHintKeys())
			most := 0
			for _, p := range sh.parts {
				most += p.size
			}
			for i := range uint64(40) {
				text := sh.append(nil, 0, &valueRNG{s: rng.NewStream(1, i)}, maxSize)
				if len(text) > most {
					t.Fatalf("%s from %s has %d bytes, and says %d at most", name, from, len(text), most)
				}
				text[0] = '{'
				if text = append(text, '}'); !json.Valid(text) {
					t.Fatalf("%s from %s is not JSON: %s", name, from, text)
				}
				twice(t, text)
			}
		}
	}
}

// twice fails if a member comes twice.
func twice(t *testing.T, text []byte) {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	total := len("{}") - 1
	for name, value := range members {
		total += len(quote(name)) + len(":") + len(value) + len(",")
	}
	if total != len(text) {
		t.Fatalf("a member comes twice in %s", text)
	}
}

// TestDescribedEvents: what a scenario describes is what the far end reads.
func TestDescribedEvents(t *testing.T) {
	t.Parallel()
	const n = 3_000
	m := along(parse(t, n, `
  events:
    purchase:
      from: server
      properties:
        plan: {choices: {free: 7, team: 3}}
        amount: {number: [-1.5, 9.99], decimals: 2}
        seats: {number: [1, 3]}
        title: {words: [2, 5]}
        fixed: "a \"b\""
        cart: {object: {items: [1, 2, x], gift: {object: {}}}}
`), n)
	free, lowest, highest := 0.0, 9.0, 0.0
	for _, e := range readAll(t, m, 0, n) {
		amount, isNumber := e.Properties["amount"].(float64)
		seats, _ := e.Properties["seats"].(float64)
		cart, _ := e.Properties["cart"].(map[string]any)
		if e.Properties["plan"] == "free" {
			free++
		}
		lowest, highest = min(lowest, amount), max(highest, amount)
		if !isNumber || seats < 1 || seats > 3 || e.Properties["fixed"] != `a "b"` || len(cart) != 2 || e.Properties["$lib"] != "posthog-node" {
			t.Fatalf("event %d has %v", e.Index, e.Properties)
		}
	}
	if !near(free, n, 0.7) {
		t.Errorf("%v of %d are free, want 70 %%", free, n)
	}
	if lowest < -1.5 || lowest > -1.45 || highest > 9.99 || highest < 9.94 {
		t.Errorf("amounts lie from %v to %v, want -1.5 to 9.99", lowest, highest)
	}
}
