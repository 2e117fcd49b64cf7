package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"rehearse/generator"
	"rehearse/scenario"
	"rehearse/staging"
)

// embedded is the staging endpoint that serves runs without a target.
type embedded struct {
	server   *staging.Server
	listener net.Listener
	served   chan error
}

// startEmbedded serves a staging endpoint that behaves as c says on a free port
// of this machine.
func startEmbedded(c staging.Config) (*embedded, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("cannot start the embedded endpoint: %w", err)
	}
	e := &embedded{staging.New(c), listener, make(chan error, 1)}
	go func() { e.served <- e.server.Serve(listener) }()
	return e, nil
}

// url is where it serves.
func (e *embedded) url() string { return "http://" + e.listener.Addr().String() }

// stop ends the endpoint. It is called when the run is over: what has no answer by
// then, for a stall say, is waited for by nobody. The listener is closed as well
// because the endpoint may not have begun to serve.
func (e *embedded) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	e.server.Shutdown(ctx)
	e.listener.Close()
	<-e.served
}

// stopWithin is how long connections may take to close.
const stopWithin = 100 * time.Millisecond

// destination says where the requests of a run go, and allows it.
func (r *rehearsal) destination() (generator.Destination, error) {
	u, err := url.Parse(r.target)
	if err != nil {
		return generator.Destination{}, err
	}
	guard := r.authorized.guard
	d := generator.Destination{URL: u, UserAgent: userAgent(r.scenario, r.id), Rehearsal: r.authorized.header(r.id), Timeout: r.scenario.Target.Timeout}
	if err := r.flags.network.apply(&d); err != nil {
		return d, err
	}
	if err := r.admitted(&d); err != nil {
		return d, exitError{exitRefused, err}
	}
	dialer := &net.Dialer{Timeout: d.Timeout, Control: guard.control}
	d.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
		return dialer.DialContext(ctx, "tcp", addr)
	}
	if r.flags.dial != nil {
		d.Dial = guard.over(r.flags.dial)
	}
	return d, nil
}

// admitted asks the guard about all that load for d comes to.
func (r *rehearsal) admitted(d *generator.Destination) error {
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
	return fmt.Sprintf("rehearse/%s (run %s; contact %s)", version, runID, contact)
}

// loopback is an error unless every address of host is this machine's.
func loopback(host string) error {
	addrs, err := net.LookupIP(host)
	if err != nil {
		return fmt.Errorf("cannot find target %q, and anything but this machine needs a permit (rehearse permit --help): %w", host, err)
	}
	for _, a := range addrs {
		if a.IsLoopback() {
			continue
		}
		at := ""
		if a.String() != host {
			at = fmt.Sprintf(" (%s)", a)
		}
		return fmt.Errorf("refused to send load to %s%s: it is not this machine, and anything else needs a permit (rehearse permit --help)", host, at)
	}
	return nil
}

// onlyLoopback is asked about every connection before it is opened, so that a
// name which changes its address in mid-run leads nowhere.
func onlyLoopback(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("refused to send load to %s: it is not this machine", host)
	}
	return nil
}
