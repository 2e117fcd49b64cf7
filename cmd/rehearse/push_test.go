package main

import (
	"io"
	"testing"

	"rehearse/scenario"
)

// TestPushConfig: where metrics may go, by its host and port; and to this machine no
// proxy takes them.
func TestPushConfig(t *testing.T) {
	for _, c := range []struct {
		endpoint, flag, permit string
		code                   int
		free                   bool // connections are made as any program makes them
	}{
		{"http://127.0.0.1:4318", "", "", exitPass, false},
		{"http://[::1]:4318", "", "capture.example", exitPass, false},
		{"http://192.0.2.1:4318", "", "", exitRefused, false},
		{"http://192.0.2.1:4318", "192.0.2.1:4318", "", exitPass, true},
		{"http://192.0.2.1:4318", "192.0.2.1", "", exitRefused, false},
		{"https://192.0.2.1/v1", "192.0.2.1", "", exitPass, true},
		{"http://192.0.2.1:4318", "", "192.0.2.1:4318", exitPass, true},
		{"http://192.0.2.1:4318", "", "192.0.2.1:8010", exitRefused, false},
		{"http://192.0.2.1:4318", "http://192.0.2.1:4318", "", exitUsage, false},
	} {
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.endpoint)
		r := rehearsal{env: env{stderr: io.Discard}, flags: runFlags{otlpTo: c.flag}, authorized: &authorization{guard: newGuard(nil)}}
		if c.permit != "" {
			h, err := scenario.ParseHost(c.permit)
			if err != nil {
				t.Fatal(err)
			}
			r.authorized.guard = newGuard([]scenario.Host{h})
		}
		config, err := r.pushConfig()
		if codeOf(err) != c.code || err == nil && (config.Transport == nil) != c.free {
			t.Errorf("%+v: %+v, %v", c, config, err)
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	if config, err := (&rehearsal{authorized: &authorization{guard: newGuard(nil)}}).pushConfig(); config != nil || err != nil {
		t.Errorf("nowhere: %+v, %v", config, err)
	}
}
