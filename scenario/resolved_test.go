package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const resolvable = `name: a # a comment with phc_a_token
contact: "of ${WHO}, who has phc_a_token"
target: {token: "${TOKEN:-phc_other}", connections: "${N}"}
load: {follow: {file: rates.csv}}
batching: &some {events: {min: 3, max: 9}}
traffic:
  seed: 3
  events: {"${literal}": 1, b: {properties: {c: "${WHO}", d: {choices: {"${N}": 7, x: 3}}}}}
`

// A scenario that is resolved and read again is the same: overrides, environment,
// aliases, series and all, without a secret in the text.
func TestResolvedIsTheScenario(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rates.csv"), []byte("period,count\n1,500\n2,300\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	opts := Options{
		LookupEnv: environment(map[string]string{"WHO": "Ann ${N} \"é\"", "TOKEN": "phc_a_token", "N": "12"}),
		Dir:       dir,
		Set:       []string{"traffic.seed=99", "traffic.distinct_ids={count: 5k}"},
	}
	s, err := Parse("a.yaml", []byte(resolvable), opts)
	if err != nil {
		t.Fatal(err)
	}
	recordings := []FileSum{{Path: "/data/a.jsonl", Bytes: 3, SHA256: "abc"}}
	text, err := s.Resolved(recordings)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "phc_a_token") || strings.Contains(string(text), "phc_other") {
		t.Errorf("it holds a token:\n%s", text)
	}
	r, err := ParseResolved("resolved.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Is(s) || len(r.Secrets) != 1 || !r.Secrets[0].Elsewhere || r.Secrets[0].Variable != "TOKEN" {
		t.Errorf("secrets %+v", r.Secrets)
	}
	again, missing, err := r.Scenario("resolved.yaml", func(ref *SecretRef) (string, bool) {
		return "phc_a_token", ref.Path == "target.token"
	})
	if err != nil || len(missing) > 0 {
		t.Fatalf("%v, missing %v\n%s", err, missing, text)
	}
	if again.SHA256() != s.SHA256() || !again.Restored() || s.Restored() {
		t.Errorf("its fingerprint is %s, want %s", again.SHA256(), s.SHA256())
	}
	second, err := again.Resolved(recordings)
	if err != nil || string(second) != string(text) {
		t.Errorf("resolved again:\n%s, want\n%s", second, text)
	}
	was, is := *s, *again
	was.source, is.source = source{}, source{}
	if diff := cmp.Diff(was, is, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		t.Errorf("read again it is another (-was +is):\n%s", diff)
	}
	if err := r.Changed(append(recordings[:1:1], again.Load.Series...)); err != nil {
		t.Error(err)
	}
	for want, now := range map[string][]FileSum{
		"/data/a.jsonl is not what the run read": append([]FileSum{{Path: "/data/a.jsonl", Bytes: 3, SHA256: "abd"}},
			again.Load.Series...),
		"rates.csv is missing": recordings,
		"/new is read, and the run did not": append(append(recordings[:1:1], again.Load.Series...),
			FileSum{Path: "/new"}),
		"/b is read where the run read": {{Path: "/b"}},
	} {
		if err := r.Changed(now); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// A secret that nobody knows stays out, and one that is another is refused.
func TestResolvedSecrets(t *testing.T) {
	t.Parallel()
	s, err := Parse("a.yaml",
		[]byte("name: a\ntarget: {token: phc_in_the_file}\nload: {profile: 'const(1, 1s)'}\ntraffic: {}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Resolved(nil)
	if err != nil {
		t.Fatal(err)
	}
	read := func(value string, known bool) (*Scenario, []SecretRef, error) {
		r, err := ParseResolved("resolved.yaml", text)
		if err != nil {
			t.Fatal(err)
		}
		return r.Scenario("resolved.yaml", func(*SecretRef) (string, bool) { return value, known })
	}
	if s, missing, err := read("", false); err != nil || len(missing) != 1 || missing[0].Path != "target.token" ||
		missing[0].Elsewhere || s.Target.Token.Reveal() == "phc_in_the_file" {
		t.Errorf("missing %+v, error %v", missing, err)
	}
	if _, _, err := read("phc_another", true); !errors.Is(err, ErrOtherSecret) ||
		strings.Contains(err.Error(), "phc_") {
		t.Errorf("another token: error %v", err)
	}
	if s, missing, err := read("phc_in_the_file", true); err != nil || len(missing) > 0 ||
		s.Target.Token.Reveal() != "phc_in_the_file" {
		t.Errorf("missing %+v, error %v", missing, err)
	}
}

// FuzzParseResolved: no resolved scenario makes a reader fall.
func FuzzParseResolved(f *testing.F) {
	f.Add([]byte("format: rehearse/resolved/v1\nsecrets: [{path: target.token, fingerprint: 'sha256:00'}]\n" +
		"scenario: {name: a, target: {token: '[redacted:1]'}, load: {profile: 'const(1, 1s)'}, traffic: {}}\n"))
	f.Add([]byte("format: rehearse/resolved/v1\nscenario: &a [*a]\n"))
	f.Add([]byte("format: rehearse/resolved/v1\n"))
	f.Add([]byte("format: rehearse/resolved/v2\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := ParseResolved("resolved.yaml", text)
		if err != nil {
			return
		}
		s, _, err := r.Scenario("resolved.yaml", func(*SecretRef) (string, bool) { return "", false })
		if err != nil {
			return
		}
		if _, err := s.Resolved(nil); err != nil {
			t.Errorf("%q cannot be written again: %v", text, err)
		}
	})
}
