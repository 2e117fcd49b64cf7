package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"rehearse/internal/permit"
)

// guard says which addresses and ports the connections of a run may go to. Without
// a permit those of this machine; with one those that the hosts of the permit had
// when the run began, so that a name which changes its address in mid-run leads
// nowhere.
type guard struct {
	hosts  []permit.Host           // of the permit; nil: this machine only
	pinned map[netip.AddrPort]bool // where connections may go, if hosts is set
	lookup lookupFunc
}

// lookupFunc finds the addresses of a name, as net.Resolver.LookupNetIP does.
type lookupFunc = func(ctx context.Context, network, host string) ([]netip.Addr, error)

// newGuard returns a guard for the hosts of a permit, none for this machine only. A
// nil lookup stands for that of the system.
func newGuard(hosts []permit.Host, lookup lookupFunc) *guard {
	if lookup == nil {
		lookup = net.DefaultResolver.LookupNetIP
	}
	return &guard{hosts: hosts, pinned: map[netip.AddrPort]bool{}, lookup: lookup}
}

// lookupWithin is how long the look-up of a name may take.
const lookupWithin = 10 * time.Second

// admit is asked once about every host and port that a run connects to. The
// addresses that it has now are those that it will be let have.
func (g *guard) admit(hop *url.URL) error {
	if g.hosts == nil {
		return g.loopback(hop.Hostname())
	}
	h, err := permit.TargetHost(hop)
	if err != nil {
		return fmt.Errorf("refused to send load to %q: %w", hop.Host, err)
	}
	if !g.names(h, hop.Scheme) {
		return fmt.Errorf("refused to send load to %s: the permit does not name it (host and port)", h)
	}
	return g.pin(h)
}

// admitOwn is asked about the endpoint that the run serves itself.
func (g *guard) admitOwn(at netip.AddrPort) error {
	for _, one := range g.hosts {
		if one.Own {
			g.pinned[at] = true
		}
	}
	if g.hosts != nil && !g.pinned[at] {
		return errors.New("refused to send load to the embedded endpoint: the permit does not name it")
	}
	return nil
}

// admitProxy is asked about the proxy on the way to the target; nil: there is none.
// A proxy forwards to hosts that it looks up itself, wherever it stands, so one on
// this machine is a stranger as any other.
func (g *guard) admitProxy(proxy *url.URL) error {
	if proxy == nil {
		return nil
	}
	h, err := permit.TargetHost(proxy)
	if err != nil {
		return fmt.Errorf("refused to send load through the proxy %q: %w", proxy.Host, err)
	}
	if g.hosts == nil || !g.names(h, proxy.Scheme) {
		return fmt.Errorf("refused to send load through the proxy %s: it leads to other machines, so a permit has "+
			"to name it (host and port); NO_PROXY=* goes without", h)
	}
	return g.pin(h)
}

// names tells whether the permit names a host and its port.
func (g *guard) names(h permit.Host, scheme string) bool {
	return slices.ContainsFunc(g.hosts, func(one permit.Host) bool { return one.Allows(h, scheme) })
}

// pin lets connections have the addresses of a host. A name may have none that a
// stranger's name has no business with: this machine's, that of the network's own
// services, or many at once.
func (g *guard) pin(h permit.Host) error {
	if a, ok := h.Address(); ok {
		g.pinned[netip.AddrPortFrom(a, h.Port)] = true
		return nil
	}
	addrs, err := g.addresses(h.Name)
	if err != nil {
		return fmt.Errorf("cannot find target %q: %w", h.Name, err)
	}
	home := h.Name == "localhost" || strings.HasSuffix(h.Name, ".localhost")
	for _, a := range addrs {
		strange := a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast()
		if home && !a.IsLoopback() || !home && strange {
			return fmt.Errorf("refused to send load to %s: its address is %s, which no permit means by a name (a "+
				"permit may name the address itself)", h.Name, a)
		}
		g.pinned[netip.AddrPortFrom(a, h.Port)] = true
	}
	return nil
}

// addresses looks a name up.
func (g *guard) addresses(name string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupWithin)
	defer cancel()
	addrs, err := g.lookup(ctx, "ip", name)
	for i, a := range addrs {
		addrs[i] = a.Unmap().WithZone("")
	}
	return addrs, err
}

// control is asked about every connection before it is opened.
func (g *guard) control(network, address string, c syscall.RawConn) error {
	if g.hosts == nil {
		return onlyLoopback(network, address, c)
	}
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("refused to send load to %s: it is no address", address)
	}
	if !g.pinned[netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())] {
		return fmt.Errorf("refused to send load to %s: the target did not have this address and port when "+
			"the run began", at)
	}
	return nil
}

// dialFunc opens a connection to an address.
type dialFunc = func(ctx context.Context, addr string) (net.Conn, error)

// over puts the guard before a way to open connections that has no control. A name
// is looked up again, as a dialer does.
func (g *guard) over(dial dialFunc) dialFunc {
	return func(ctx context.Context, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		addrs, err := g.addresses(host)
		if err != nil {
			return nil, err
		}
		for _, a := range addrs {
			at := net.JoinHostPort(a.String(), port)
			if err = g.control("tcp", at, nil); err == nil {
				return dial(ctx, at)
			}
		}
		return nil, err
	}
}

// loopback is an error unless every address of host is this machine's.
func (g *guard) loopback(host string) error {
	addrs, err := g.addresses(host)
	if err != nil {
		return fmt.Errorf("cannot find target %q, and anything but this machine needs a permit (rehearse "+
			"permit --help): %w", host, err)
	}
	for _, a := range addrs {
		if a.IsLoopback() {
			continue
		}
		at := ""
		if a.String() != host {
			at = fmt.Sprintf(" (%s)", a)
		}
		return fmt.Errorf("refused to send load to %s%s: it is not this machine, and anything else needs a permit "+
			"(rehearse permit --help)", host, at)
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

// queryTransport opens the connections over which a database is asked what arrived: to
// this machine, or to the host that is named besides, as host or host:port. It goes
// through no proxy, which would lead elsewhere, and follows no redirect.
func queryTransport(to *url.URL, named string) (http.RoundTripper, error) {
	dialer := &net.Dialer{}
	if newGuard(nil, nil).loopback(to.Hostname()) == nil {
		dialer.Control = onlyLoopback
		return &http.Transport{DialContext: dialer.DialContext}, nil
	}
	if named == "" {
		return nil, &Mistake{Refused, fmt.Errorf("refused to ask %s: it is not this machine (--query-to %[1]s "+
			"allows it)", to.Host)}
	}
	allowed, err := permit.ParseHost(named)
	if err != nil {
		return nil, usage(fmt.Errorf("--query-to: %w", err))
	}
	target, err := permit.TargetHost(to)
	if err != nil {
		return nil, usage(err)
	}
	if !allowed.Allows(target, to.Scheme) {
		return nil, &Mistake{Refused, fmt.Errorf("refused to ask %s: --query-to names %s", target, allowed)}
	}
	return &http.Transport{DialContext: dialer.DialContext}, nil
}
