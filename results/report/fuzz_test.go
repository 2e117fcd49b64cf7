package report

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rehearse/results/rundir"
)

// Whatever lies beside a result, its report is drawn.
func FuzzBeside(f *testing.F) {
	f.Add([]byte(checkText), []byte(endpointText), []byte("rate: 5000/s\n"))
	f.Add([]byte(`{"format": "rehearse/check/v1", "hot_ids": [{"share": 1e308, "peak_per_s": -1e308, `+
		`"overflows_at_s": 1e300}], "partitions": {"count": 1, "max_events": 1e308}}`),
		[]byte(`{"format": "rehearse/stage/v1", "pipeline": {"lanes": [{"lane": "main", "events": -9, `+
			`"partitions": [-9223372036854775808]}], "hot_ids": [{"events": -1, "uncertain": 1}]}}`),
		[]byte("\xff</pre><script>"))
	result, err := os.ReadFile(filepath.Join("../rundir/testdata/small-import", rundir.ResultFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, check, endpoint, permit []byte) {
		dir := t.TempDir()
		for name, text := range map[string][]byte{
			rundir.ResultFile: result, rundir.CheckFile: check,
			rundir.EndpointFile: endpoint, rundir.PermitFile: permit,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		run, err := rundir.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		text, err := HTML(run)
		if err != nil || bytes.Count(text, []byte("<script")) != 1 || bytes.Contains(text, []byte("NaN")) {
			t.Errorf("error %v, or a script of others, or no number", err)
		}
	})
}

// Whatever a person wrote into the files of a run, its report is drawn.
func FuzzHTML(f *testing.F) {
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join("../rundir/testdata/small-import", name))
		if err != nil {
			f.Fatal(err)
		}
		return text
	}
	result, timeline, latency := read(rundir.ResultFile), read(rundir.TimelineFile), read(rundir.LatencyFile)
	f.Add(result, timeline, latency)
	f.Add(bytes.ReplaceAll(result, []byte("15.905"), []byte("1e308")),
		bytes.ReplaceAll(timeline, []byte("600.000"), []byte("+Inf")),
		bytes.ReplaceAll(latency, []byte(",1.000,"), []byte(",NaN,")))
	f.Add(bytes.ReplaceAll(result, []byte(`"to_s": 5`), []byte(`"to_s": -1e300`)), timeline,
		bytes.ReplaceAll(latency, []byte(",1.000,"), []byte(",Inf,")))
	f.Fuzz(func(t *testing.T, result, timeline, latency []byte) {
		dir := t.TempDir()
		for name, text := range map[string][]byte{
			rundir.ResultFile:   result,
			rundir.TimelineFile: timeline,
			rundir.LatencyFile:  latency,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		run, err := rundir.Open(dir)
		if err != nil {
			return
		}
		if text, err := HTML(run); err == nil && bytes.Count(text, []byte("<script")) != 1 {
			t.Error("the report has a script of others")
		}
	})
}
