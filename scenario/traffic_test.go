package scenario

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rehearse/scenario/strict"
)

// everyTraffic is the traffic of testdata/every.yaml.
func everyTraffic() *Traffic {
	one := func(json ...string) PropertyValue {
		var all []Choice
		for _, j := range json {
			all = append(all, Choice{j, 1})
		}
		return PropertyValue{Choices: all}
	}
	return &Traffic{
		Seed: 18446744073709551615,
		DistinctIDs: Population{
			Count: 1_500_000, Skew: 0.5, Growth: 0.04, Style: StyleEmail,
			Hot: []HotID{{Share: 0.05}, {ID: "kiosk-7", Events: 20_000}},
		},
		Visits: Visits{Events: 6, Anonymous: 0.4},
		Merges: Merges{Chains: 0.1, FanIn: 0.2, Reused: 0.01, Delay: Delay{40 * time.Second, 15 * time.Minute}},
		Events: []EventShare{
			{Name: "$pageview", Weight: 70, From: FromBrowser},
			{Name: "purchase", Weight: 10, From: FromServer, Properties: []Property{
				{"source", one(`"import"`)},
				{"currency", one(`"EUR"`, `"USD"`, "5", "true", "null")},
				{"plan", PropertyValue{Choices: []Choice{{`"free"`, 7}, {`"team"`, 3}}}},
				{"amount", PropertyValue{Number: &NumberRange{29, 9990, 2}}},
				{"title", PropertyValue{Words: &WordRange{2, 5}}},
				{"note", PropertyValue{Words: &WordRange{3, 3}}},
				{"cart", PropertyValue{Object: []Property{
					{"items", PropertyValue{Number: &NumberRange{Low: 1, High: 9}}},
					{"gift", one(`"yes"`, `"no"`)},
				}}},
			}},
			{Name: "$merge_dangerously", Weight: 0.05, From: FromServer},
			{Name: "404", Weight: 0, From: FromBrowser},
			{Name: "$screen", Weight: 0.5, From: FromMobile},
		},
		Groups: []Group{{"company", 20_000}, {"team", 1_000_000}}, Personless: 0.3,
		Sizes: Sizes{400, 4000},
		Timestamps: Timestamps{
			From: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2025, 6, 30, 12, 0, 0, 0, time.UTC),
			Disorder: 10 * time.Minute, ClockSkew: 2 * time.Second, Zone: -8 * time.Hour, Day: 0.8, Weekend: 0.5,
		},
		Faults: Faults{
			Duplicates: 0.001, Copies: 0.002, EarlyMerges: 0.03,
			Invalid: []InvalidShare{{InvalidNoID, 0.0002}, {InvalidOverSize, 0.0001}},
		},
	}
}

// TestListedTokens: tokens of several projects appear nowhere in what is kept or
// told of a scenario.
func TestListedTokens(t *testing.T) {
	t.Parallel()
	lookup := func(name string) (string, bool) {
		value, set := map[string]string{"B": "phc_environment"}[name]
		return value, set
	}
	const text = minimal + "about: phc_plain or phc_environment\n"
	load := func(tokens string) (*Scenario, error) {
		return Parse("a.yaml", []byte(strings.Replace(text, "{}", "{tokens: ["+tokens+"]}", 1)),
			Options{LookupEnv: lookup})
	}
	s, err := load("{token: phc_plain, weight: 2}, {token: '${B}'}, {token: '${C:-phc_default}'}, {token: " +
		"phc_plain_too}")
	if err != nil {
		t.Fatal(err)
	}
	kept := string(s.Redacted())
	for i, want := range []string{"phc_plain", "phc_environment", "phc_default", "phc_plain_too"} {
		if got := s.Traffic.Tokens[i].Token.Reveal(); got != want {
			t.Errorf("token %d is %q, want %q", i, got, want)
		}
		if strings.Contains(kept, want) || strings.Contains(kept, "_too") {
			t.Errorf("%s is kept in\n%s", want, kept)
		}
	}
	for tokens, want := range map[string]string{
		"{token: short}":                    "3:28: traffic.tokens[0].token: must have 6 characters at least",
		`{token: "phc_double"}`:             "3:28: traffic.tokens[0].token: must not stand in double quotes",
		"{token: '${NONE}'}":                "3:28: traffic.tokens[0].token: the environment variable NONE is not set",
		"{token: phc_plain, weight: 0}":     "3:19: traffic.tokens: no token has a weight above 0",
		"{token: phc_a b}":                  "3:28: traffic.tokens[0].token: must not contain blanks",
		"{token: phc_plain, weight: heavy}": "3:47: traffic.tokens[0].weight: cannot read",
		"":                                  "3:19: traffic.tokens: no token has a weight above 0",
	} {
		if _, err := load(tokens); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", tokens, err, want)
		}
	}
	both := strings.Replace(minimal, "{}", "{tokens: [{token: phc_plain}]}", 1) + "target: {token: phc_other}\n"
	if _, err := Parse("a.yaml", []byte(both), Options{}); err == nil ||
		!strings.Contains(err.Error(), "4:10: target.token: given beside traffic.tokens") {
		t.Errorf("both kinds of tokens: %v", err)
	}
}

// TestImpossibleTraffic: shapes that no events could have are told where the
// file asks for them.
func TestImpossibleTraffic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		// 60 of 100 events are merges; the other 40 begin as many visits
		"events: {a: 40, $identify: 60}": "3:11: traffic.events: 60% of the events are to be merges, " +
			"but only 40% begin a visit that a merge can end",
		// 80 % ordinary events in visits of 8 make 10 % visits
		"visits: {events: 8}, events: {a: 80, $identify: 20}": "3:32: traffic.events: " +
			"20% of the events are to be merges, but only 10% begin a visit that a merge can end",
		// 90 % ordinary events, a tenth of which begin anonymous
		"visits: {anonymous: 10%}, events: {a: 90, $identify: 10}": "3:37: traffic.events: " +
			"10% of the events are to be merges, but only 9% begin a visit that a merge can end",
		"events: {a: {weight: 9, from: server}, $identify: 1}": "3:11: traffic.events: " +
			"10% of the events are to be merges, but only 0% begin a visit that a merge can end",
		"events: {a: 90, $identify: 10}, distinct_ids: {hot: [{share: 95%}]}": "3:43: traffic.distinct_ids: " +
			"hot ids, growth and faults are to take 95% of the events, but merges leave 90%",
		"distinct_ids: {hot: [{events: 20}]}": "3:33: traffic.distinct_ids.hot[0].events: " +
			"more than the 10 events of the run",
		"merges: {chains: 5%}": "3:11: traffic.merges: has no meaning without merges",
		"merges: {reused: 5%}, distinct_ids: {count: 1}, events: {a: 9, $identify: 1}": "" +
			"3:20: traffic.merges.reused: has no meaning in a population of one",
		"merges: {delay: {p50: 5s, p90: 1m}}": "3:11: traffic.merges: has no meaning without merges",
		// 60 ordinary events begin a visit each, of which 40 are merged
		"merges: {delay: {p50: 5s, p90: 1m}}, events: {a: 60, $identify: 40}": "" +
			"3:20: traffic.merges.delay: 40% of the events are to be merges, and 60% begin a visit that a merge can " +
			"end, which are not twice as many",
		"merges: {delay: {p50: 2m, p90: 1m}}, events: {a: 9, $identify: 1}": "" +
			"3:27: traffic.merges.delay: p50 is more than p90",
		"merges: {delay: {p50: 2m}}, events: {a: 9, $identify: 1}": "" +
			"3:27: traffic.merges.delay.p90: missing",
		"merges: {delay: {p50: 0s, p90: 1m}}, events: {a: 9, $identify: 1}": "" +
			"3:33: traffic.merges.delay.p50: must be 1ms to",
		"merges: {delay: {p50: -5s, p90: 1m}}, events: {a: 9, $identify: 1}": "" +
			`3:33: traffic.merges.delay.p50: cannot read "-5s"`,
		"merges: {delay: {p50: 5s, p99: 1m}}, events: {a: 9, $identify: 1}": "" +
			"3:37: traffic.merges.delay.p99: unknown field",
		"faults: {merges_out_of_order: 5%}": "" +
			"3:20: traffic.faults.merges_out_of_order: has no meaning without merges",
		"distinct_ids: {hot: [{id: a, share: 5%, events: 5}]}": "" +
			"3:32: traffic.distinct_ids.hot[0]: gives a share and a number of events",
		"distinct_ids: {hot: [{id: a}]}": "" +
			"3:32: traffic.distinct_ids.hot[0].share: missing",
		"distinct_ids: {count: 5, ranks: [{ids: 1, events: 2}]}": "" +
			"3:25: traffic.distinct_ids.count: given beside ranks",
		"distinct_ids: {ranks: [{ids: 1, events: 2}], skew: 1}": "" +
			"traffic.distinct_ids.skew: given beside ranks",
		"distinct_ids: {ranks: []}": "" +
			"traffic.distinct_ids.ranks: has no group",
		"distinct_ids: {ranks: [{ids: 1}]}": "" +
			"traffic.distinct_ids.ranks[0].events: missing",
		"distinct_ids: {ranks: [{ids: 0, events: 1}]}": "" +
			"traffic.distinct_ids.ranks[0].ids: must be 1 to",
		"distinct_ids: {ranks: [{ids: 1, events: 0}]}": "" +
			"traffic.distinct_ids.ranks[0].events: must be",
		"distinct_ids: {ranks: [{ids: 1, events: 2}, {ids: 1, events: 3}]}": "" +
			"traffic.distinct_ids.ranks[1]: has more events than the group before",
		"distinct_ids: {ranks: [{ids: 9000T, events: 2}]}": "" +
			"traffic.distinct_ids.ranks[0].ids: cannot read",
		"distinct_ids: {ranks: [{ids: 9000000G, events: 2}, {ids: 9000000G, events: 2}]}": "" +
			"traffic.distinct_ids.ranks[1]: more than 2^53 ids",
		"distinct_ids: {ranks: [" + strings.Repeat("{ids: 1, events: 1},", 1001) +
			"]}": "traffic.distinct_ids.ranks: more than 1000 groups",
		"distinct_ids: {style: hash}": `3:33: traffic.distinct_ids.style: ` +
			`unknown word "hash"`,
		"merges: {chains: 60%, fan_in: 60%}, events: {a: 9, $identify: 1}": "3:19: traffic.merges: " +
			"the shares add up to more than 100%",
		"faults: {duplicates: 50%, invalid: 45%}": "3:19: traffic.faults: " +
			"more than 90% of the events are at fault",
		"faults: {invalid: {nonsense: 1%}}": "" +
			"3:30: traffic.faults.invalid.nonsense: unknown field",
		"timestamps: {day: 50%}": "3:23: traffic.timestamps: a day and a week need from and to",
		"timestamps: {from: 2025-01-01, to: 2025-01-02, zone: Berlin}": `3:64: traffic.timestamps.zone: cannot ` +
			`read "Berlin" as a time zone`,
		"events: {a: {from: toaster}}": `3:30: traffic.events.a.from: unknown ` +
			`word "toaster"`,
		"events: {a: {properties: {b: {}}}}": "3:40: traffic.events.a.properties.b: " +
			"must be one of choices, number, words and object",
		"events: {a: {properties: {b: {number: [5, 1]}}}}": "" +
			"3:49: traffic.events.a.properties.b.number: the lowest is more than the highest",
		"events: {a: {properties: {b: {number: [0.5, 1]}}}}": "" +
			"3:49: traffic.events.a.properties.b.number: has more than 0 decimals",
		"events: {a: {properties: {b: {number: 5}}}}": "" +
			"3:49: traffic.events.a.properties.b.number: expected a list, found a number",
		"events: {a: {properties: {b: {words: [1, 2], decimals: 2}}}}": "3:40: traffic.events.a.properties.b: " +
			"decimals belong to a number",
		"events: {a: {properties: {b: []}}}": "3:40: traffic.events.a.properties.b: " +
			"there is nothing to choose",
		"events: {a: {properties: {b: {words: [9, 2]}}}}": "" +
			"3:48: traffic.events.a.properties.b.words: the fewest are more than the most",
		"groups: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1}": "3:19: traffic.groups: " +
			"more than 5 types of groups",
		"events: {a: {properties: &p {b: {object: *p}}}}": "nested deeper than 8",
		"distinct_ids: {hot: [" + strings.Repeat("{share: 0%},", 1001) +
			"]}": "3:31: traffic.distinct_ids.hot: more than 1000 hot ids",
	} {
		_, err := Parse("a.yaml", []byte("name: a\nload: {profile: 'const(10, 1s)'}\ntraffic: {"+text+"}\n"), Options{})
		var all strict.Errors
		if !errors.As(err, &all) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nis answered with\n%v\nwant\n%s", text, err, want)
		}
	}
}

// TestRanks: groups of ids say how many there are.
func TestRanks(t *testing.T) {
	t.Parallel()
	text := strings.Replace(minimal, "{}", "{distinct_ids: {ranks: [{ids: 3, events: 2.5}, {ids: 2k, events: 1}]}}", 1)
	s, err := Parse("a.yaml", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := s.Traffic.DistinctIDs
	if got.Count != 2003 || len(got.Ranks) != 2 || got.Ranks[0] != (RankGroup{3, 2.5}) ||
		got.Ranks[1] != (RankGroup{2000, 1}) {
		t.Errorf("%+v", got)
	}
}
