package source_test

import (
	"fmt"
	"log"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/scenario"
)

// The traffic of a scenario is dealt out batch by batch: what each holds and when it is
// due. Nothing is sent. Bodies are built by as many goroutines as one likes, each with
// a Builder of its own.
func ExampleOpen() {
	s, err := scenario.Parse("example.yaml", []byte(`
name: example
load: {profile: 'const(100, 1s)'}
batching: {events: 40}
target: {compression: none}
traffic: {}
`), scenario.Options{})
	if err != nil {
		log.Fatal(err)
	}
	opened, err := source.Open(s, source.Part{})
	if err != nil {
		log.Fatal(err)
	}
	defer opened.Close()
	fmt.Println(opened.Plan.Events, "events in", opened.Plan.Requests, "requests")

	builder := body.NewBuilder(s, time.Unix(1_700_000_000, 0))
	var batch body.Batch
	for opened.Next(&batch) == nil {
		opened.Build(&batch, builder)
		fmt.Println("event", batch.First, "and", batch.Events-1, "more, due at", batch.Due, "to", batch.Path)
		batch.Reset()
	}
	// Output:
	// 100 events in 3 requests
	// event 0 and 39 more, due at 390ms to /batch/
	// event 40 and 39 more, due at 790ms to /batch/
	// event 80 and 19 more, due at 990ms to /batch/
}
