package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"rehearse/scenario"
)

// guard says which addresses the connections of a run may go to. Without a permit
// those of this machine; with one the addresses that the hosts of the permit had
// when the run began, so that a name which changes its address in mid-run leads
// nowhere.
type guard struct {
	hosts  []scenario.Host     // of the permit; nil: this machine only
	pinned map[netip.Addr]bool // where connections may go, if hosts is set
	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// newGuard returns a guard for the hosts of a permit, none for this machine only.
func newGuard(hosts []scenario.Host) *guard {
	return &guard{hosts: hosts, pinned: map[netip.Addr]bool{}, lookup: net.DefaultResolver.LookupNetIP}
}

// lookupWithin is how long the look-up of a name may take.
const lookupWithin = 10 * time.Second

// admit is asked once about every host that a run connects to. The addresses
// that it has now are those that it will be let have.
func (g *guard) admit(host string) error {
	if g.hosts == nil {
		return loopback(host)
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	h, err := scenario.ParseHost(host)
	if err != nil {
		return fmt.Errorf("refused to send load to %q: %w", host, err)
	}
	if a, ok := h.Address(); ok {
		if !g.names(h) && !a.IsLoopback() {
			return fmt.Errorf("refused to send load to %s: the permit does not name it", host)
		}
		g.pinned[a] = true
		return nil
	}
	return g.pin(h)
}

// names tells whether the permit names a host, on whatever port.
func (g *guard) names(h scenario.Host) bool {
	for _, one := range g.hosts {
		if one.Name == h.Name && !one.Own {
			return true
		}
	}
	return false
}

// pin looks up a name. It may have no address that a stranger's name has no
// business with: this machine's, that of the network's own services, or many at
// once.
func (g *guard) pin(h scenario.Host) error {
	ctx, cancel := context.WithTimeout(context.Background(), lookupWithin)
	defer cancel()
	addrs, err := g.lookup(ctx, "ip", h.Name)
	if err != nil {
		return fmt.Errorf("cannot find target %q: %w", h.Name, err)
	}
	home := h.Name == "localhost" || strings.HasSuffix(h.Name, ".localhost")
	for _, a := range addrs {
		a = a.Unmap().WithZone("")
		switch {
		case home && a.IsLoopback():
		case home || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast():
			return fmt.Errorf("refused to send load to %s: its address is %s, which no permit means by a name (a permit may name the address itself)", h.Name, a)
		case !g.names(h):
			return fmt.Errorf("refused to send load to %s: the permit does not name it", h.Name)
		}
		g.pinned[a] = true
	}
	return nil
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
	if !g.pinned[at.Addr().Unmap().WithZone("")] {
		return fmt.Errorf("refused to send load to %s: the target did not have this address when the run began", at.Addr())
	}
	return nil
}

// dialFunc opens a connection to an address.
type dialFunc = func(ctx context.Context, addr string) (net.Conn, error)

// over puts the guard before a way to open connections that has no control.
func (g *guard) over(dial dialFunc) dialFunc {
	return func(ctx context.Context, addr string) (net.Conn, error) {
		if err := g.control("tcp", addr, nil); err != nil {
			return nil, err
		}
		return dial(ctx, addr)
	}
}
