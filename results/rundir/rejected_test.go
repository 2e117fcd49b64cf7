package rundir

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/results/runtest"
)

// refusals is an interval with n refusals and some left out.
func refusals(n int, leftOut int64) *results.Interval {
	r := results.NewRecorder(1)
	for i := range n {
		o := runtest.Outcome(i, capture.RateLimited, 429)
		o.Answer = []byte("<b>\"slow\" \\ down</b>")
		r.Sender(0).Record(&o)
	}
	iv := r.Tick(1500*time.Millisecond, results.Count{})
	iv.LeftOut = leftOut
	return iv
}

func TestRejectedFile(t *testing.T) {
	t.Parallel()
	var w rejectedWriter
	var file []byte
	var ends []int
	for _, iv := range []*results.Interval{refusals(2, 0), refusals(0, 0), refusals(3, 7)} {
		member, err := w.encode(iv)
		if err != nil {
			t.Fatal(err)
		}
		file = append(file, member...)
		ends = append(ends, len(file))
	}
	var lines []RejectionLine
	leftOut, err := ReadRejections(bytes.NewReader(file), func(line *RejectionLine) error {
		lines = append(lines, *line)
		return nil
	})
	if err != nil || leftOut != 7 || len(lines) != 5 {
		t.Fatalf("%d lines, %d left out, error %v", len(lines), leftOut, err)
	}
	want := RejectionLine{
		DueMS: 1, SentMS: 1, DoneMS: 6, Status: 429, Reason: capture.RateLimited.String(), Side: "server",
		FirstEvent: 10, Events: 10, Answer: `<b>"slow" \ down</b>`,
	}
	if lines[1] != want {
		t.Errorf("line %+v, want %+v", lines[1], want)
	}
	for cut := ends[0] + 1; cut < len(file); cut++ {
		n := 0
		_, err := ReadRejections(bytes.NewReader(file[:cut]), func(*RejectionLine) error { n++; return nil })
		if n < 2 || !errors.Is(err, ErrTorn) {
			t.Errorf("cut at %d: %d lines, error %v", cut, n, err)
		}
	}
}

func TestRejectionTimesAreMicroseconds(t *testing.T) {
	t.Parallel()
	r := results.Rejection{
		Due:    1234567 * time.Nanosecond,
		Sent:   2 * time.Millisecond,
		Done:   time.Hour + time.Nanosecond,
		Reason: capture.AnswerTimeout,
	}
	text, err := json.Marshal(line(&r))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"due_ms":1.235,"sent_ms":2,"done_ms":3600000,"status":0,"reason":"` + capture.AnswerTimeout.String() +
		`","side":"network","ambiguous":true,"first_event":0,"events":0,"answer":""}`
	if string(text) != want {
		t.Errorf("line\n%s, want\n%s", text, want)
	}
}

func FuzzReadRejections(f *testing.F) {
	var w rejectedWriter
	member, err := w.encode(refusals(2, 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.Clone(member))
	f.Add(append(bytes.Clone(member), member[:20]...))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, _ = ReadRejections(bytes.NewReader(file), func(line *RejectionLine) error {
			if len(line.Answer) > results.MaxAnswer {
				t.Fatalf("answer %q", line.Answer)
			}
			return nil
		})
	})
}
