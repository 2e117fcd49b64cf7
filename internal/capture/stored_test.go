package capture_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
)

// TestStoredOf states what was read in the sources of the service, and seen with it:
// of 450 events in batches with one too large in the middle 225 were in Kafka, of
// 3,200 behind a 503 thirteen.
func TestStoredOf(t *testing.T) {
	t.Parallel()
	const no, some = capture.NotStored, capture.MayBeStored
	for _, row := range []struct {
		status int
		answer string
		events int64
		want   capture.Stored
	}{
		// 2024
		{400, "maximum event size exceeded", 50, some},
		{400, "maximum event size exceeded", 1, no}, // it is the one that does not fit
		{400, "invalid event could not be processed", 50, some},
		{400, "failed to decode request: invalid body encoding", 50, no},
		{400, "failed to parse request: expected value at line 1 column 1", 50, no},
		{400, "request holds no event", 1, no},
		{400, "event submitted with an empty distinct_id", 50, no},
		{400, "Failed to deserialize query string: unknown variant", 50, no},
		{400, "Failed to buffer the request body: error reading a body from connection", 50, no},
		{413, "Failed to buffer the request body: length limit exceeded", 50, no},
		{503, "transient error, please retry", 50, some},
		{503, "transient error, please retry", 1, some}, // the acknowledgement may have been lost
		// today
		{413, "maximum event size exceeded: Event rejected by kafka during send", 50, some},
		{413, "maximum event size exceeded: Event rejected by kafka broker during ack", 50, some},
		{413, "maximum event size exceeded: Event rejected by kafka during send", 1, no},
		{413, "maximum event size exceeded: Request body exceeds limit of 20971520 bytes", 50, no},
		{413, "maximum event size exceeded: Decompressed payload would exceed 5 bytes (got 6 bytes)", 50, no},
		{413, "maximum event size exceeded: Uncompressed payload size limit 5 exceeded: 6", 50, no},
		{400, "failed to hydrate events from request: non-engage request missing event name attribute", 50, no},
		{400, "request missing data payload", 1, no},
		{400, "event submitted without a distinct_id\n", 50, no},
		{408, "client stopped sending data", 50, no},
		{500, "internal server error", 50, some},
		{503, "service unavailable: no sink", 50, some},
		// both
		{401, "API key is not valid: empty", 50, no},
		{429, "billing limit reached", 50, no},
		{429, "rate limited", 50, no},
		// of another person
		{400, "", 50, some},
		{400, "<html>Bad Request</html>", 1, some},
		{401, "<html>", 50, no},
		{403, "", 50, no},
		{404, "404 page not found", 50, no},
		{405, "", 50, no},
		{408, "", 50, some},
		{409, "", 50, some},
		{413, "<html>Request Entity Too Large</html>", 50, no},
		{418, "", 50, some},
		{429, "<html>", 50, no},
		{302, "", 50, some},
		{307, "", 50, no},
		{500, "<html>", 50, some},
		{502, "", 50, some},
		{503, "<html>", 50, some},
		{504, "", 50, some},
		{599, "", 50, some},
		{999, "", 50, some},
		{0, "", 50, some},
		{500, "failed to decode request: said with another status", 50, some},
		{200, `{"status":1,"quota_limited":["events"]}`, 50, no},
	} {
		if got := capture.StoredOf(row.status, []byte(row.answer), row.events); got != row.want {
			t.Errorf("%d %q to %d events leaves %d, want %d", row.status, row.answer, row.events, got, row.want)
		}
	}
}

// TestStoredOfV1: what v1 refuses as a whole it has not begun to publish, but for its
// own errors and a time that ran out.
func TestStoredOfV1(t *testing.T) {
	t.Parallel()
	const no, some = capture.NotStored, capture.MayBeStored
	for _, row := range []struct {
		status int
		answer string
		want   capture.Stored
	}{
		{400, `{"error":"empty_batch","error_description":"x"}`, no},
		{400, `{"error":"duplicate_event_uuid"}`, no},
		{400, `{"error":"something_new"}`, some},
		{400, `{"error":7}`, some},
		{400, `not JSON: empty_batch`, some},
		{400, strings.Repeat("[", 10_000), some},
		{401, `{"error":"invalid_api_token"}`, no},
		{402, `{"error":"billing_limit_exceeded"}`, no},
		{402, ``, some},
		{408, `{"error":"body_read_timeout"}`, no},
		{408, `{"error":"request_timeout"}`, some},
		{413, `{"error":"payload_too_large"}`, no},
		{415, `{"error":"unsupported_encoding"}`, no},
		{429, `{"error":"rate_limited"}`, no},
		{500, `{"error":"internal_error"}`, some},
		{503, `{"error":"service_unavailable"}`, some},
		{504, `{"error":"gateway_timeout"}`, some},
	} {
		if got := capture.StoredOfV1(row.status, []byte(row.answer)); got != row.want {
			t.Errorf("%d %q leaves %d, want %d", row.status, row.answer[:min(len(row.answer), 40)], got, row.want)
		}
	}
}

// TestStoredOfEndpoint holds the table against the endpoint: whatever it refuses with,
// and whatever it stored before, a refusal that is called certain left nothing, and
// one that says no to the form of a request is called certain.
func TestStoredOfEndpoint(t *testing.T) {
	t.Parallel()
	for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
		left, certain := 0, 0
		rapid.Check(t, func(t *rapid.T) {
			d := capture.Decoder{Generation: g, Limits: capture.Limits{Event: 2000, Plain: 20_000}}
			body, n := drawBody(t)
			_, err := d.Decode(&capture.Request{Path: []byte("/batch/"), ContentType: []byte("application/json"), Body: body})
			var no *capture.Refusal
			if !errors.As(err, &no) {
				return
			}
			got := capture.StoredOf(no.Status, []byte(no.Text), int64(n))
			switch {
			case no.Stored > 0 && got != capture.MayBeStored:
				t.Fatalf("%d %q after %d events were stored is called certain", no.Status, no.Text, no.Stored)
			case no.Oversize() != capture.OversizeEvent && got != capture.NotStored:
				t.Fatalf("%d %q is called doubtful", no.Status, no.Text)
			}
			if no.Stored > 0 {
				left++
			}
			if got == capture.NotStored {
				certain++
			}
		})
		if left == 0 || certain == 0 {
			t.Errorf("%v: %d refusals left something, %d were certain: nothing was shown", g, left, certain)
		}
	}
}

// drawBody is a batch of some events with something wrong in it, mostly.
func drawBody(t *rapid.T) (body []byte, n int) {
	sound := `{"event":"a","distinct_id":"x","properties":{}}`
	large := `{"event":"a","distinct_id":"x","properties":{"p":"` + strings.Repeat("z", 2500) + `"}}`
	kinds, token, cut := []string{sound, sound, large}, "phc_x", 0
	if rapid.Bool().Draw(t, "malformed") {
		kinds = append(kinds, `{"event":"","distinct_id":"x"}`, `{"event":"a"}`, `{"event":"a","distinct_id":""}`, `{"distinct_id":"x"}`,
			`{"event":"a","distinct_id":"x","properties":3}`, `{"event":"a","distinct_id":"x","properties":{"p":"`+strings.Repeat("z", 9000)+`"}}`)
		token = rapid.SampledFrom([]string{"phc_x", "phc_x", "", "phx_personal"}).Draw(t, "token")
		cut = rapid.SampledFrom([]int{0, 0, 1, 100}).Draw(t, "cut")
	}
	events := rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 6).Draw(t, "events")
	text := fmt.Sprintf(`{"api_key":%q,"batch":[%s]}`, token, strings.Join(events, ","))
	return []byte(text[:max(len(text)-cut, 0)]), len(events)
}

// TestStoredOfAllocatesNothing: it is asked of every refusal.
func TestStoredOfAllocatesNothing(t *testing.T) {
	answer := []byte("rate limited, as nobody says it")
	if got := testing.AllocsPerRun(100, func() { capture.StoredOf(503, answer, 50) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}
