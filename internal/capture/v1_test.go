package capture_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"
)

func idV1(i int) capture.UUID { return capture.UUID{0: 1, 6: 0x40, 8: 0x80, 15: byte(i)} }

// asked are the results of a request of n events, before its answer.
func asked(n int) []capture.EventResult {
	results := make([]capture.EventResult, n)
	for i := range results {
		results[i].UUID = idV1(i)
	}
	return results
}

func TestJudgeV1(t *testing.T) {
	t.Parallel()
	entry := func(i int, rest string) string { return `"` + idV1(i).String() + `":{` + rest + `}` }
	answer := func(entries ...string) string { return `{"results":{` + strings.Join(entries, ",") + `}}` }
	ok := `"result":"ok"`
	rows := []struct {
		status int
		body   string
		want   capture.Reason
		each   string // verdict/detail of the three events
	}{
		{200, answer(entry(0, ok), entry(1, ok), entry(2, ok)), capture.Accepted, "ok/ ok/ ok/"},
		{200, answer(entry(0, ok), entry(1, `"result":"drop","details":"event_too_big"`), entry(2, `"details":"not_persisted","result":"retry"`)), capture.Accepted, "ok/ drop/event_too_big retry/not_persisted"},
		{200, answer(entry(2, ok), entry(0, `"result":"warning","details":"person_processing_disabled"`), entry(1, `"result":"limited"`)), capture.Accepted, "warning/person_processing_disabled limited/ ok/"},
		{200, answer(entry(1, ok), entry(9, ok)), capture.Accepted, "/ ok/ /"},
		{200, answer(entry(0, `"result":"perhaps"`), entry(1, `"result":5`), entry(2, `"result":"drop","details":"a new one"`)), capture.Accepted, "/ / drop/other"},
		{200, answer(`"x":5`, entry(0, ok)), capture.Accepted, "ok/ / /"},
		{200, `{"results":[]}`, capture.UnknownAnswer, "/ / /"},
		{200, `{"status":"Ok"}`, capture.UnknownAnswer, "/ / /"},
		{200, answer(entry(0, ok))[:40], capture.UnknownAnswer, "/ / /"},
		{200, strings.Repeat("[", 1000), capture.UnknownAnswer, "/ / /"},
		{200, strings.Repeat(" ", 80_000) + "{}", capture.UnknownAnswer, "/ / /"},
		{503, answer(entry(0, ok)), capture.Unavailable, "/ / /"},
		{402, "", capture.BillingLimit, "/ / /"},
	}
	for _, row := range rows {
		results := asked(3)
		results[0].Verdict = capture.VerdictOk // of an earlier answer
		got := capture.JudgeV1(row.status, []byte(row.body), results)
		each := fmt.Sprintf("%v/%v %v/%v %v/%v", results[0].Verdict, results[0].Detail, results[1].Verdict, results[1].Detail, results[2].Verdict, results[2].Detail)
		if got != row.want || each != row.each {
			t.Errorf("%d %.200s: %v, %s, want %v, %s", row.status, row.body, got, each, row.want, row.each)
		}
	}
}

func TestVerdictReason(t *testing.T) {
	t.Parallel()
	for v, want := range map[capture.Verdict]capture.Reason{
		capture.VerdictOk: capture.Accepted, capture.VerdictWarning: capture.Accepted, capture.VerdictDrop: capture.Dropped,
		capture.VerdictRetry: capture.NotPersisted, capture.VerdictLimited: capture.Limited, capture.VerdictNone: capture.UnknownAnswer, 99: capture.UnknownAnswer,
	} {
		if got := v.Reason(); got != want {
			t.Errorf("%v: %v, want %v", v, got, want)
		}
	}
}

func TestJudgeV1Allocates(t *testing.T) {
	results := asked(100)
	for i := range results {
		results[i].Verdict = capture.VerdictOk
	}
	body, _ := capture.AppendResults(nil, results)
	if got := testing.AllocsPerRun(100, func() { capture.JudgeV1(200, body, results) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

// TestV1ThereAndBack: what the client appends the server takes, and the answer
// says so of every event.
func TestV1ThereAndBack(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 19, 14, 30, 0, 0, time.UTC)
	envelope := capture.EnvelopeV1{CreatedAt: at, HistoricalMigration: true}
	body := envelope.AppendHead(nil)
	for i := range 5 {
		if i > 0 {
			body = append(body, ',')
		}
		body = capture.AppendEvent(body, &capture.Event{Name: []byte("e"), DistinctID: []byte("d"), UUID: idV1(i), Timestamp: at, Properties: []byte(`{"n":1}`)})
	}
	body = envelope.AppendTail(body)
	var d capture.DecoderV1
	s, err := d.Decode(requestV1(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Events) != 5 || !s.Historical || string(s.Token) != "phc_a" {
		t.Errorf("%d events, historical %v, token %s", len(s.Events), s.Historical, s.Token)
	}
	s.Return(func(i int) bool { return i%2 == 1 })
	answer, retry := capture.AppendResults(nil, s.Results)
	results := asked(5)
	if got := capture.JudgeV1(200, answer, results); got != capture.Accepted || !retry || len(s.Events) != 3 || s.Events[1].UUID != idV1(2) {
		t.Errorf("%v, retry %v, %d events kept", got, retry, len(s.Events))
	}
	for i, r := range results {
		if want := []capture.Verdict{capture.VerdictOk, capture.VerdictRetry}[i%2]; r.Verdict != want {
			t.Errorf("event %d: %v, want %v", i, r.Verdict, want)
		}
	}
}

func requestV1(body []byte) *capture.RequestV1 {
	return &capture.RequestV1{
		Authorization: []byte("Bearer phc_a"), UserAgent: []byte("test/1"), ContentType: []byte("application/json"),
		SDKInfo: []byte("test/1"), Attempt: []byte("1"), RequestID: []byte("018a981f-4b35-7c66-825e-8b0eeae65714"),
		Timestamp: []byte("2026-03-19T14:30:00Z"), Body: body,
	}
}

// FuzzDecodeV1: whatever comes, each event has a verdict, those that were taken
// keep the rules, and nothing outgrows its limit.
func FuzzDecodeV1(f *testing.F) {
	f.Add([]byte(""), []byte(`{"created_at":"2026-03-19T14:30:00Z","batch":[{"event":"e","uuid":"018a981f-4b35-7c66-825e-8b0eeae65714","distinct_id":" d ","timestamp":"2026-03-19T14:30:00Z","options":{"cookieless_mode":"1"},"properties":{}}]}`))
	f.Add([]byte("gzip"), gzipped(f, `{"created_at":"","batch":[{}]}`))
	f.Add([]byte("br"), []byte{0x0b, 0x02, 0x80, '{', '}', 0x03})
	f.Add([]byte("zstd"), []byte{0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x11, 0x00, 0x00, '{', '}'})
	f.Add([]byte("deflate"), []byte{0x78, 0x9c, 0xab, 0xae, 0x05, 0x00})
	f.Fuzz(func(t *testing.T, coding, body []byte) {
		d := capture.DecoderV1{Limits: capture.Limits{Plain: 1 << 16, Event: 1 << 14}}
		r := requestV1(body)
		r.ContentEncoding = coding
		s, err := d.Decode(r)
		if err != nil {
			return
		}
		taken := 0
		for _, v := range s.Results {
			if v.Verdict != capture.VerdictOk && v.Verdict != capture.VerdictDrop {
				t.Errorf("verdict %v", v.Verdict)
			}
			if v.Verdict == capture.VerdictOk {
				taken++
			}
		}
		if taken != len(s.Events) || s.Bytes > 1<<16 {
			t.Errorf("%d taken, %d events, %d bytes", taken, len(s.Events), s.Bytes)
		}
		for _, e := range s.Events {
			if len(e.Event) == 0 || len(e.Event) > 200 || len(e.DistinctID) == 0 || len(e.DistinctID) > 200 {
				t.Errorf("event %q of %q", e.Event, e.DistinctID)
			}
		}
	})
}

func FuzzJudgeV1(f *testing.F) {
	body, _ := capture.AppendResults(nil, asked(3))
	f.Add(body)
	f.Add([]byte(`{"results":{"x":{"result":"ok"}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		results := asked(3)
		if reason := capture.JudgeV1(200, body, results); reason != capture.Accepted && results[0].Verdict != capture.VerdictNone {
			t.Errorf("%v, and still %v", reason, results[0].Verdict)
		}
	})
}
