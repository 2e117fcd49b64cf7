package capture

import (
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// TestSoundBodies: of a body that is JSON, a decoder that does not look whether it is
// says what one says that does, be it a submission or a refusal.
func TestSoundBodies(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SampledFrom([]string{"", "a", "$identify", "é\"\\\n", "null"})
		envelope := &Envelope{Token: rapid.SampledFrom([]string{"phc_token", ""}).Draw(t, "token")}
		body := envelope.AppendHead(nil)
		for i := range rapid.IntRange(0, 3).Draw(t, "events") {
			if i > 0 {
				body = append(body, ',')
			}
			properties := rapid.SampledFrom([]string{`{}`, `{"$ip":"::1","x":[1,{"y":null}]}`, `{"distinct_id":7,"token":"phc_a"}`, ``})
			body = AppendEvent(body, &Event{Name: []byte(text.Draw(t, "name")), DistinctID: []byte(text.Draw(t, "id")),
				Properties: []byte(properties.Draw(t, "properties"))})
		}
		body = envelope.AppendTail(body)
		r := &Request{Path: []byte("/batch/"), ContentType: []byte("application/json"), Body: body}
		looks, trusts := Decoder{}, Decoder{Sound: true}
		want, refused := looks.Decode(r)
		got, err := trusts.Decode(r)
		if fmt.Sprint(refused) != fmt.Sprint(err) {
			t.Fatalf("of %s: %v, want %v", body, err, refused)
		}
		if want == nil || got == nil {
			if want != got {
				t.Fatalf("of %s: %+v, want %+v", body, got, want)
			}
			return
		}
		if string(got.Token) != string(want.Token) || got.Len() != want.Len() {
			t.Fatalf("of %s: %+v, want %+v", body, got, want)
		}
		if !reflect.DeepEqual(want.Events, got.Events) {
			t.Fatalf("of %s: %+v, want %+v", body, got.Events, want.Events)
		}
	})
}
