package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"

	"rehearse/results/otlp"
	"rehearse/scenario"
)

// pushConfig is where the OTEL variables of the environment say that a run's metrics
// are pushed to; nil: nowhere. A mistake in them is a note: whoever set them may have
// had another program in mind. For the same reason a host that is not this machine is
// refused unless --otlp-to or the permit names it: what a run comes to is told to
// nobody who was not meant.
func (r *rehearsal) pushConfig() (*otlp.Config, error) {
	config, err := otlp.FromEnv(os.LookupEnv)
	if err != nil {
		fmt.Fprintf(r.env.stderr, "note: %v\n", err)
	}
	if config == nil {
		return nil, nil
	}
	named := r.authorized.guard.hosts
	if r.flags.otlpTo != "" {
		h, err := scenario.ParseHost(r.flags.otlpTo)
		if err != nil {
			return nil, exitError{exitUsage, fmt.Errorf("--otlp-to: %w", err)}
		}
		named = append(slices.Clip(named), h)
	}
	to := config.Endpoint()
	if h, err := scenario.TargetHost(to); err == nil && slices.ContainsFunc(named, func(one scenario.Host) bool { return one.Allows(h, to.Scheme) }) {
		return config, nil
	}
	if loopback(to.Hostname()) != nil {
		return nil, exitError{exitRefused, fmt.Errorf("refused to push metrics to %s, which OTEL_EXPORTER_OTLP_ENDPOINT names: it is not this machine "+
			"(--otlp-to %[1]s allows it, or a permit that names it; OTEL_SDK_DISABLED=true pushes nowhere)", to.Host)}
	}
	config.Transport = &http.Transport{ // without a proxy, which would lead elsewhere
		DialContext:     (&net.Dialer{Control: onlyLoopback}).DialContext,
		IdleConnTimeout: config.Interval * 2,
	}
	return config, nil
}

// endPush pushes what the run came to, and says what did not arrive.
func endPush(p *otlp.Pusher, stderr io.Writer) {
	if err := p.Close(); err != nil {
		fmt.Fprintf(stderr, "note: %v\n", err)
	}
}
