package source

import (
	"fmt"
	"io"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/recording/event"
)

// TestSurveyIsWhatIsDealt: what a survey deals out while it reads is what is dealt out
// of the same recording later, with merges that send ids elsewhere and with clocks that
// are ahead, for which it begins again; and each event is shown once.
func TestSurveyIsWhatIsDealt(t *testing.T) {
	t.Parallel()
	for _, ahead := range []bool{false, true} {
		var content []byte
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		const lines = 400
		for i := range lines {
			name, at := "view", start.Add(time.Duration(i)*100*time.Millisecond)
			if i%7 == 0 {
				name = event.Identify
			}
			if ahead && i == 50 {
				at = at.Add(time.Hour)
			}
			content = fmt.Appendf(content,
				`{"e":%q,"d":"u%d","t":%q,"properties":{"$anon_distinct_id":"u%d"}}`+"\n",
				name, i*i%31, at.Format(time.RFC3339Nano), 1000-i)
		}
		s := replayOf(t, "a.jsonl", string(content), "target: {connections: 5}\nbatching: {events: 4}\n")
		shown, began := 0, 1
		v, err := OpenSurvey(s, func(*event.Event) { shown++ })
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for b := new(body.Batch); ; {
			b.Reset()
			err := v.Next(b)
			if err == nil {
				all = append(all, told(b))
				continue
			}
			if err != io.EOF {
				t.Fatal(err)
			}
			plan, again, err := v.End()
			if err != nil {
				t.Fatal(err)
			}
			if again {
				all, began = nil, began+1
				continue
			}
			batches, want := dealt(t, s)
			if plan.Recorded != want.Recorded || plan.Events != want.Events || plan.Requests != want.Requests {
				t.Errorf("plan %+v, want %+v", plan, want)
			}
			for i := range batches {
				if i >= len(all) || told(&batches[i]) != all[i] {
					t.Fatalf("batch %d of %d is not as it is dealt out", i, len(all))
				}
			}
			break
		}
		if want := map[bool]int{false: 1, true: 2}[ahead]; began != want || shown != lines || v.Seen().Lines != lines {
			t.Errorf("ahead %v: began %d times, %d events shown", ahead, began, shown)
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

// told is what a batch holds.
func told(b *body.Batch) (text string) {
	text = fmt.Sprint(b.First, b.Events, b.Due, b.Lane)
	for i := range b.Events {
		_, _, id, properties := b.Recorded.At(i)
		text += fmt.Sprintf(" %s%s", id, properties)
	}
	return text
}
