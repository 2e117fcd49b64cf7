package scenario

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// withBackground is a scenario with a second stream.
const withBackground = `name: a
contact: jo@acme.example
target: {url: 'http://127.0.0.1:8010', token: phc_import}
load: {profile: 'const(10, 1s)'}
traffic: {seed: 5}
background:
  target: {token: '${LIVE:-phc_fallback}', client: posthog-js}
  load: {profile: 'const(5, 2s)'}
  traffic: {}
  thresholds: [p99 < 1s]
`

func parseBackground(t *testing.T, text string) *Scenario {
	t.Helper()
	s, err := Parse("a.yaml", []byte(text), Options{LookupEnv: func(name string) (string, bool) {
		return "phc_live_secret", name == "LIVE"
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A background has the endpoint and the contact of the scenario, a seed of its own, and the
// token of the scenario unless it gives one.
func TestBackground(t *testing.T) {
	t.Parallel()
	s := parseBackground(t, withBackground)
	b := s.Background
	if b.Name != "a-background" || b.Contact != s.Contact || b.Target.URL != s.Target.URL ||
		b.Target.Client != ClientJS || b.Target.Token.Reveal() != "phc_live_secret" || b.SHA256() != s.SHA256() {
		t.Errorf("background %+v", b)
	}
	if b.Traffic.Seed == s.Traffic.Seed || len(s.Streams()) != 2 || len(b.Streams()) != 1 {
		t.Errorf("seeds %d and %d", s.Traffic.Seed, b.Traffic.Seed)
	}
	s = parseBackground(t, strings.Replace(withBackground, "token: '${LIVE:-phc_fallback}', ", "", 1))
	if s.Background.Target.Token.Reveal() != "phc_import" {
		t.Error("the token of the scenario is not that of its background")
	}
}

// No copy of the file holds the token of a background, and the background alone is a
// scenario that can be made again.
func TestBackgroundResolved(t *testing.T) {
	t.Parallel()
	s := parseBackground(t, withBackground)
	for _, stream := range s.Streams() {
		text, err := stream.Resolved(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"phc_live_secret", "phc_import"} {
			if strings.Contains(string(text)+string(stream.Redacted()), secret) {
				t.Errorf("%s holds %s:\n%s", stream.Name, secret, text)
			}
		}
		resolved, err := ParseResolved("resolved.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		again, missing, err := resolved.Scenario("resolved.yaml", func(ref *SecretRef) (string, bool) {
			secret, known := stream.SecretAt(ref.Path)
			return secret.Reveal(), known
		})
		if err != nil || len(missing) > 0 {
			t.Fatalf("%s: %v, missing %v", stream.Name, err, missing)
		}
		if again.Name != stream.Name || again.Traffic.Seed != stream.Traffic.Seed ||
			!reflect.DeepEqual(again.Target, stream.Target) || (again.Background == nil) != (stream.Background == nil) {
			t.Errorf("made again: %+v, want %+v", again, stream)
		}
		if b := again.Background; b != nil && (!reflect.DeepEqual(b.Target, s.Background.Target) ||
			b.Traffic.Seed != s.Background.Traffic.Seed) {
			t.Errorf("its background made again: %+v", b)
		}
	}
}

// A permit binds what a background sends.
func TestBackgroundFingerprint(t *testing.T) {
	t.Parallel()
	print := func(text string, lookup func(string) (string, bool)) string {
		s, err := Parse("a.yaml", []byte(text), Options{LookupEnv: lookup})
		if err != nil {
			t.Fatal(err)
		}
		sum, err := s.Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	one := print(withBackground, os.LookupEnv)
	other := func(string) (string, bool) { return "phc_another_one", true }
	if print(withBackground, other) != one {
		t.Error("a permit binds tokens by their own fingerprints")
	}
	if print(strings.Replace(withBackground, "const(5, 2s)", "const(6, 2s)", 1), os.LookupEnv) == one {
		t.Error("another background has the same fingerprint")
	}
}

// Mistakes of a background are told with their place and path in the file.
func TestBackgroundMistakes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"background: 5":                                                       "background: expected a mapping",
		"background: {traffic: {}}":                                           "a.yaml:4:13: background.load.profile: missing",
		"background: {load: {profile: 5}}":                                    "background.load.profile: expected text",
		"background: {traffic: {seed: 60}}":                                   "background.traffic.seed: too close",
		"background: {traffic: {}, target: {url: 'http://h'}}":                "background.target.url: has no meaning in a",
		"background: {traffic: {}, target: {token: abc}}":                     "background.target.token: must have 6",
		"background: {traffic: {}, target: {metrics: {a: up}}}":               "background.target.metrics: has no meaning in a",
		"background: {traffic: {}, background: {}}":                           "background.background: unknown field",
		"background: {traffic: {}, staging: {}}":                              "background.staging: unknown field",
		"background: {traffic: {}, thresholds: [p99 < 1s in 3]}":              "background.thresholds[0]: ",
		"background: {traffic: {}, load: {profile: 'const(1, 1s)', late: 5}}": "background.load.late: ",
	} {
		file := "name: a\nload: {profile: 'const(10, 1s)'}\ntraffic: {seed: 5}\n" + text + "\n"
		if strings.Contains(want, "thresholds") {
			file = strings.Replace(file, "{traffic: {}, th", "{traffic: {}, load: {profile: 'const(1, 1s)'}, th", 1)
		}
		_, err := Parse("a.yaml", []byte(file), Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	const replays = "name: a\nreplay: {files: [doc.go]}\nbackground: {replay: {files: ['d*.go']}}\n"
	if _, err := Parse("a.yaml", []byte(replays), Options{}); err == nil ||
		!strings.Contains(err.Error(), "a recording of the scenario itself") {
		t.Errorf("one recording twice: %v", err)
	}
}
