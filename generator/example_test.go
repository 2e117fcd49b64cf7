package generator_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/url"
	"time"

	"rehearse/generator"
	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// A scenario of 500 events is sent to the staging endpoint, which serves in this
// process on loopback. The dialer reaches this machine alone.
func ExampleRun() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	endpoint := staging.New(staging.Config{})
	served := make(chan error, 1)
	go func() { served <- endpoint.Serve(listener) }()

	s, err := scenario.Parse("example.yaml", []byte(`
name: example
load: {profile: 'const(1000, 500ms)'}
batching: {events: 50}
target: {connections: 2}
traffic: {events: {$pageview: 9, $identify: 1}}
`), scenario.Options{})
	if err != nil {
		log.Fatal(err)
	}
	opened, err := source.Open(s, source.Part{})
	if err != nil {
		log.Fatal(err)
	}
	defer opened.Close()

	var accepted results.Count
	ctx := context.Background()
	summary, err := generator.Run(ctx, ctx, generator.Config{
		Scenario: s,
		Source:   opened,
		Plan:     opened.Plan,
		Start:    time.Now(),
		Destination: transport.Destination{
			URL:       &url.URL{Scheme: "http", Host: listener.Addr().String()},
			UserAgent: "example",
			Timeout:   5 * time.Second,
			Dial:      transport.Loopback(5 * time.Second),
		},
		Observe: func(interval *results.Interval) { accepted = interval.Total.Fates[capture.FateAccepted] },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("planned ", summary.Planned.Events, "events in", summary.Planned.Requests, "requests")
	fmt.Println("accepted", accepted.Events, "events in", accepted.Requests, "requests")

	listener.Close()
	if err := <-served; err != nil {
		log.Fatal(err)
	}
	// Output:
	// planned  500 events in 10 requests
	// accepted 500 events in 10 requests
}

// A run without a dialer is refused: nothing is reached that nobody named.
func ExampleRun_withoutDialer() {
	s, err := scenario.Parse("example.yaml", []byte("name: example\nload: {profile: 'const(1, 1s)'}\ntraffic: {}\n"),
		scenario.Options{})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	_, err = generator.Run(ctx, ctx, generator.Config{Scenario: s})
	fmt.Println(err)
	// Output:
	// cannot connect: the destination has no Dial (transport.Loopback is one for this machine)
}
