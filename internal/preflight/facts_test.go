package preflight

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"rehearse/internal/capture/pipeline"
	"rehearse/scenario/strict"
)

// factsSchemaOf compiles the schema of the pipeline's file.
func factsSchemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(FactsSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("pipeline.json", tree); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validateFacts judges the YAML by the schema, as an editor would.
func validateFacts(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var tree any
	if err := yaml.Load([]byte(text), &tree); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	inJSON, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(inJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(plain)
}

// walkFactsSchema visits every closed mapping of a schema with its path and fields.
func walkFactsSchema(node map[string]any, path string, visit func(path string, fields map[string]any)) {
	if fields, closed := node["properties"].(map[string]any); closed {
		visit(path, fields)
		for name, child := range fields {
			walkFactsSchema(child.(map[string]any), strings.TrimPrefix(path+"."+name, "."), visit)
		}
	}
	choices, _ := node["anyOf"].([]any)
	for _, choice := range choices {
		walkFactsSchema(choice.(map[string]any), path, visit)
	}
}

// TestFactsSchemaAgrees holds the schema and the loader to one table.
func TestFactsSchemaAgrees(t *testing.T) {
	t.Parallel()
	schema := factsSchemaOf(t)
	example, err := os.ReadFile("../../scenarios/pipeline/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"{}", string(example), "hosts: [a.example, '[::1]:8010']", "capacity: {events: 5000}", "capacity: {events: 300k/min, from: declared}",
		"limits: {}", "limits: {overflow: off, per_minute: off}", "limits: {overflow: {rate: 5, burst: 1, keeps_order: true}}", "limits: {overflow: {rate: 6k/min, burst: 1}, per_minute: 5k, replicas: 12}", "limits: {body: 2MB, event: 5000}",
		"costs: {}", "costs: {events: {a: 0, $set: 2.5}, apps: 0}", "hours: {zone: UTC, days: [sat, sun]}", "hours: {zone: America/New_York, from: 7:30, to: 24:00}",
		"partitions: 1", "limits: {historical_after: 24h}", "service: 1s", "hazard: 0", "generation: 2024", "generation: '2024'", "generation: current",
		"generation: 2026-11", "generation: custom\nlimits: {consumer: {rate: 1/s, burst: 1000}, quota: 20M, merge_ids: 1000}", "limits: {merge_ids: {limit: 5, beyond: async}, quota: off, consumer: off, overflow: false}",
		"limits: {per_minute: {events: 5k, window: 60s, sync: 15s, reroute: false, overrides: [{match: phc_a, events: 9k}, {match: 'phc_a:b', events: 1}]}}",
		"mode: import\nlimits: {per_minute: off}", "mode: events", "restrictions: [{match: phc_a, action: drop}, {match: 'phc_a:b', action: redirect}]", "restrictions: []",
		"costs: {per_event: 5ms, partition: 2k/s}", "costs: {per_event: off, partition: off}", "stages: {destinations: {capacity: 2k/s, share: 30%}, apps: {capacity: 5000}}", "stages: {}",
	} {
		if _, err := ParseFacts("p.yaml", []byte(text)); err != nil {
			t.Errorf("the loader refuses\n%s\n%v", text, err)
		}
		if err := validateFacts(t, schema, text); err != nil {
			t.Errorf("the schema refuses\n%s\n%v", text, err)
		}
	}
	for _, text := range []string{
		"[]", "host: a", "hosts: a", "hosts: ['https://a']", "hosts: []", "hosts: ['']", "capacity: 5000", "capacity: {from: measured}", "capacity: {events: 5, from: guessed}",
		"limits: {overflow: on}", "limits: {overflow: {rate: 5}}", "limits: {overflow: {rate: 5, burst: 0}}", "limits: {per_minute: 0}", "limits: {replicas: 0}", "limits: {historical_after: soon}", "limits: {bodies: 5}",
		"partitions: 0", "partitions: many", "costs: {events: {a: -1}}", "costs: {events: [a]}", "costs: {apps: yes}", "hours: {}", "hours: {zone: UTC, from: 25:00}",
		"hours: {zone: UTC, from: nine}", "hours: {zone: UTC, days: []}", "hours: {zone: UTC, days: [monday]}", "service: 5", "hazard: -1s", "generation: 2025", "generation: []",
		"generation: 2026-12", "mode: both", "limits: {quota: 0}", "limits: {consumer: {rate: 1/s}}", "limits: {merge_ids: 0}", "limits: {merge_ids: {limit: 5, beyond: never}}", "limits: {per_minute: {window: 60s}}",
		"limits: {per_minute: {events: 5, overrides: [{match: a}]}}", "limits: {per_minute: {events: 5, overrides: [{match: a, events: 0}]}}", "restrictions: [{match: a}]", "restrictions: [{match: a, action: burn}]",
		"costs: {per_event: -5ms}", "costs: {partition: -1/s}", "stages: {a: {}}",
	} {
		if _, err := ParseFacts("p.yaml", []byte(text)); err == nil {
			t.Errorf("the loader takes\n%s", text)
		}
		if err := validateFacts(t, schema, text); err == nil {
			t.Errorf("the schema takes\n%s", text)
		}
	}
}

// TestFactsSchemaHasTheFieldsOfTheLoader asks the loader for each mapping what it
// knows.
func TestFactsSchemaHasTheFieldsOfTheLoader(t *testing.T) {
	t.Parallel()
	var tree map[string]any
	if err := json.Unmarshal(FactsSchema(), &tree); err != nil {
		t.Fatal(err)
	}
	mappings := 0
	walkFactsSchema(tree, "", func(path string, fields map[string]any) {
		mappings++
		text := "quite_unheard_of: 1"
		for _, step := range slices.Backward(strings.FieldsFunc(path, func(r rune) bool { return r == '.' })) {
			text = step + ": {" + text + "}"
		}
		_, err := ParseFacts("p.yaml", []byte(text))
		known := "known here: " + strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
		var all strict.Errors
		if !errors.As(err, &all) || !slices.ContainsFunc(all, func(e strict.Error) bool { return e.Hint == known }) {
			t.Errorf("%s: %v, the schema has %s", text, err, known)
		}
		for name, field := range fields {
			if words, _ := field.(map[string]any)["description"].(string); len(words) < 5 {
				t.Errorf("%s.%s has no description", path, name)
			}
		}
	})
	if mappings != 10 {
		t.Errorf("%d mappings, want 10", mappings)
	}
}

// TestFactsDefaults: what an empty file says is what is published.
func TestFactsDefaults(t *testing.T) {
	t.Parallel()
	f, err := ParseFacts("p.yaml", []byte("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if f.Overflow != (pipeline.Bucket{Limit: pipeline.Limit{PerSecond: 100, Burst: 1000}, KeepsOrder: true}) || f.Event != 1_000_000 || f.Global.Events != 5000 || f.Replicas != 1 || f.Capacity != 0 {
		t.Errorf("%+v", f)
	}
	if f.Gives("partitions") || f.Costs.Of("$pageview") != 1 || f.Costs.Of("$identify") != 10 {
		t.Errorf("%+v", f.Costs)
	}
	_, err = ParseFacts("p.yaml", []byte("limits: {overflow: off}\nhosts: [Capture.EXAMPLE.]\ncosts: {events: {a: 3}}\nlimits_: 1\n"))
	var all strict.Errors
	if !errors.As(err, &all) || all[0].Line != 4 {
		t.Errorf("%v", err)
	}
	f, err = ParseFacts("p.yaml", []byte("limits: {overflow: off}\nhosts: [Capture.EXAMPLE.]\ncosts: {events: {a: 3}}\n"))
	if err != nil || f.Overflow.PerSecond != 0 || f.Hosts[0].String() != "capture.example" || f.Costs.Of("a") != 3 || !f.Gives("limits.overflow") {
		t.Errorf("%+v (%v)", f, err)
	}
}

// TestFactsMistakes: all of them at once, each with its place.
func TestFactsMistakes(t *testing.T) {
	t.Parallel()
	_, err := ParseFacts("p.yaml", []byte(`capacity: {events: 0}
limits:
  overflow: {rate: 1.5/s, burst: 5}
partitions: -3
hours: {zone: Europe/Berlim, from: "18:00", to: "09:00"}
`))
	want := []string{
		"p.yaml:1:20: capacity.events: must be more than 0 (leave capacity out where it is not known)",
		"p.yaml:3:20: limits.overflow.rate: must be a whole number of events a second (as in 5000/s, 300k/min or 1M/h)",
		`p.yaml:4:13: partitions: cannot read "-3" as a count: it is negative (as in 64, 10k or 1M)`,
		`p.yaml:5:15: hours.zone: unknown time zone "Europe/Berlim" (as in Europe/Berlin or America/New_York, of the IANA time zone database)`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		"generation: 2024\nlimits: {overflow: {rate: 5, burst: 5, keeps_order: true}}":                                    "p.yaml:2:20: limits.overflow: what overflows in 2024 keeps no order",
		"mode: import\ngeneration: 2024":                                                                                  "p.yaml:1:7: mode: the service of 2024 has no import mode",
		"restrictions: [{match: a, action: skip_persons}]\ngeneration: 2024":                                              "p.yaml:1:16: restrictions[0]: the service of 2024 has no restriction of this kind",
		"limits: {per_minute: 5k}\nmode: import":                                                                          "p.yaml:1:22: limits.per_minute: imports are not held to the global limit",
		"costs: {per_event: 5ms, partition: 100/s}":                                                                       "p.yaml:1:36: costs.partition: a partition of 100 events/s is slower than one id",
		"partitions: 10\ncosts: {partition: 1k/s}\ncapacity: {events: 20k/s}":                                             "p.yaml:1:1: a capacity of 20,000 events/s is more than 10 partitions do at 1,000 each",
		"limits: {per_minute: {events: 5, window: 10s, sync: 15s}}":                                                       "p.yaml:1:22: limits.per_minute: sync is longer than window",
		"limits: {per_minute: {events: 5, overrides: [{match: a, events: 9}]}}\nrestrictions: [{match: a, action: drop}]": "p.yaml:1:46: limits.per_minute.overrides[0]: its events are dropped",
		"restrictions: [{match: a, action: drop}, {match: a, action: drop}]":                                              "p.yaml:1:42: restrictions[1]: is given twice",
		"costs: {partition: 0/s}":                                                                                         "p.yaml:1:20: costs.partition: must be more than 0",
		"stages: {a: {capacity: 5G/s}}":                                                                                   "p.yaml:1:24: stages.a.capacity: no pipeline takes a billion",
		"generation: 2031-01":                                                                                             "p.yaml:1:13: generation: unknown generation",
	} {
		if _, err := ParseFacts("p.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v, want %s", text, err, want)
		}
	}
	if _, err := LoadFacts("testdata/no-such-file.yaml"); err == nil || !strings.Contains(err.Error(), "cannot read the pipeline's facts") {
		t.Errorf("%v", err)
	}
	if _, err := ParseFacts("p.yaml", []byte("hours: {zone: UTC, from: 18:00, to: 9:00}")); err == nil {
		t.Error("hours that end before they begin are taken")
	}
}

func FuzzParseFacts(f *testing.F) {
	example, err := os.ReadFile("../../scenarios/pipeline/example.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(example)
	f.Fuzz(func(t *testing.T, text []byte) {
		facts, err := ParseFacts("p.yaml", text)
		if (facts == nil) != (err != nil) {
			t.Errorf("%v and %v", facts, err)
		}
	})
}
