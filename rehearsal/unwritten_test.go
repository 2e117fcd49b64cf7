package rehearsal

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rehearse/results"
	"rehearse/results/report"
)

// TestUnwritten: a run whose directory can no longer be written says all the same
// what it came to, and that it is invalid for that.
func TestUnwritten(t *testing.T) {
	t.Parallel()
	scene, out := filepath.Join(t.TempDir(), "s.yaml"), filepath.Join(t.TempDir(), "out")
	text := "name: small\ntarget: {connections: 2}\nload: {profile: \"const(200, 1s)\"}\n" +
		"batching: {events: 10}\ntraffic: {}\n"
	if err := os.WriteFile(scene, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	run, err := Run(t.Context(), t.Context(), Options{Scenario: scene, Directory: out,
		testNetwork: testNetwork{dial: func(ctx context.Context, addr string) (net.Conn, error) {
			once.Do(func() { os.RemoveAll(out) })
			return new(net.Dialer).DialContext(ctx, "tcp", addr)
		}}})
	if err != nil || run.Result.Verdict != results.Invalid || run.Result.Events.Accepted != 200 {
		t.Fatalf("%v, %+v", err, run)
	}
	var printed strings.Builder
	if err := report.WriteText(&printed, run, 1000); err != nil ||
		!strings.Contains(printed.String(), "cannot write run directory") {
		t.Errorf("%v\n%s", err, &printed)
	}
}
