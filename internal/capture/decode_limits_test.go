package capture_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"rehearse/internal/capture"
)

func TestDecodeLimits(t *testing.T) {
	t.Parallel()
	const frame = `{"api_key":"t","event":"e","distinct_id":"d","properties":{"p":""}}` // 67 bytes
	padded := func(size int) string {
		return strings.Replace(frame, `"p":"`, `"p":"`+strings.Repeat("x", size-len(frame)), 1)
	}
	rows := []struct {
		fact   string
		limits capture.Limits
		r      *capture.Request
		want   string
	}{
		{"plain at the limit", capture.Limits{Plain: 100}, post(padded(100)), "t e:d"},
		{"plain over the limit", capture.Limits{Plain: 100}, post(padded(101)), "413 maximum event size exceeded: Uncompressed payload size limit 100 exceeded: 101"},
		{"gzip at the limit", capture.Limits{Plain: 100}, sent(post(""), gzipped(t, padded(100))), "t e:d"},
		{"gzip over the limit", capture.Limits{Plain: 100}, sent(post(""), gzipped(t, padded(101))), "413 maximum event size exceeded: Decompressed payload would exceed 100 bytes (got 101 bytes)"},
		{"the service's own limit", capture.Limits{}, post(padded(capture.MaxEvent)), "413 maximum event size exceeded: Event rejected by kafka during send"},
	}
	for _, row := range rows {
		d := capture.Decoder{Limits: row.limits}
		if got := outcome(&d, row.r); got != row.want {
			t.Errorf("%s: got %s, want %s", row.fact, got, row.want)
		}
	}
}

// written is the event of TestMessageSize as the service writes it into a message.
type written struct {
	Token      string            `json:"token,omitempty"`
	DistinctID string            `json:"distinct_id"`
	UUID       *string           `json:"uuid"`
	Event      string            `json:"event"`
	Properties map[string]string `json:"properties"`
}

// TestMessageSize: the largest event that is taken becomes a message that Kafka's
// client weighs to the limit exactly: what it counts for a record, the key, and
// the JSON of the message.
func TestMessageSize(t *testing.T) {
	t.Parallel()
	marshal := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	const limit, now = 3000, "2026-01-01T00:00:00.123456789Z"
	for _, padding := range []string{"x", `"`, `\`, "é", "\x01", "\n"} {
		for n := 100; ; n++ {
			e := written{DistinctID: "an id", Event: "e", Properties: map[string]string{"p": strings.Repeat(padding, n)}}
			batch := `{"api_key":"phc_a","batch":[` + marshal(e) + `]}`
			message := marshal(map[string]string{
				"uuid": "018a981f-4b35-7c66-825e-8b0eeae65714", "distinct_id": e.DistinctID, "ip": "192.0.2.7", "data": marshal(e), "now": now, "token": "phc_a",
			})
			fits := 36+len("phc_a:an id")+len(message) <= limit
			d := capture.Decoder{Generation: capture.Generation2024, Limits: capture.Limits{Event: limit}}
			r := post(batch)
			r.Peer = netip.MustParseAddr("192.0.2.7")
			_, err := d.Decode(r)
			if (err == nil) != fits {
				t.Fatalf("%d times %q: %v, want %v bytes to fit: %v", n, padding, err, len(message), fits)
			}
			if !fits {
				break
			}
		}
	}
}

// TestDecodeBomb: 100 MiB of brackets or zeros from a small body must neither
// be held nor recursed into.
func TestDecodeBomb(t *testing.T) {
	t.Parallel()
	bomb := gzipped(t, strings.Repeat("[", 4<<20))
	d := capture.Decoder{Limits: capture.Limits{Plain: 8 << 20}}
	if got, want := outcome(&d, sent(post(""), bomb)), "400 failed to parse request: recursion limit exceeded at line 1 column 128"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	d.Limits.Plain = 1 << 20
	got := outcome(&d, sent(post(""), bomb))
	if want := "413 maximum event size exceeded: Decompressed payload would exceed 1048576 bytes"; !strings.HasPrefix(got, want) {
		t.Errorf("got %s, want %s…", got, want)
	}
}

func TestRefusalCountsEvents(t *testing.T) {
	t.Parallel()
	rows := []struct {
		body string
		want int
	}{
		{`{"api_key":"phx_","batch":[{"event":"e","distinct_id":"d"},{"event":"e","distinct_id":"d"}]}`, 2},
		{`{"api_key":"t","batch":[{"event":"e"},5,{"event":"$performance_event"}]}`, 3},
		{`{"api_key":"t","batch":[{"event":"e"},{"event":"$performance_event"}]}`, 2},
		{`{"api_key":"t"}`, 1},
		{`[]`, 0},
		{`{`, 0},
	}
	var d capture.Decoder
	for _, row := range rows {
		_, err := d.Decode(post(row.body))
		var refusal *capture.Refusal
		if !errors.As(err, &refusal) || refusal.Events != row.want {
			t.Errorf("%s: refusal %+v, want %d events", row.body, refusal, row.want)
		}
	}
}
