package rehearsal

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"rehearse/generator/transport"
	"rehearse/internal/permit"
	"rehearse/internal/prometheus"
	"rehearse/internal/text"
	"rehearse/internal/verify/kafka"
	"rehearse/results"
	"rehearse/results/otlp"
	"rehearse/scenario"
)

// route finds out where the requests of the run go, and asks the guard whether they
// may. Every connection to there is asked for once more when it is opened.
func (r *rehearsal) route() error {
	u, err := url.Parse(r.target())
	if err != nil {
		return err
	}
	guard := r.authorized.guard
	d := transport.Destination{
		URL: u, UserAgent: userAgent(r.scenario, r.id), Rehearsal: r.authorized.header(r.id, r.RunID != ""),
		Timeout: r.scenario.Target.Timeout,
	}
	if err := r.Network.apply(&d); err != nil {
		return usage(err)
	}
	if err := r.admitted(&d); err != nil {
		return &Mistake{Refused, err}
	}
	dialer := &net.Dialer{Timeout: d.Timeout, Control: guard.control}
	d.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", addr)
	}
	if r.dial != nil {
		d.Dial = guard.over(r.dial)
	}
	r.to = d
	return nil
}

// admitted asks the guard about all that load for d comes to.
func (r *rehearsal) admitted(d *transport.Destination) error {
	guard := r.authorized.guard
	if r.scenario.Target.URL == "" {
		at, err := netip.ParseAddrPort(d.URL.Host)
		if err != nil {
			return err
		}
		return errors.Join(guard.admitOwn(at), guard.admitProxy(d.Proxy))
	}
	for _, hop := range d.Hops() {
		if err := guard.admit(hop); err != nil {
			return err
		}
	}
	return guard.admitProxy(d.Proxy)
}

// userAgent names the run and whom to ask about it, so that the owner of the
// endpoint can find its requests and block them. Requests that are to look like
// a client's introduce themselves as it does.
func userAgent(s *scenario.Scenario, runID string) string {
	if h, known := s.Target.Client.Habits(); known {
		return h.UserAgent
	}
	contact := s.Contact
	if contact == "" {
		contact = "none given"
	}
	return fmt.Sprintf("rehearse/%s (run %s; contact %s)", Version, runID, contact)
}

// Network says how connections to the target come about: where, and who vouches for
// it.
type Network struct {
	CACert  string   // a file of authorities, in PEM form, to be trusted instead of the system's; empty: none
	Resolve []string // host:port:address each: where to connect to instead of looking the name up
	OTLPTo  string   // the host or host:port that metrics may be pushed to, besides this machine and the permit's hosts
}

// apply writes into d what n says, and what the environment says of proxies.
func (n *Network) apply(d *transport.Destination) (err error) {
	if d.Roots, err = readRoots(n.CACert); err != nil {
		return err
	}
	if d.Resolve, err = readResolve(n.Resolve); err != nil {
		return err
	}
	d.Proxy, err = proxyFor(httpproxy.FromEnvironment(), d.URL)
	return err
}

// readRoots reads who is to be trusted; nil stands for the system's choice.
func readRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read --cacert: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("cannot read --cacert: %q holds no certificate in PEM form (-----BEGIN "+
			"CERTIFICATE-----)", path)
	}
	return pool, nil
}

// readResolve reads entries of the form host:port:address[,address], as curl has
// them. Addresses of IPv6 may stand in brackets.
func readResolve(entries []string) (map[string][]string, error) {
	leads := map[string][]string{}
	for _, entry := range entries {
		host, rest := cutHost(entry)
		port, addresses, found := strings.Cut(rest, ":")
		if _, err := strconv.ParseUint(port, 10, 16); err != nil || !found || host == "" {
			return nil, fmt.Errorf("cannot read --resolve %q: want host:port:address, as in "+
				"capture.example:443:127.0.0.1", entry)
		}
		from := net.JoinHostPort(host, port)
		for address := range strings.SplitSeq(addresses, ",") {
			ip := net.ParseIP(strings.TrimSuffix(strings.TrimPrefix(address, "["), "]"))
			if ip == nil {
				return nil, fmt.Errorf("cannot read --resolve %q: %q is no address", entry, address)
			}
			leads[from] = append(leads[from], net.JoinHostPort(ip.String(), port))
		}
	}
	return leads, nil
}

// cutHost cuts the host off an entry, brackets around it taken away.
func cutHost(entry string) (host, rest string) {
	if inner, bracketed := strings.CutPrefix(entry, "["); bracketed {
		host, rest, _ = strings.Cut(inner, "]:")
		return host, rest
	}
	host, rest, _ = strings.Cut(entry, ":")
	return host, rest
}

// proxyFor is the proxy that c, which comes from HTTP_PROXY, HTTPS_PROXY and
// NO_PROXY, names for a target, read as most programs do; nil: none. localhost and
// the addresses of loopback never have one.
func proxyFor(c *httpproxy.Config, target *url.URL) (*url.URL, error) {
	proxy, err := c.ProxyFunc()(target)
	if err == nil && proxy == nil {
		return nil, nil
	}
	if err != nil || !usable(proxy) { // to quote it would quote its password
		return nil, errors.New("cannot read the proxy that the environment names: want HTTP_PROXY or HTTPS_PROXY " +
			"to be http, " +
			"socks5 or socks5h (not https) and a host, as in http://proxy.example:3128, or NO_PROXY=" +
			target.Hostname())
	}
	return proxy, nil
}

// usable tells whether a proxy is one that can be spoken to. What is no URL at all
// has been taken for a host and a path.
func usable(proxy *url.URL) bool {
	switch proxy.Scheme {
	case "http", "socks5", "socks5h":
		return proxy.Hostname() != "" && strings.Trim(proxy.Path, "/") == ""
	}
	return false
}

// routeMetrics finds out where the OTEL variables of the environment say that a run's
// metrics are pushed to. A mistake in them is a note: whoever set them may have
// had another program in mind. For the same reason a host that is not this machine is
// refused unless --otlp-to or the permit names it: what a run comes to is told to
// no one else.
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

// routePrometheus finds out where the metrics of the target are asked for, and that they
// may be: on this machine, or on a host that the permit names.
func (r *rehearsal) routePrometheus() error {
	w := &r.scenario.Target.Watched
	if err := r.reachKafka(); err != nil {
		return err
	}
	if w.Prometheus == "" || len(w.Metrics) == 0 {
		return nil
	}
	u, err := url.Parse(w.Prometheus)
	if err != nil {
		return err
	}
	g := newGuard(nil, r.lookup)
	if g.admit(u) != nil {
		g = newGuard(r.authorized.guard.hosts, r.lookup)
		if g.hosts == nil || g.admit(u) != nil {
			return &Mistake{Refused, fmt.Errorf("refused to ask the Prometheus at %s: it is not this machine, and no "+
				"permit names it", u.Host)}
		}
	}
	dialer := &net.Dialer{Timeout: lookupWithin, Control: g.control}
	r.prometheus = prometheus.NewInstance(u, dialer.DialContext)
	r.onClose(r.prometheus.Close)
	return nil
}

// reachKafka readies to ask for the lag of consumers, if the scenario names any, from brokers
// that the environment names. Nothing is sent there, so that no permit is asked for.
func (r *rehearsal) reachKafka() error {
	for i := range r.scenario.Target.Metrics {
		if r.scenario.Target.Metrics[i].Group == "" || r.lags != nil {
			continue
		}
		config, err := kafka.FromEnvironment(os.Getenv)
		if err == nil {
			config.Timeout = lookupWithin
			r.lags, err = kafka.OpenLags(config)
		}
		if err != nil {
			return usage(fmt.Errorf("cannot ask for the metric %s of the target: %w",
				r.scenario.Target.Metrics[i].Name, err))
		}
		r.onClose(r.lags.Close)
	}
	return nil
}

// ask asks for a metric of the target.
func (r *rehearsal) ask(ctx context.Context, q *scenario.Query) (float64, error) {
	switch {
	case q.Waiting:
		return float64(r.endpoint.Stats().Pipeline.Lag.Waiting), nil
	case q.Group != "":
		messages, err := r.lags.Of(ctx, q.Group, q.Topic)
		return float64(messages), err
	}
	return r.prometheus.Ask(ctx, q.PromQL)
}

// drainWithin is how long a run waits for a queue behind the endpoint.
const drainWithin = 2 * time.Minute

// queue waits until the queue behind the endpoint is as long as before the load; nil: none
// is known.
func (r *rehearsal) queue(ctx context.Context, metrics []results.TargetMetric) *results.Queue {
	w := &r.scenario.Target.Watched
	at := slices.IndexFunc(metrics, func(m results.TargetMetric) bool { return m.Name == w.Backlog })
	if at < 0 {
		return nil
	}
	m := &metrics[at]
	q := &results.Queue{Metric: m.Name, Before: m.First, Most: m.Max, Last: m.Last, Because: m.Because}
	if m.Samples == 0 {
		return q
	}
	if m.Last > m.First {
		r.note("waiting up to %v until %s is back at %s (it is %s)", drainWithin, m.Name,
			text.Rate(m.First), text.Rate(m.Last))
	}
	took, last, ok := prometheus.Await(ctx, r.ask, w.Query(m.Name), m.First, drainWithin)
	q.Last = last
	q.Most = max(q.Most, last)
	if ok {
		seconds := took.Round(time.Millisecond).Seconds()
		q.Drained = &seconds
	}
	return q
}

// endPush pushes what the run came to, and says what did not arrive.
func (w *watchers) endPush() {
	if err := w.push.Close(); err != nil {
		w.note("note: %v", err)
	}
}
