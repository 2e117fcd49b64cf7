package capture_test

import (
	"fmt"

	"rehearse/internal/capture"
)

// A /batch/ body is a head, the events with commas between them, and a tail.
func ExampleEnvelope() {
	envelope := capture.Envelope{Token: "phc_rehearsal", HistoricalMigration: true}
	events := []capture.Event{
		{Name: []byte("$pageview"), DistinctID: []byte("user-1")},
		{Name: []byte("purchase"), DistinctID: []byte("user-2"), Properties: []byte(`{"price":9}`)},
	}
	body := envelope.AppendHead(nil)
	for i := range events {
		if i > 0 {
			body = append(body, ',')
		}
		body = capture.AppendEvent(body, &events[i])
	}
	body = envelope.AppendTail(body)
	fmt.Printf("%s\n", body)

	var decoder capture.Decoder
	submission, err := decoder.Decode(&capture.Request{Path: []byte("/batch/"), Body: body})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d events for %s\n", len(submission.Events), submission.Token)
	// Output:
	// {"api_key":"phc_rehearsal","historical_migration":true,"batch":[{"event":"$pageview","distinct_id":"user-1"},{"event":"purchase","distinct_id":"user-2","properties":{"price":9}}]}
	// 2 events for phc_rehearsal
}
