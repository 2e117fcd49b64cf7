package rundir

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rehearse/results"
	"rehearse/results/runtest"
)

func TestResultsKeepTheSchema(t *testing.T) {
	t.Parallel()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("result", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("result")
	if err != nil {
		t.Fatal(err)
	}
	holds := func(name, path string) {
		text, err := os.ReadFile(filepath.Join(path, ResultFile))
		if err != nil {
			t.Fatal(err)
		}
		result, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(result); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	path := t.TempDir()
	if _, err := Create(filepath.Join(path, "new"), runtest.Manifest(10)); err != nil {
		t.Fatal(err)
	}
	holds("a run that has not begun", filepath.Join(path, "new"))
	d := rehearse(t, filepath.Join(path, "run"), 1500, runtest.Reason)
	holds("a run that goes on", filepath.Join(path, "run"))
	if _, err := d.Close(results.Final{Ended: results.Interrupted, Why: "Ctrl-C"}); err != nil {
		t.Fatal(err)
	}
	holds("a closed run", filepath.Join(path, "run"))
}

// The schema describes every field and no other, and the fields stand in the
// order of the contract.
func TestResultFieldsInOrder(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(&results.Result{
		Stages:     []results.StageRow{{}},
		Rejections: []results.RejectionRow{{}},
		Thresholds: []results.ThresholdRow{{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"format":"","run":{"id":"","scenario":"","scenario_sha256":"","seed":0,"started_at":"","seconds":0,` +
		`"target":"","ended":"","why":"","rule":"","shard":{"index":0,"of":0}},` +
		`"planned":{"events":0,"requests":0,"peak_events_per_s":0},` +
		`"stages":[{"name":"","from_s":0,"to_s":0,"from_events_per_s":0,"to_events_per_s":0}],` +
		`"requests":{"sent":0,"accepted":0,"rejected":0,"may_be_stored":0,"ambiguous":0,"unsent":0,"retried":0},` +
		`"events":{"sent":0,"accepted":0,"rejected":0,"may_be_stored":0,"ambiguous":0,"unsent":0},` +
		`"bytes":{"body":0,"wire":0},` +
		`"rejections":[{"reason":"","side":"","status":0,"requests":0,"events":0}],` +
		`"latency_ms":{"count":0,"mean":0,"p50":0,"p90":0,"p95":0,"p99":0,"p99.9":0,"max":0},` +
		`"service_ms":{"count":0,"mean":0,"p50":0,"p90":0,"p95":0,"p99":0,"p99.9":0,"max":0},` +
		`"lag_ms":{"count":0,"mean":0,"p50":0,"p90":0,"p95":0,"p99":0,"p99.9":0,"max":0},` +
		`"generator":{"cpu_seconds":0,"rss_bytes":0,"bottleneck":"","schedule_kept":0,"connections":0,"cores":0,` +
		`"cpu_busiest":0,"throttled":0,"machine_busiest":0,"gc_pause_max_ms":0,"held_up_s":0,"files":0,` +
		`"files_limit":0,"clock_step_ms":0,"run_delay":0,"stalls":0,"stalled_s":0,"stall_max_ms":0,` +
		`"stall_at_s":0,"stall_cause":"","segments":0,"segments_sent_again":0,"segments_thrown_away":0,` +
		`"net_drops":0,"listen_overflows":0,"tcp_resent":0},` +
		`"thresholds":[{"text":"","value":"","ok":false}],"verdict":"","warnings":null}`
	if string(text) != want {
		t.Errorf("result.json\n%s, want\n%s", text, want)
	}
}
