package results

import (
	"testing"

	"rehearse/capture"
)

const reportRaced = false

// create makes a directory whose run is on a machine that is never busy: what the
// one that the tests are on does meanwhile would show in warnings and verdict.
func reportCreate(t testing.TB, path string, m Manifest) *Directory {
	t.Helper()
	m.Generator = &Generator{}
	d, err := Create(path, m)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func reportOpen(t *testing.T, path string) *Run {
	t.Helper()
	run, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// rehearse writes a run of n requests, and does not close it.
func reportRehearse(t testing.TB, path string, n int, reasonOf func(int) (capture.Reason, int)) *Directory {
	t.Helper()
	d := reportCreate(t, path, SampleManifest(n))
	SampleFeed(t, n, reasonOf, d.Write)
	return d
}

// kill leaves a directory as the end of its process does.
func reportKill(t *testing.T, d *Directory) {
	t.Helper()
	if err := d.Lock.Close(); err != nil {
		t.Fatal(err)
	}
}
