package capture_test

import (
	"slices"
	"testing"

	"rehearse/internal/capture"
)

// TestReasonTable states the whole table once more, so that a change of a name,
// which scripts hold on to, or of a fate, which the books hold on to, is a
// decision.
func TestReasonTable(t *testing.T) {
	t.Parallel()
	const (
		unsent, accepted    = capture.FateUnsent, capture.FateAccepted
		rejected, ambiguous = capture.FateRejected, capture.FateAmbiguous
	)
	rows := []struct {
		reason capture.Reason
		name   string
		side   string
		fate   capture.Fate
		retry  bool
	}{
		{capture.Accepted, "accepted", "", accepted, false},
		{capture.NoFreeConnection, "no_free_connection", "ours", unsent, false},
		{capture.NotStarted, "not_started", "ours", unsent, false},
		{capture.NotBuilt, "not_built", "ours", unsent, false},
		{capture.HeldBack, "held_back", "ours", unsent, false},
		{capture.NotBuiltInTime, "not_built_in_time", "ours", unsent, false},
		{capture.NotSentInTime, "not_sent_in_time", "ours", unsent, false},
		{capture.GeneratorStalled, "generator_stalled", "ours", unsent, false},
		{capture.NameNotFound, "name_not_found", "network", rejected, true},
		{capture.ConnectRefused, "connect_refused", "network", rejected, true},
		{capture.ConnectTimeout, "connect_timeout", "network", rejected, true},
		{capture.ConnectFailed, "connect_failed", "network", rejected, true},
		{capture.TLSFailed, "tls_failed", "network", rejected, true},
		{capture.BadCertificate, "bad_certificate", "network", rejected, true},
		{capture.BrokenWhileSending, "broken_while_sending", "network", rejected, true},
		{capture.NoSocket, "no_socket", "ours", rejected, true},
		{capture.AnswerTimeout, "answer_timeout", "network", ambiguous, true},
		{capture.ClosedBeforeAnswer, "closed_before_answer", "network", ambiguous, true},
		{capture.BrokenWhileReading, "broken_while_reading", "network", ambiguous, true},
		{capture.GarbledAnswer, "garbled_answer", "network", ambiguous, true},
		{capture.OversizedAnswer, "oversized_answer", "network", ambiguous, false},
		{capture.Abandoned, "abandoned", "ours", ambiguous, false},
		{capture.ShardLost, "shard_lost", "ours", ambiguous, false},
		{capture.Redirected, "redirected", "server", rejected, false},
		{capture.BadRequest, "bad_request", "server", rejected, false},
		{capture.Unauthorized, "unauthorized", "server", rejected, false},
		{capture.BillingLimit, "billing_limit", "server", rejected, false},
		{capture.Forbidden, "forbidden", "server", rejected, false},
		{capture.NotFound, "not_found", "server", rejected, false},
		{capture.RequestTimeout, "request_timeout", "server", rejected, true},
		{capture.PayloadTooLarge, "payload_too_large", "server", rejected, false},
		{capture.UnsupportedContent, "unsupported_content", "server", rejected, false},
		{capture.RateLimited, "rate_limited", "server", rejected, true},
		{capture.InternalError, "internal_error", "server", rejected, true},
		{capture.BadGateway, "bad_gateway", "server", rejected, true},
		{capture.Unavailable, "unavailable", "server", rejected, true},
		{capture.GatewayTimeout, "gateway_timeout", "server", rejected, true},
		{capture.OtherServerError, "other_server_error", "server", rejected, true},
		{capture.UnexpectedStatus, "unexpected_status", "server", rejected, false},
		{capture.Dropped, "dropped", "server", rejected, false},
		{capture.NotPersisted, "not_persisted", "server", rejected, true},
		{capture.Limited, "limited", "server", rejected, false},
		{capture.UnknownAnswer, "unknown_answer", "server", ambiguous, false},
	}
	if got := slices.Collect(capture.Reasons()); len(got) != len(rows) {
		t.Errorf("%d reasons, %d rows", len(got), len(rows))
	}
	for _, row := range rows {
		r := row.reason
		if r.String() != row.name || r.Side().String() != row.side || r.Fate() != row.fate || r.Retryable() != row.retry {
			t.Errorf("%d: %v, %q, %d, %v, want %+v", r, r, r.Side(), r.Fate(), r.Retryable(), row)
		}
		if parsed, err := capture.ParseReason(row.name); err != nil || parsed != r {
			t.Errorf("ParseReason(%q) = %v, %v, want %v", row.name, parsed, err, r)
		}
	}
}

func TestReasonOutOfRange(t *testing.T) {
	t.Parallel()
	r := capture.Reason(200)
	if r.String() != "reason(200)" || r.Side() != capture.Ours || r.Fate() != capture.FateAmbiguous || r.Retryable() {
		t.Errorf("%v, %v, %v, %v, want reason(200), ours, ambiguous, false", r, r.Side(), r.Fate(), r.Retryable())
	}
	if r, err := capture.ParseReason("no such"); err == nil {
		t.Errorf("ParseReason = %v, want an error", r)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const html = "<!DOCTYPE html><title>Log in</title>"
	rows := []struct {
		status int
		body   string
		want   capture.Reason
	}{
		{200, `{"status":"Ok"}`, capture.Accepted},
		{200, `{"status":1}`, capture.Accepted},
		{200, " {\"status\": \"Ok\"}\n", capture.Accepted},
		{200, `{"status":1,"quota_limited":[]}`, capture.Accepted},
		{200, `{"status":"Ok","quota_limited":["recordings"]}`, capture.Accepted},
		{200, `{"status":"Ok","quota_limited":["recordings","events"]}`, capture.BillingLimit},
		{204, "", capture.UnknownAnswer}, // unless it was asked for
		{200, "", capture.UnknownAnswer},
		{202, html, capture.UnknownAnswer},
		{204, html, capture.UnknownAnswer},
		{200, html, capture.UnknownAnswer},
		{200, "capture", capture.UnknownAnswer},
		{200, `{"status":0}`, capture.UnknownAnswer},
		{200, `{"status":"1"}`, capture.UnknownAnswer},
		{200, `{"status":"Error"}`, capture.UnknownAnswer},
		{200, `{"results":{}}`, capture.UnknownAnswer},
		{200, `{"status":"Ok"`, capture.UnknownAnswer},
		{200, `[{"status":"Ok"}]`, capture.UnknownAnswer},
		{503, `{"status":"Ok"}`, capture.Unavailable},
		{0, "", capture.UnexpectedStatus},
		{100, "", capture.UnexpectedStatus},
		{301, "", capture.Redirected},
		{307, html, capture.Redirected},
		{400, "", capture.BadRequest},
		{401, "", capture.Unauthorized},
		{402, "", capture.BillingLimit},
		{403, "", capture.Forbidden},
		{404, html, capture.NotFound},
		{405, "", capture.UnexpectedStatus},
		{408, "", capture.RequestTimeout},
		{413, "", capture.PayloadTooLarge},
		{415, "", capture.UnsupportedContent},
		{418, "", capture.UnexpectedStatus},
		{429, "", capture.RateLimited},
		{500, "", capture.InternalError},
		{502, "", capture.BadGateway},
		{503, "", capture.Unavailable},
		{504, "", capture.GatewayTimeout},
		{520, html, capture.OtherServerError},
		{999, "", capture.UnexpectedStatus},
		{-1, "", capture.UnexpectedStatus},
	}
	for _, row := range rows {
		if got := capture.Judge(row.status, []byte(row.body)); got != row.want {
			t.Errorf("Judge(%d, %q) = %v, want %v", row.status, row.body, got, row.want)
		}
		want := row.want
		if row.status == 204 && row.body == "" {
			want = capture.Accepted
		}
		if got := capture.JudgeBeacon(row.status, []byte(row.body)); got != want {
			t.Errorf("JudgeBeacon(%d, %q) = %v, want %v", row.status, row.body, got, want)
		}
	}
	for target, want := range map[string]bool{
		"/e/?beacon=1": true, "/e/?ip=1&beacon=1&_=5": true, "/e/": false, "/batch/?beacon=0": false, "/beacon=1": false, "/e/?data=beacon=1": false,
	} {
		if got := capture.AsksForBeacon(target); got != want {
			t.Errorf("AsksForBeacon(%q) = %t", target, got)
		}
	}
}

func TestJudgeAllocates(t *testing.T) {
	body := []byte(capture.AnswerOk)
	if got := testing.AllocsPerRun(100, func() { capture.Judge(200, body) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func FuzzJudge(f *testing.F) {
	for _, body := range []string{`{"status":"Ok"}`, `{"status":1,"quota_limited":["events"]}`, "<html>", "", `{"status`, "[[[["} {
		f.Add(200, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		got := capture.Judge(status, body)
		if got.Fate() == capture.FateAccepted && (status < 200 || status > 299) {
			t.Errorf("Judge(%d, %q) = %v", status, body, got)
		}
	})
}
