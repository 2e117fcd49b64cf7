package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"rehearse/results"
	"rehearse/results/otlp"
)

// startPush pushes the run's metrics to where the OTEL variables of the
// environment say, if they do. A mistake in them is a note: whoever set them may
// have had another program in mind.
func startPush(hard context.Context, stderr io.Writer, m *results.Manifest) *otlp.Pusher {
	config, err := otlp.FromEnv(os.LookupEnv)
	if err != nil {
		fmt.Fprintf(stderr, "note: %v\n", err)
	}
	return otlp.New(hard, config, m)
}

// endPush pushes what the run came to, and says what did not arrive.
func endPush(p *otlp.Pusher, stderr io.Writer) {
	if err := p.Close(); err != nil {
		fmt.Fprintf(stderr, "note: %v\n", err)
	}
}
