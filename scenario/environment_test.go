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
	lookup := environment(map[string]string{"N": "32", "URL": "https://capture.example"})
	s, err := Parse("a.yaml",
		[]byte(minimal+"target:\n  url: ${URL}\n  connections: ${N}\n  compression: ${C:-none}\n"+
			"  historical_migration: ${H:-true}\n"),
		Options{LookupEnv: lookup})
	if err != nil {
		t.Fatal(err)
	}
	if s.Target.URL != "https://capture.example" || s.Target.Connections != 32 ||
		s.Target.Compression != CompressionNone || !s.Target.HistoricalMigration {
		t.Errorf("target is %+v", s.Target)
	}
}

func TestEnvironmentIsNotTold(t *testing.T) {
	t.Parallel()
	const password = "correct horse battery staple"
	fields := []string{"name: ${P}", "intake: {starts: '${P}'}", "intake: {apps: '${P}'}",
		"intake: {unanswered: ['${P}']}", "target: {connections: '${P}'}", "target: {endpoint: '${P}'}",
		"load: {profile: '${P}'}", "retry: ${P}", "thresholds: ['${P}']", "target: {historical_migration: '${P}'}",
		"replay: {files: ['${P}']}", "load: {follow: {file: '${P}'}}", "target: {url: '${P}'}"}
	for _, f := range fields {
		_, err := Parse("a.yaml", []byte(f), Options{LookupEnv: environment(map[string]string{"P": password})})
		if err == nil || strings.Contains(err.Error(), "horse") {
			t.Errorf("%s: %v", f, err)
		}
	}
}
