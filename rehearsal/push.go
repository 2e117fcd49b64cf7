package rehearsal

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"

	"rehearse/internal/permit"
	"rehearse/results/otlp"
)

// routeMetrics finds out where the OTEL variables of the environment say that a run's
// metrics are pushed to. A mistake in them is a note: whoever set them may have
// had another program in mind. For the same reason a host that is not this machine is
// refused unless --otlp-to or the permit names it: what a run comes to is told to
// nobody who was not meant.
func (r *rehearsal) routeMetrics() error {
	config, err := otlp.FromEnv(os.LookupEnv)
	if err != nil {
		r.note("note: %v", err)
	}
	if config == nil {
		return nil
	}
	r.push = config
	named := r.authorized.guard.hosts
	if r.Network.OTLPTo != "" {
		h, err := permit.ParseHost(r.Network.OTLPTo)
		if err != nil {
			return usage(fmt.Errorf("--otlp-to: %w", err))
		}
		named = append(slices.Clip(named), h)
	}
	to := config.Endpoint()
	if h, err := permit.TargetHost(to); err == nil &&
		slices.ContainsFunc(named, func(one permit.Host) bool { return one.Allows(h, to.Scheme) }) {
		return nil
	}
	if r.authorized.guard.loopback(to.Hostname()) != nil {
		return &Mistake{Refused,
			fmt.Errorf("refused to push metrics to %s, which OTEL_EXPORTER_OTLP_ENDPOINT names: it is not "+
				"this machine "+
				"(--otlp-to %[1]s allows it, or a permit that names it; OTEL_SDK_DISABLED=true pushes nowhere)",
				to.Host)}
	}
	config.Transport = &http.Transport{ // without a proxy, which would lead elsewhere
		DialContext:     (&net.Dialer{Control: onlyLoopback}).DialContext,
		IdleConnTimeout: config.Interval * 2,
	}
	return nil
}

// endPush pushes what the run came to, and says what did not arrive.
func (w *watchers) endPush() {
	if err := w.push.Close(); err != nil {
		w.note("note: %v", err)
	}
}
