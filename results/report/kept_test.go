package report

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"rehearse/internal/text"
	"rehearse/results/rundir"
)

// TestKeptRun: the directory of a run that an earlier version wrote, with a ledger,
// histograms, refused requests and what its endpoint counted, is read whole, its files
// agree with each other, and its reports say the same from version to version.
func TestKeptRun(t *testing.T) {
	t.Parallel()
	run := open(t, "../rundir/testdata/kept-run")
	if run.CrossCheck(); run.Result.Verdict == "invalid" || run.Endpoint == nil {
		t.Errorf("%s, %q; the endpoint counted %+v", run.Result.Verdict, run.Result.Warnings, run.Endpoint)
	}
	ledger, err := run.Ledger()
	if err != nil || len(ledger.Damage) > 0 || ledger.Segments != run.Result.Ledger.Segments {
		t.Errorf("ledger %+v, error %v", ledger, err)
	}
	for name, write := range map[string]func(io.Writer, *rundir.Run) error{
		"kept-run.md":       WriteMarkdown,
		"kept-run.txt":      func(w io.Writer, r *rundir.Run) error { return WriteText(w, r, text.Columns) },
		"kept-run.rejected": func(w io.Writer, r *rundir.Run) error { return WriteRejected(w, r, text.Columns) },
	} {
		var got bytes.Buffer
		if err := write(&got, run); err != nil {
			t.Fatal(err)
		}
		if *update {
			if err := os.WriteFile(filepath.Join("testdata", name), got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s has changed: look at it, then run with -update:\n%s", name, got.Bytes())
		}
	}
}
