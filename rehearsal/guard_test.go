package rehearsal

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"rehearse/internal/permit"
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
	for _, c := range []guarded{
		{"capture.example", "https://capture.example", "", "203.0.113.7:443 [2001:db8::7]:443",
			"203.0.113.7:8443 203.0.113.8:443 127.0.0.1:443 [::1]:443"},
		{"Capture.Example.", "https://capture.example", "", "203.0.113.7:443", "198.51.100.1:443"},
		{"capture.example:8010", "http://capture.example:8010", "", "203.0.113.7:8010", "203.0.113.7:80"},
		{"capture.example:8010", "http://capture.example:8011", "the permit does not name it (host and port)", "",
			"203.0.113.7:8011 203.0.113.7:8010"},
		{"capture.example", "http://capture.example:8010", "the permit does not name it (host and port)", "",
			"203.0.113.7:8010"},
		{"capture.example", "https://capture.example:80", "the permit does not name it (host and port)", "",
			"203.0.113.7:80"},
		{"staging.internal", "http://staging.internal", "", "10.1.2.3:80", "10.1.2.4:80"},
		{"here.example", "http://here.example", "its address is 127.0.0.1", "", "127.0.0.1:80"},
		{"both.example", "http://both.example", "its address is 127.0.0.1", "", "127.0.0.1:80"},
		{"mapped.example", "http://mapped.example", "its address is 127.0.0.1", "", "127.0.0.1:80"},
		{"cloud.example", "http://cloud.example", "its address is 169.254.169.254", "", "169.254.169.254:80"},
		{"many.example", "http://many.example", "its address is 224.0.0.1", "", "224.0.0.1:80"},
		{"capture.example", "http://other.example", "the permit does not name it", "", "198.51.100.1:80"},
		{"nowhere.example", "http://nowhere.example", "cannot find target", "", "203.0.113.7:443"},
		{"203.0.113.7", "http://203.0.113.7", "", "203.0.113.7:80 [::ffff:203.0.113.7]:80",
			"203.0.113.8:80 203.0.113.7:8010"},
		{"203.0.113.7", "http://203.0.113.8", "the permit does not name it", "", "203.0.113.8:80"},
		{"203.0.113.7:80", "http://[::ffff:203.0.113.7]", "", "203.0.113.7:80", ""},
		{"[2001:db8::7]", "http://[2001:db8:0::7]", "", "[2001:db8::7]:80", "[2001:db8::8]:80"},
		{"capture.example:9999", "http://127.0.0.1:9999", "the permit does not name it", "", "127.0.0.1:9999"},
		{"127.0.0.1:9999", "http://127.0.0.1:9999", "", "127.0.0.1:9999", "127.0.0.1:8010"},
		{"127.0.0.1:80", "http://2130706433", "neither a name nor an address", "", "127.0.0.1:80"},
		{"127.0.0.1:80", "http://0.0.0.0", "the permit does not name it", "", "0.0.0.0:80 [::]:80"},
		{"embedded", "http://127.0.0.1", "the permit does not name it", "", "127.0.0.1:80"},
		{"embedded", "http://embedded", "the permit does not name it", "", "127.0.0.1:80"},
		{"localhost", "http://localhost.", "", "127.0.0.1:80 [::1]:80", "203.0.113.7:80"},
		{"evil.localhost", "http://evil.localhost", "its address is 198.51.100.1", "", "198.51.100.1:80"},
	} {
		t.Run(c.permit+" "+c.hop, func(t *testing.T) {
			t.Parallel()
			c.check(t, names)
		})
	}
}

// guarded is a host of a permit, and a hop that it may admit.
type guarded struct {
	permit, hop    string
	wrong          string // why it is not admitted; empty: it is
	leads, refused string // where connections may and may not go then
}

// check asks a guard that knows the names.
func (c *guarded) check(t *testing.T, names map[string][]string) {
	h, err := permit.ParseHost(c.permit)
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard([]permit.Host{h}, nil)
	g.lookup = func(_ context.Context, _, host string) (addrs []netip.Addr, err error) {
		for _, a := range names[host] {
			addrs = append(addrs, netip.MustParseAddr(a))
		}
		if addrs == nil {
			err = errors.New("no such host")
		}
		return addrs, err
	}
	hop, err := url.Parse(c.hop)
	if err != nil {
		t.Fatal(err)
	}
	err = g.admit(hop)
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
}

// TestGuardWithoutPermit: then only this machine is let through, and a name as
// little as an address that changed.
func TestGuardWithoutPermit(t *testing.T) {
	t.Parallel()
	g := newGuard(nil, nil)
	for addr, want := range map[string]bool{
		"127.0.0.1:80": true, "[::1]:80": true, "127.9.9.9:80": true,
		"203.0.113.7:80": false, "10.0.0.1:80": false, "0.0.0.0:80": false, "localhost:80": false, "": false,
	} {
		if got := g.control("tcp", addr, nil) == nil; got != want {
			t.Errorf("%q: let through is %v, want %v", addr, got, want)
		}
	}
	if err := g.admit(&url.URL{Scheme: "http", Host: "203.0.113.7:80"}); err == nil ||
		!strings.Contains(err.Error(), "anything else needs a permit") {
		t.Errorf("%v", err)
	}
}

// TestGuardOfProxies: a proxy has to be named with its port, one on this machine as
// well; and so has the embedded endpoint, by its word.
func TestGuardOfProxies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		permit, proxy string
		admitted      bool
	}{
		{"", "http://127.0.0.1:3128", false},
		{"", "socks5h://localhost:1080", false},
		{"capture.example:9999", "http://127.0.0.1:8010", false},
		{"127.0.0.1:3128", "http://127.0.0.1:3128", true},
		{"127.0.0.1:3128", "http://127.0.0.1:3129", false},
		{"127.0.0.1", "socks5://127.0.0.1", true},
		{"127.0.0.1", "socks5://127.0.0.1:80", false},
		{"127.0.0.1:80", "socks5://127.0.0.1", false},
	} {
		var hosts []permit.Host
		if c.permit != "" {
			h, err := permit.ParseHost(c.permit)
			if err != nil {
				t.Fatal(err)
			}
			hosts = append(hosts, h)
		}
		proxy, err := url.Parse(c.proxy)
		if err != nil {
			t.Fatal(err)
		}
		g := newGuard(hosts, nil)
		err = g.admitProxy(proxy)
		if (err == nil) != c.admitted || err != nil &&
			!strings.Contains(err.Error(), "refused to send load through the proxy") {
			t.Errorf("%q for %s: %v", c.permit, c.proxy, err)
		}
	}
	own := netip.MustParseAddrPort("127.0.0.1:40001")
	for host, admitted := range map[string]bool{"embedded": true, "127.0.0.1": false} {
		h, _ := permit.ParseHost(host)
		g := newGuard([]permit.Host{h}, nil)
		if err := g.admitOwn(own); (err == nil) != admitted ||
			(g.control("tcp", own.String(), nil) == nil) != admitted {
			t.Errorf("%s for the embedded endpoint: %v", host, err)
		}
	}
	if err := newGuard(nil, nil).admitOwn(own); err != nil {
		t.Error(err)
	}
}
