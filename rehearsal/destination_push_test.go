package rehearsal

import (
	"testing"

	"rehearse/internal/permit"
)

// TestRouteOfMetrics: where metrics may go, by its host and port; and to this machine no
// proxy takes them.
func TestRouteOfMetrics(t *testing.T) {
	for _, c := range []struct {
		endpoint, flag, permit string
		kind                   Kind
		free                   bool // connections are made as any program makes them
	}{
		{"http://127.0.0.1:4318", "", "", 0, false},
		{"http://[::1]:4318", "", "capture.example", 0, false},
		{"http://192.0.2.1:4318", "", "", Refused, false},
		{"http://192.0.2.1:4318", "192.0.2.1:4318", "", 0, true},
		{"http://192.0.2.1:4318", "192.0.2.1", "", Refused, false},
		{"https://192.0.2.1/v1", "192.0.2.1", "", 0, true},
		{"http://192.0.2.1:4318", "", "192.0.2.1:4318", 0, true},
		{"http://192.0.2.1:4318", "", "192.0.2.1:8010", Refused, false},
		{"http://192.0.2.1:4318", "http://192.0.2.1:4318", "", Usage, false},
	} {
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.endpoint)
		r := rehearsal{
			Options:    Options{Network: Network{OTLPTo: c.flag}},
			authorized: &authorization{guard: newGuard(nil, nil)},
		}
		if c.permit != "" {
			h, err := permit.ParseHost(c.permit)
			if err != nil {
				t.Fatal(err)
			}
			r.authorized.guard = newGuard([]permit.Host{h}, nil)
		}
		err := r.routeMetrics()
		if KindOf(err) != c.kind || err == nil && (r.push.Transport == nil) != c.free {
			t.Errorf("%+v: %+v, %v", c, r.push, err)
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	r := rehearsal{authorized: &authorization{guard: newGuard(nil, nil)}}
	if err := r.routeMetrics(); r.push != nil || err != nil {
		t.Errorf("nowhere: %+v, %v", r.push, err)
	}
}
