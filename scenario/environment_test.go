package scenario

import (
	"strings"
	"testing"
)

// environment answers look-ups from a map.
func environment(vars map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := vars[name]
		return value, ok
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	lookup := environment(map[string]string{"SET": "value", "EMPTY": "", "N": "32", "URL": "https://capture.example"})
	for _, c := range []struct{ text, want string }{
		{"${SET}", "value"},
		{"${SET:-other}", "value"},
		{"${UNSET:-other}", "other"},
		{"${EMPTY:-other}", "other"},
		{"${EMPTY}", ""},
		{"${UNSET:-}", ""},
		{"a ${SET} b ${SET}", "a value b value"},
		{"$pageview costs $$5", "$pageview costs $$5"},
		{"$SET", "$SET"},
		{"$${SET}", "$value"},
	} {
		if got, err := expand(c.text, lookup); err != nil || got != c.want {
			t.Errorf("expand(%q) = %q, %v, want %q", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"${UNSET}", "${", "${}", "${1A}", "${A B}", "${SET", "${A-b}"} {
		if got, err := expand(text, lookup); err == nil {
			t.Errorf("expand(%q) = %q, want an error", text, got)
		}
	}
	s, err := Parse("a.yaml", []byte(minimal+"target:\n  url: ${URL}\n  connections: ${N}\n  compression: ${C:-none}\n  historical_migration: ${H:-true}\n"),
		Options{LookupEnv: lookup})
	if err != nil {
		t.Fatal(err)
	}
	if s.Target.URL != "https://capture.example" || s.Target.Connections != 32 || s.Target.Compression != CompressionNone || !s.Target.HistoricalMigration {
		t.Errorf("target is %+v", s.Target)
	}
}

func TestEnvironmentIsNotTold(t *testing.T) {
	t.Parallel()
	const password = "correct horse battery staple"
	fields := []string{"name: ${P}", "intake: {starts: '${P}'}", "intake: {apps: '${P}'}", "intake: {unanswered: ['${P}']}", "target: {connections: '${P}'}", "target: {endpoint: '${P}'}",
		"load: {profile: '${P}'}", "retry: ${P}", "thresholds: ['${P}']", "target: {historical_migration: '${P}'}",
		"replay: {files: ['${P}']}", "load: {follow: {file: '${P}'}}", "target: {url: '${P}'}"}
	for _, f := range fields {
		_, err := Parse("a.yaml", []byte(f), Options{LookupEnv: environment(map[string]string{"P": password})})
		if err == nil || strings.Contains(err.Error(), "horse") {
			t.Errorf("%s: %v", f, err)
		}
	}
}
