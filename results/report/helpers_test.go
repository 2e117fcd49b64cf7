package report

import (
	"testing"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/rundir"
	"rehearse/results/runtest"
)

// create makes a directory whose run is on a machine that is never busy: what the
// one that the tests are on does meanwhile would show in warnings and verdict.
func create(t testing.TB, path string, m results.Manifest) *rundir.Directory {
	t.Helper()
	m.Generator = &results.Generator{}
	d, err := rundir.Create(path, m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func open(t *testing.T, path string) *rundir.Run {
	t.Helper()
	run, err := rundir.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// rehearse writes a run of n requests, and does not close it.
func rehearse(t testing.TB, path string, n int, reasonOf func(int) (capture.Reason, int)) *rundir.Directory {
	t.Helper()
	d := create(t, path, runtest.Manifest(n))
	runtest.Feed(t, n, reasonOf, d.Write)
	return d
}

// kill leaves a directory as the end of its process does.
func kill(t *testing.T, d *rundir.Directory) {
	t.Helper()
	if err := d.Lock.Close(); err != nil {
		t.Fatal(err)
	}
}
