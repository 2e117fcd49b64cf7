package main

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"rehearse/scenario"
)

// TestGuard: which hosts a permit admits, by what their names stand for, and where
// connections may go after that.
func TestGuard(t *testing.T) {
	t.Parallel()
	names := map[string][]string{
		"capture.example":  {"203.0.113.7", "2001:db8::7"},
		"staging.internal": {"10.1.2.3"},
		"here.example":     {"127.0.0.1"},
		"both.example":     {"203.0.113.7", "127.0.0.1"},
		"cloud.example":    {"169.254.169.254"},
		"many.example":     {"224.0.0.1"},
		"mapped.example":   {"::ffff:127.0.0.1"},
		"other.example":    {"198.51.100.1"},
		"localhost":        {"127.0.0.1", "::1"},
		"evil.localhost":   {"198.51.100.1"},
	}
	for _, c := range []struct {
		permit, host   string
		wrong          string // why it is not admitted; empty: it is
		leads, refused string // where connections may and may not go then
	}{
		{"capture.example", "capture.example", "", "203.0.113.7:443 [2001:db8::7]:443", "203.0.113.8:443 127.0.0.1:443 [::1]:443"},
		{"Capture.Example.", "capture.example", "", "203.0.113.7:443", "198.51.100.1:443"},
		{"staging.internal", "staging.internal", "", "10.1.2.3:80", "10.1.2.4:80"},
		{"here.example", "here.example", "its address is 127.0.0.1", "", "127.0.0.1:80"},
		{"both.example", "both.example", "its address is 127.0.0.1", "", "127.0.0.1:80"},
		{"mapped.example", "mapped.example", "its address is 127.0.0.1", "", "127.0.0.1:80"},
		{"cloud.example", "cloud.example", "its address is 169.254.169.254", "", "169.254.169.254:80"},
		{"many.example", "many.example", "its address is 224.0.0.1", "", "224.0.0.1:80"},
		{"capture.example", "other.example", "the permit does not name it", "", "198.51.100.1:80"},
		{"capture.example", "nowhere.example", "cannot find target", "", "203.0.113.7:443"},
		{"203.0.113.7", "203.0.113.7", "", "203.0.113.7:80 [::ffff:203.0.113.7]:80", "203.0.113.8:80"},
		{"203.0.113.7", "203.0.113.8", "the permit does not name it", "", "203.0.113.8:80"},
		{"[2001:db8::7]", "2001:db8:0::7", "", "[2001:db8::7]:80", "[2001:db8::8]:80"},
		{"embedded", "127.0.0.1", "", "127.0.0.1:80", "203.0.113.7:80 [::1]:80"},
		{"embedded", "embedded", "cannot find target", "", "127.0.0.1:80"},
		{"localhost", "localhost", "", "127.0.0.1:80 [::1]:80", "203.0.113.7:80"},
		{"evil.localhost", "evil.localhost", "its address is 198.51.100.1", "", "198.51.100.1:80"},
	} {
		t.Run(c.permit+" "+c.host, func(t *testing.T) {
			t.Parallel()
			h, err := scenario.ParseHost(c.permit)
			if err != nil {
				t.Fatal(err)
			}
			g := newGuard([]scenario.Host{h})
			g.lookup = func(_ context.Context, _, host string) (addrs []netip.Addr, err error) {
				for _, a := range names[host] {
					addrs = append(addrs, netip.MustParseAddr(a))
				}
				if addrs == nil {
					err = errors.New("no such host")
				}
				return addrs, err
			}
			err = g.admit(c.host)
			if c.wrong == "" && err != nil || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
			for _, addr := range strings.Fields(c.leads) {
				if err := g.control("tcp", addr, nil); err != nil {
					t.Error(err)
				}
			}
			for _, addr := range strings.Fields(c.refused) {
				if g.control("tcp", addr, nil) == nil {
					t.Errorf("a connection to %s was let through", addr)
				}
			}
		})
	}
}

// TestGuardWithoutPermit: then only this machine is let through, and a name as
// little as an address that changed.
func TestGuardWithoutPermit(t *testing.T) {
	t.Parallel()
	g := newGuard(nil)
	for addr, want := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "127.9.9.9:80": true,
		"203.0.113.7:80": false, "10.0.0.1:80": false, "0.0.0.0:80": false, "localhost:80": false, "": false,
	} {
		if got := g.control("tcp", addr, nil) == nil; got != want {
			t.Errorf("%q: let through is %v, want %v", addr, got, want)
		}
	}
	if err := g.admit("203.0.113.7"); err == nil || !strings.Contains(err.Error(), "anything else needs a permit") {
		t.Errorf("%v", err)
	}
}
