package scenario

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"rehearse/scenario/strict"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("scenario.json", tree); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate judges the YAML by the schema, as an editor would.
func validate(t *testing.T, s *jsonschema.Schema, text string) error {
	t.Helper()
	var tree any
	if err := yaml.Load([]byte(text), &tree); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	inJSON, err := json.Marshal(withTextKeys(tree))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := jsonschema.UnmarshalJSON(bytes.NewReader(inJSON))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(plain)
}

// withTextKeys turns keys such as 404 into text, which JSON demands.
func withTextKeys(tree any) any {
	switch tree := tree.(type) {
	case map[any]any:
		out := make(map[string]any)
		for k, v := range tree {
			key, _ := yaml.Dump(k)
			out[strings.TrimSpace(string(key))] = withTextKeys(v)
		}
		return out
	case map[string]any:
		for k, v := range tree {
			tree[k] = withTextKeys(v)
		}
	case []any:
		for i, v := range tree {
			tree[i] = withTextKeys(v)
		}
	}
	return tree
}

// goodFiles are files that both must take.
func goodFiles() []string {
	return []string{
		minimal,
		"name: a\nabout: b\nload: {stages: [{to: 5, over: 1s}, {from: 5k, to: 300k/min, over: 1.5h}, {to: 0, over: " +
			"0}, {to: 1, over: 1d2h}]}\ntraffic: {}\n",
		"name: ${N:-a}\nload: {profile: \"step(1, 5, 1, 1s)\\nline(0,1,1s)\", arrivals: poisson, late: skip}\n" +
			"traffic: {seed: \"7\", timestamps: now}\n",
		"name: A.b_c-9\nreplay: {files: [doc.go]}\n",
		"name: a\nreplay: {files: ['*.go', doc.go], format: jsonl, speed: 0.5, order: none, fields: {uuid: ''}}\n" +
			"load: {late: skip}\n",
		"name: a\nreplay: {files: ['.', '-'], format: amplitude, max_gap: 1m, from: 2026-01-01, to: " +
			"2026-01-02, loop: 3, reorder: 0, timestamps: kept, max_bad: 0}\n",
		"name: a\nreplay: {files: [doc.go], max_bad: 1.5%, sample: {persons: 10%, events: [a]}, pseudonymize: true, " +
			"keep: [plan]}\n",
		minimal + "target: {url: '', endpoint: batch, compression: none, connections: 1_000, timeout: 250ms, " +
			"historical_migration: false}\n",
		minimal + "target: {url: 'https://host:80/path', connections: '${N:-4}', timeout: '${T:-1s}', compression: " +
			"'${C:-gzip}', historical_migration: '${H:-false}'}\n",
		minimal + "staging: {generation: 2024, capacity: 20k/s, concurrency: 8, partitions: 12, per_minute: 5k, " +
			"overflow: [t], over_quota: [u]}\n",
		minimal + "staging: {overflow_limit: {rate: 20, burst: 200, keeps_order: true}, known_tokens: [a], drop: " +
			"['a:b'], mode: import, historical_after: 24h, v1: false}\n",
		minimal + "staging: {overflow_limit: off, mode: events, script: [{from: 0s, to: 1m, reject: {503: 10%}, " +
			"stored: 33%}]}\n",
		minimal + "staging: {script: [{from: 0s, to: 1m, stall: true, delay: {min: 1ms, max: 2ms, mean: 3ms}, " +
			"read_bytes: 10kB}, {from: 1s, to: 2s, delay: 5ms, reject: {503: 1.5%, '429': 1%}, retry_after: 2s, " +
			"reset_before: 1%, reset: 1%, truncate: 1%, drop: 1%, again: 1%}]}\n",
		minimal + "target: {client: posthog-js, keep_alive: false, compression: none}\nretry: sdk\n",
		minimal + "target: {endpoint: v1, compression: zstd, historical_migration: true}\n",
		minimal + "batching: {events: 1k, bytes: 64KiB, age: 0}\n",
		minimal + "batching: {events: {min: 1, max: 100000}, bytes: 5000000, age: 1m}\n",
		minimal + "intake: {committed: false, starts: 2026-12-01, apps: true}\n",
		minimal + "intake: {starts: '2026-12-01T10:00:00.5Z'}\n",
		minimal + "intake: {committed: yes, overlap: No, apps: '${A:-yes}', unanswered: [starts, " +
			"'${Q:-hottest-ids}']}\n",
		minimal + "thresholds: ['p99 < 500ms', 'service max<=1.5s', 'lag mean > 1us', 'rejected(5xx) == 0', " +
			"'accepted >= 99.9%', ' late < 1k ']\n",
		minimal + "abort: ['http(5xx, 10%, 30s)', 'latency(p99, 5s, 30s)', 'net(20%, 10s)', ' rejected (50, 1m)']\n",
		minimal + "thresholds: ['lost == 0', 'duplicated<0.01%', 'misordered < 1%', 'visible p95 < 30s', 'p99 < 1s']\n",
		minimal + "thresholds: ['p99 < 500ms in stage 1', 'rejected(429) < 1% every 30s', 'dropped == 0', " +
			"'p50 < 1s in 1']\n",
		"name: a\nload: {stages: [{to: 5, over: 9s, name: hold}]}\ntraffic: {}\nthresholds: [p99 < 1s in hold]\n",
		minimal + "target: {prometheus: 'http://127.0.0.1:9090', metrics: {lag: 'max(kafka_lag{a=\"b\"})', up: up}, " +
			"backlog: lag}\nthresholds: ['metric(lag) < 10k', 'metric(up) >= 0.5', 'metric(lag) > -1e3']\n",
		minimal + "background: {load: {profile: 'const(5, 1s)'}, traffic: {}, retry: sdk, target: {token: phc_live, " +
			"client: posthog-js}, thresholds: [p99 < 1s], abort: ['net(20%, 10s)']}\n",
		minimal + "background: {replay: {files: [doc.go]}, batching: {events: 5}}\n",
		minimal + "retry: sdk\ncontact: a\n", minimal + "retry: none\ncustomer: b\ncontact: ''\n",
		strings.Replace(minimal, "{}",
			"{distinct_ids: {count: 1G, skew: 0, hot: [{id: a, share: 5%}, {share: 0.5 %}]}, events: {a: 1, b: 0.5, "+
				"c: '2'}}", 1),
		strings.Replace(minimal, "{}", "{distinct_ids: {prefix: 'rehearsal-7-', style: uuid}}", 1),
		strings.Replace(minimal, "{}",
			"{properties: {bytes: {p50: 400, p99: 4kB}}, timestamps: {from: 2025-01-01, to: '2025-01-02 03:04:05'}}",
			1),
		strings.Replace(minimal, "{}",
			"{timestamps: {disorder: 1m}, faults: {}, visits: {}, groups: {a: 5}, personless: 100%}", 1),
		strings.Replace(minimal, "{}", "{tokens: [{token: phc_one}, {token: '${T:-phc_two}', weight: 2.5}]}", 1),
		strings.Replace(minimal, "{}",
			"{distinct_ids: {hot: [{events: 5}], style: '${S:-uuid}'}, faults: {invalid: 1%}}", 1),
		strings.Replace(minimal, "{}", "{merges: {delay: {p50: 1h, p90: 2d}}, events: {a: 9, $identify: 1}}", 1),
		strings.Replace(minimal, "{}",
			"{visits: {events: 2.5}, merges: {fan_in: 100%}, events: {a: {weight: 9}, $identify: 1}, faults: "+
				"{merges_out_of_order: 5%}}", 1),
		strings.Replace(minimal, "{}",
			"{events: {a: {from: mobile, properties: {b: 5, c: [x, 1.5, null], d: {choices: {y: 2}}, e: {number: [-1, "+
				"1.5], decimals: 1}, f: {words: 3}, g: {object: {}}}}}}", 1),
	}
}

// badFiles are files that neither may take.
func badFiles() []string {
	return []string{
		"[]", "name: a", strings.Replace(minimal, "name: a", "name: ''", 1),
		strings.Replace(minimal, "name: a", "name: .a", 1),
		strings.Replace(minimal, "name: a", "name: a b", 1), strings.Replace(minimal, "name: a", "name: 5", 1),
		strings.Replace(minimal, "name: a", "about: a", 1),
		minimal + "target: {prometheus: 'ftp://h', metrics: {lag: up}}\n",
		minimal + "target: {prometheus: 'http://h', metrics: {'a b': up}}\n",
		minimal + "target: {prometheus: 'http://h', metrics: [up]}\n",
		minimal + "thresholds: ['metric(a b) < 5']\n", minimal + "thresholds: ['metric(lag) < fast']\n",
		strings.Replace(minimal, "{}", "{distinct_ids: {prefix: 'a%b'}}", 1),
		strings.Replace(minimal, "{}", "{distinct_ids: {prefix: ''}}", 1),
		minimal + "background: {}\n", minimal + "background: {name: b, replay: {files: [doc.go]}}\n",
		minimal + "background: {traffic: {}, load: {profile: 5}}\n",
		minimal + "replay: {files: [doc.go]}\n", minimal + "abort: x\n", minimal + "abort: ['net(20%)']\n",
		minimal + "abort: ['time(5s, 3s)']\n", minimal + "abort: ['http(6xx, 1%, 3s)']\n",
		minimal + "thresholds: ['p99 < 5ms at night']\n", minimal + "thresholds: ['p99 < 5ms every hold']\n",
		strings.Replace(minimal, "profile: 'const(10, 1s)'", "stages: [{to: 5, over: 1s, name: 2}]", 1),
		minimal + "retry: always\n", minimal + "thresholds: p99 < 1s\n",
		minimal + "target: {url: capture.example}\n", minimal + "target: {url: 'http://u:p@host'}\n",
		minimal + "target: {url: 'http://host?q'}\n",
		minimal + "target: {endpoint: v2}\n", minimal + "target: {client: posthog}\n",
		minimal + "target: {compression: lz4}\n", minimal + "target: {token: ''}\n", minimal + "target: {token: 5}\n",
		minimal + "target: {connections: 0}\n", minimal + "target: {connections: 10001}\n",
		minimal + "target: {connections: 1.5}\n", minimal + "target: {connections: 1K}\n",
		minimal + "target: {timeout: 15}\n", minimal + "target: {timeout: -1s}\n",
		minimal + "target: {historical_migration: maybe}\n", minimal + "target:\n",
		minimal + "batching: {events: 0}\n", minimal + "batching: {events: {min: 5}}\n",
		minimal + "batching: {bytes: 5mb}\n", minimal + "batching: {bytes: 10}\n", minimal + "batching: {age: 1y}\n",
		minimal + "staging: {generation: 2023}\n", minimal + "staging: {capacity: fast}\n",
		minimal + "staging: {script: [{from: 1s}]}\n", minimal + "staging: {script: [{from: 1s, to: 2s, drop: 5}]}\n",
		minimal + "intake: {starts: tomorrow}\n", minimal + "intake: {apps: 'true'}\n",
		minimal + "intake: {apps: perhaps}\n", minimal + "intake: {overlap: 1}\n",
		minimal + "intake: {unanswered: peak-rate}\n", minimal + "intake: {unanswered: [peak]}\n",
		minimal + "intake: {unanswered: [ramp, ramp]}\n",
		minimal + "thresholds: ['visible < 5s']\n", minimal + "thresholds: ['lost < 5s']\n",
		minimal + "thresholds: ['p99 < 500']\n", minimal + "thresholds: ['p99 = 5ms']\n",
		minimal + "thresholds: ['rejected(600) < 1%']\n", minimal + "thresholds: [5]\n",
		"name: a\nload: {stages: [{from: 5, over: 1s}]}\ntraffic: {}\n",
		"name: a\nload: {stages: [{to: -5, over: 1s}]}\ntraffic: {}\n",
		"name: a\nload: {profile: 'sine(1, 1s)'}\ntraffic: {}\n", "name: a\nload: {profile: 5}\ntraffic: {}\n",
		"name: a\nload: {follow: {scale: 1}}\ntraffic: {}\n",
		"name: a\nload: {profile: 'const(1, 1s)', arrivals: often}\ntraffic: {}\n",
		"name: a\nload: {profile: 'const(1, 1s)', late: never}\ntraffic: {}\n",
		"name: a\nreplay: {}\n", "name: a\nreplay: {files: []}\n", "name: a\nreplay: {files: doc.go}\n",
		"name: a\nreplay: {files: [doc.go], speed: 0}\n",
		"name: a\nreplay: {files: [doc.go], format: har}\n",
		"name: a\nreplay: {files: [doc.go], pseudonymize: often}\n",
		"name: a\nreplay: {files: [doc.go], pseudonymize: true, key: abc}\n",
		"name: a\nreplay: {files: [doc.go], max_gap: often}\n", "name: a\nreplay: {files: [doc.go], max_bad: few}\n",
		"name: a\nreplay: {files: [doc.go], loop: 0}\n",
		"name: a\nreplay: {files: [doc.go], timestamps: never}\n",
		"name: a\nreplay: {files: [doc.go], sample: {persons: 0.1}}\n",
		"name: a\nreplay: {files: [doc.go], sample: {person: 1%}}\n",
		"name: a\nreplay: {files: [doc.go], fields: {event: 5}}\n",
		strings.Replace(minimal, "{}", "{seed: -1}", 1), strings.Replace(minimal, "{}", "{seed: 1.5}", 1),
		strings.Replace(minimal, "{}", "{faults: {duplicates: 1}}", 1),
		strings.Replace(minimal, "{}", "{distinct_ids: {count: 0}}", 1),
		strings.Replace(minimal, "{}", "{distinct_ids: {skew: 11}}", 1),
		strings.Replace(minimal, "{}", "{distinct_ids: {hot: [{id: a}]}}", 1),
		strings.Replace(minimal, "{}", "{distinct_ids: {hot: [{share: 0.05}]}}", 1),
		strings.Replace(minimal, "{}", "{events: {}}", 1), strings.Replace(minimal, "{}", "{events: {a: -1}}", 1),
		strings.Replace(minimal, "{}", "{events: [a]}", 1),
		strings.Replace(minimal, "{}", "{properties: {}}", 1),
		strings.Replace(minimal, "{}", "{properties: {bytes: {p50: 5}}}", 1),
		strings.Replace(minimal, "{}", "{properties: {bytes: 5}}", 1),
		strings.Replace(minimal, "{}", "{distinct_ids: {hot: [{share: 5%, events: 5}]}}", 1),
		strings.Replace(minimal, "{}", "{distinct_ids: {style: hash}}", 1),
		strings.Replace(minimal, "{}", "{tokens: [{weight: 1}]}", 1), strings.Replace(minimal, "{}", "{tokens: []}", 1),
		strings.Replace(minimal, "{}", "{tokens: phc_one}", 1),
		strings.Replace(minimal, "{}", "{visits: {events: 0.5}}", 1),
		strings.Replace(minimal, "{}", "{merges: {fan_in: 5}}", 1),
		strings.Replace(minimal, "{}", "{merges: {delay: 5s}}", 1),
		strings.Replace(minimal, "{}", "{merges: {delay: {p50: 5s}}}", 1),
		strings.Replace(minimal, "{}", "{merges: {delay: {p50: 5, p90: 10s}}}", 1),
		strings.Replace(minimal, "{}", "{groups: [a]}", 1),
		strings.Replace(minimal, "{}", "{faults: {invalid: {nonsense: 1%}}}", 1),
		strings.Replace(minimal, "{}", "{timestamps: {day: 5%}}", 1),
		strings.Replace(minimal, "{}", "{timestamps: {from: 2025-01-01, to: 2025-02-01, zone: CET}}", 1),
		strings.Replace(minimal, "{}", "{events: {a: {from: car}}}", 1),
		strings.Replace(minimal, "{}", "{events: {a: {properties: {b: []}}}}", 1),
		strings.Replace(minimal, "{}", "{events: {a: {properties: {b: {}}}}}", 1),
		strings.Replace(minimal, "{}", "{events: {a: {properties: {b: {number: 5}}}}}", 1),
		strings.Replace(minimal, "{}", "{events: {a: {properties: {b: {words: 5, decimals: 1}}}}}", 1),
		strings.Replace(minimal, "{}", "{timestamps: then}", 1),
		strings.Replace(minimal, "{}", "{timestamps: {from: 2025-01-01}}", 1),
	}
}

// TestSchemaAgreesWithLoader holds both to one table. What only the loader can
// judge is not in it.
func TestSchemaAgreesWithLoader(t *testing.T) {
	t.Parallel()
	schema := compiled(t)
	for _, text := range goodFiles() {
		if _, err := Parse("a.yaml", []byte(text), Options{}); err != nil {
			t.Errorf("the loader refuses\n%s%v", text, err)
		}
		if err := validate(t, schema, text); err != nil {
			t.Errorf("the schema refuses\n%s%v", text, err)
		}
	}
	for _, text := range badFiles() {
		if _, err := Parse("a.yaml", []byte(text), Options{}); err == nil {
			t.Errorf("the loader takes\n%s", text)
		}
		if err := validate(t, schema, text); err == nil {
			t.Errorf("the schema takes\n%s", text)
		}
	}
}

func TestSchemaTakesTheTestFiles(t *testing.T) {
	t.Parallel()
	schema := compiled(t)
	for _, name := range []string{"every", "replay"} {
		text, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(t, schema, string(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// walkSchema visits every closed mapping of a schema with its path and fields.
func walkSchema(node map[string]any, path string, visit func(path string, fields map[string]any)) {
	if fields, closed := node["properties"].(map[string]any); closed {
		visit(path, fields)
		for name, child := range fields {
			walkSchema(child.(map[string]any), strings.TrimPrefix(path+"."+name, "."), visit)
		}
	}
	if items, ok := node["items"].(map[string]any); ok {
		walkSchema(items, path+"[0]", visit)
	}
	choices, _ := node["anyOf"].([]any)
	for _, choice := range choices {
		walkSchema(choice.(map[string]any), path, visit)
	}
}

func schemaTree(t *testing.T) map[string]any {
	t.Helper()
	var tree map[string]any
	if err := json.Unmarshal(Schema(), &tree); err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestSchemaHasTheFieldsOfTheLoader asks the loader, mapping by mapping, what it
// knows: a field of a strange name is answered with the names of all others.
func TestSchemaHasTheFieldsOfTheLoader(t *testing.T) {
	t.Parallel()
	inSchema := make(map[string][]string)
	walkSchema(schemaTree(t), "", func(path string, fields map[string]any) {
		inSchema[path] = slices.Sorted(maps.Keys(fields))
	})
	inLoader := make(map[string][]string)
	for path := range inSchema {
		inLoader[path] = loaderFields(t, path)
	}
	if diff := cmp.Diff(inLoader, inSchema); diff != "" {
		t.Errorf("fields differ (-loader +schema):\n%s", diff)
	}
	if len(inSchema) != 41 {
		t.Errorf("%d mappings, want 41", len(inSchema))
	}
}

func loaderFields(t *testing.T, path string) []string {
	t.Helper()
	text := "{quite_unheard_of: 1}"
	steps := strings.Split(path, ".")
	for _, step := range slices.Backward(steps) {
		name, item := strings.CutSuffix(step, "[0]")
		if item {
			text = "[" + text + "]"
		}
		if name != "" {
			text = "{" + name + ": " + text + "}"
		}
	}
	_, err := Parse("a.yaml", []byte(text), Options{})
	var all strict.Errors
	errors.As(err, &all)
	for _, e := range all {
		if list, ok := strings.CutPrefix(e.Hint, "known here: "); ok && e.What == "unknown field" {
			return strings.Split(list, ", ")
		}
	}
	t.Fatalf("%s: the loader did not say what it knows:\n%v", text, err)
	return nil
}

// TestSchemaDescribesEveryField makes sure that an editor has something to show.
func TestSchemaDescribesEveryField(t *testing.T) {
	t.Parallel()
	walkSchema(schemaTree(t), "", func(path string, fields map[string]any) {
		for name, field := range fields {
			if text, _ := field.(map[string]any)["description"].(string); len(text) < 5 {
				t.Errorf("%s.%s has no description", path, name)
			}
		}
	})
}
