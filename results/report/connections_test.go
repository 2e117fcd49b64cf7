package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
	"rehearse/results/runtest"
)

// TestOpenings: what connections took is in the run directory, and in the report
// of a run that opened some.
func TestOpenings(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run")
	r, err := rehearse(t, path, 2000, runtest.Accept).Close(results.Final{Ended: results.Completed})
	if err != nil {
		t.Fatal(err)
	}
	// Of 2000 requests every hundredth, 20, tried; of these the 10th and the 20th failed, which were to be encrypted.
	if c := r.Connections; c == nil || *c != (results.Connections{Opened: 18, Failed: 2, Unsolicited: 8}) {
		t.Errorf("%+v, want 18 opened, 2 failed and 8 unasked answers", c)
	}
	if r.Connect == nil || r.Connect.Count != 18 || r.Connect.Max != 2 {
		t.Errorf("connect: %+v", r.Connect)
	}
	// 199, 399, … 1799, without 999 and 1999
	if r.TLS == nil || r.TLS.Count != 8 || r.TLS.Max < 1799 || r.TLS.Max > 1801 {
		t.Errorf("tls: %+v", r.TLS)
	}
	var page strings.Builder
	if err := WriteText(&page, open(t, path), text.Columns); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n  connect ", "\n  tls ", "\n  connected  18 connections, and 2 could not be opened\n",
		"unsolicited responses: 8 ",
	} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("no %q in\n%s", want, page.String())
		}
	}
	log, err := os.ReadFile(filepath.Join(path, rundir.LatencyFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"Tag=connect,", "Tag=tls,"} {
		if !bytes.Contains(log, []byte(tag)) {
			t.Errorf("no %s in the log", tag)
		}
	}
	quiet := judge.NewJudge(&results.Manifest{}).Result(results.Final{}, results.Count{}, &judge.Evidence{})
	if quiet.Connections != nil || quiet.Connect != nil || quiet.TLS != nil || len(timesOf(quiet)) != 3 {
		t.Errorf("a run that opened nothing speaks of connections: %+v", quiet)
	}
}
