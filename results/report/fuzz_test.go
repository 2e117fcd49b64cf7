package report

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"rehearse/results"
)

// Whatever somebody wrote into the files of a run, its report is drawn.
func FuzzHTML(f *testing.F) {
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join("../testdata/small-import", name))
		if err != nil {
			f.Fatal(err)
		}
		return text
	}
	result, timeline, latency := read(results.ResultFile), read(results.TimelineFile), read(results.LatencyFile)
	f.Add(result, timeline, latency)
	f.Add(bytes.ReplaceAll(result, []byte("15.905"), []byte("1e308")), bytes.ReplaceAll(timeline, []byte("600.000"), []byte("+Inf")),
		bytes.ReplaceAll(latency, []byte(",1.000,"), []byte(",NaN,")))
	f.Add(bytes.ReplaceAll(result, []byte(`"to_s": 5`), []byte(`"to_s": -1e300`)), timeline, bytes.ReplaceAll(latency, []byte(",1.000,"), []byte(",Inf,")))
	f.Fuzz(func(t *testing.T, result, timeline, latency []byte) {
		dir := t.TempDir()
		for name, text := range map[string][]byte{results.ResultFile: result, results.TimelineFile: timeline, results.LatencyFile: latency} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		run, err := results.Open(dir)
		if err != nil {
			return
		}
		if text, err := HTML(run); err == nil && bytes.Count(text, []byte("<script")) != 1 {
			t.Error("the report has a script of others")
		}
	})
}
