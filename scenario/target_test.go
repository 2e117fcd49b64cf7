package scenario

import (
	"strings"
	"testing"
	"time"
)

// TestEndpointChecks: what an endpoint cannot do is a mistake of the file.
func TestEndpointChecks(t *testing.T) {
	t.Parallel()
	const head = "name: a\nload: {profile: 'const(1, 1s)'}\ntraffic: {}\n"
	for _, row := range []struct{ text, want string }{
		{head + "target: {endpoint: v1, compression: br}\n", ""},
		{head + "target: {compression: br}\n",
			"target.compression: br is for endpoint v1 alone (set target.endpoint to v1, or compress with gzip)"},
		{head + "target: {endpoint: capture, compression: zstd}\n",
			"target.compression: zstd is for endpoint v1 alone"},
		{"name: a\nreplay: {files: [doc.go], format: capture}\ntarget: {endpoint: v1}\n",
			"target.endpoint: has no meaning for recorded requests"},
		{head + "target: {url: 'http://127.0.0.1:1'}\nstaging: {}\n", "staging: has no meaning"},
		{head + "target: {client: posthog-go, endpoint: v1}\n", ""},
		{head + "target: {client: posthog-js, endpoint: v1}\n", "target.client: has no meaning for endpoint v1"},
		{head + "target: {client: posthog-python, endpoint: capture}\n",
			"target.client: has no meaning for endpoint capture"},
		{"name: a\nreplay: {files: [doc.go], format: capture}\ntarget: {client: importer}\n",
			"target.client: has no meaning for recorded requests"},
		{head + "target: {compression: base64}\n",
			"target.compression: base64 bodies, which are forms, are not made (write gzip; " +
				"recorded forms are sent byte for byte with replay.format: capture)"},
		{head + "target: {compression: lz64}\n",
			"target.compression: lz64 bodies, which are forms, are not made (write gzip"},
		{head + "target: {endpoint: v1, path: /e/}\n", "target.path: has no meaning for endpoint v1"},
		{head + "target: {compression: none, hint: query}\n", "target.hint: has no meaning without compression"},
		{head + "target: {hint: form}\n",
			"target.hint: forms are not made (write header, query or none; recorded forms"},
		{head + "target: {path: /s/}\n", `target.path: unknown word "/s/"`},
		{head + "target: {endpoint: array, historical_migration: true}\n",
			"target.historical_migration: a list has no place for it"},
		{head + "target: {client: posthog-js, endpoint: array}\n", ""},
		{head + "target: {client: posthog-go, endpoint: array}\n", "target.client: has no meaning for endpoint array"},
		{head + "target: {path: /engage/, hint: query}\n", ""},
		{head + "target: {hint: none}\n", ""},
		{"name: a\nreplay: {files: [doc.go], format: capture}\ntarget: {path: /e/}\n",
			"target.path: has no meaning for recorded requests"},
		{head + "target: {endpoint: v1}\nstaging: {generation: 2024}\n",
			"a.yaml:5:11: staging.generation: the service of 2024 has no v1"},
		{head + "target: {path: /track/}\nstaging: {generation: 2024}\n",
			"staging.generation: the service of 2024 does not know /track/"},
		{head + "target: {path: /e/}\nstaging: {generation: 2024}\n", ""},
		{head + "target: {endpoint: v1}\nstaging: {v1: false}\n", "staging.v1: requests go to v1"},
		{head + "staging: {generation: 2024, mode: import}\n", "staging: the service of 2024 knows no tokens"},
		{head + "staging: {mode: imports}\n", "staging.mode: unknown mode"},
		{head + "staging: {overflow_limit: on}\n", "staging.overflow_limit: must be off, or a rate and a burst"},
		{head + "staging: {overflow_limit: {rate: 5}}\n", "staging.overflow_limit"},
		{head + "staging: {script: [{from: 2s, to: 1s}]}\n", "staging.script[0]: from is not before to"},
		{head + "staging: {script: [{from: 1s, to: 2s, drop: 60%, reject: {503: 60%}}]}\n",
			"staging.script[0]: the shares of requests add up to more than 100%"},
		{head + "staging: {script: [{from: 1s, to: 2s, drop: 0.05%}]}\n",
			"staging.script[0].drop: must be a multiple of 0.1%"},
		{head + "staging: {script: [{from: 1s, to: 2s, reject: {200: 5%}}]}\n",
			"staging.script[0].reject.200: must be a status from 300 to 599"},
		{head + "staging: {script: [{from: 1s, to: 2s, delay: {min: 2s, max: 1s}}]}\n",
			"staging.script[0].delay: min is more than max"},
	} {
		_, err := Parse("a.yaml", []byte(row.text), Options{})
		switch {
		case row.want == "" && err != nil:
			t.Errorf("%s%v", row.text, err)
		case row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%s: %v, want %s", row.text, err, row.want)
		}
	}
}

// TestPolicyWaits: 100 ms doubled up to 30 s, and at least what is asked for.
func TestPolicyWaits(t *testing.T) {
	t.Parallel()
	p := (&Scenario{}).Policy()
	for n, want := range []time.Duration{100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond} {
		if got := p.Wait(n, 0.9, 0); got != want {
			t.Errorf("before retry %d: %v, want %v", n, got, want)
		}
	}
	if got := p.Wait(20, 0, 0); got != 30*time.Second { // 100 ms × 2^20 is a day
		t.Errorf("the longest wait is %v", got)
	}
	if got := p.Wait(0, 0, time.Minute); got != time.Minute {
		t.Errorf("asked for a minute: %v", got)
	}
	jittery := RetryPolicy{Retries: 1, Base: time.Second, Factor: 2, Cap: time.Minute, Jitter: 0.25}
	if low, high := jittery.Wait(1, 0, time.Hour), jittery.Wait(1, 1, 0); low != 1500*time.Millisecond ||
		high != 2500*time.Millisecond {
		t.Errorf("2 s ± 25%%: %v to %v", low, high)
	}
}

// TestClientFillsIn: what the file says holds, and the client's habits beside it.
func TestClientFillsIn(t *testing.T) {
	t.Parallel()
	const head = "name: a\nload: {profile: 'const(1, 1s)'}\ntraffic: {}\n"
	s, err := Parse("a.yaml",
		[]byte(head+"target: {client: posthog-node, timeout: 3s}\nbatching: {events: 7}\nretry: sdk\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Target.Compression != CompressionGzip || s.Target.Timeout != 3*time.Second || s.Batching.MaxEvents != 7 ||
		s.Batching.Age != 5*time.Second {
		t.Errorf("%+v %+v", s.Target, s.Batching)
	}
	if p := s.Policy(); p.Retries != 3 || p.Wait(2, 0.5, time.Minute) != 3*time.Second {
		t.Errorf("%+v; posthog-node waits 3 s whatever is asked for", p)
	}
	s, err = Parse("a.yaml", []byte(head+"target: {client: importer}\n"), Options{})
	if err != nil || !s.Target.HistoricalMigration || s.Target.Compression != CompressionNone ||
		s.Batching.MaxEvents != 100 {
		t.Errorf("%v, %+v", err, s)
	}
}

// TestRoute: what the file says, the client's own, and what the shape has.
func TestRoute(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		target Target
		path   Path
		hint   Hint
	}{
		{Target{Endpoint: EndpointBatch, Compression: CompressionGzip}, PathBatch, HintHeader},
		{Target{Endpoint: EndpointArray, Compression: CompressionGzip}, PathBrowser, HintHeader},
		{Target{Endpoint: EndpointCapture, Compression: CompressionNone}, PathSingle, HintHeader},
		{Target{Endpoint: EndpointBatch, Client: ClientJS, Compression: CompressionGzip}, PathBrowser, HintNone},
		{Target{Endpoint: EndpointBatch, Client: ClientJS, Compression: CompressionGzip, Hint: HintQuery}, PathBrowser,
			HintQuery},
		{Target{Endpoint: EndpointBatch, Client: ClientNode, Path: PathTrack}, PathTrack, HintHeader},
	} {
		if path, hint := row.target.Route(), row.target.Hinted(); path != row.path || hint != row.hint {
			t.Errorf("%+v: %s by %s, want %s by %s", row.target, path, hint, row.path, row.hint)
		}
	}
}

// TestCapsRetryAfter: posthog-python does not wait longer than its own longest
// wait; a browser gives up early on what nobody answers.
func TestCapsRetryAfter(t *testing.T) {
	t.Parallel()
	python, _ := ClientPython.Habits()
	if got := python.Retry.Wait(1, 0, time.Hour); got != 30*time.Second {
		t.Errorf("asked for an hour: %v", got)
	}
	if got := python.Retry.Wait(1, 0, 0); got != 2*time.Second { // 1 s doubled once
		t.Errorf("the second wait is %v", got)
	}
	importer, _ := ClientImporter.Habits()
	if got, unasked := importer.Retry.Wait(3, 0, 2*time.Second), importer.Retry.Wait(3, 0, 0); got != 8*time.Second ||
		unasked != 8*time.Second {
		t.Errorf("the importer asked for 2 s: %v; not asked: %v", got, unasked)
	}
	if got := importer.Retry.Wait(3, 0, time.Hour); got != 30*time.Second {
		t.Errorf("the importer asked for an hour: %v", got)
	}
	for endpoint, want := range map[Endpoint]time.Duration{EndpointBatch: time.Hour, EndpointV1: 30 * time.Second} {
		s := Scenario{Target: Target{Client: ClientGo, Endpoint: endpoint}}
		if got := s.Policy().Wait(0, 0, time.Hour); got != want {
			t.Errorf("posthog-go over %v asked for an hour: %v, want %v", endpoint, got, want)
		}
	}
	js, _ := ClientJS.Habits()
	for attempt, want := range map[int][2]bool{
		2:  {true, true},
		3:  {false, true},
		9:  {false, true},
		10: {false, false},
	} {
		if got := [2]bool{js.Retry.Allows(attempt, false), js.Retry.Allows(attempt, true)}; got != want {
			t.Errorf("after %d retries: unanswered, answered %v, want %v", attempt, got, want)
		}
	}
}
