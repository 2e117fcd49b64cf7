package rehearsal

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rehearse/scenario/strict"
)

// The addresses that stand for other machines are of the networks for documentation
// (RFC 5737, RFC 3849).

// names are what the names of these tests lead to: at first, and ever after.
var names = map[string][2][]string{
	"localhost":        {{"127.0.0.1", "::1"}},
	"localhost.":       {{"127.0.0.1"}},
	"capture.example":  {{"203.0.113.7"}},
	"other.example":    {{"198.51.100.1"}},
	"proxy.example":    {{"198.51.100.2"}},
	"metrics.example":  {{"198.51.100.3"}},
	"here.example":     {{"127.0.0.1"}},
	"both.example":     {{"127.0.0.1", "203.0.113.7"}},
	"turning.example":  {{"127.0.0.1"}, {"203.0.113.7"}},
	"evil.localhost":   {{"198.51.100.1"}},
	"mapped.example":   {{"::ffff:203.0.113.7"}},
	"2130706433":       {{"198.51.100.1"}}, // 127.0.0.1 to some programs
	"0x7f.1":           {{"198.51.100.1"}},
	"127.0.0.1.nip.io": {{"198.51.100.1"}},
}

// resolver looks names up in names.
func resolver() lookupFunc {
	asked := map[string]int{}
	return func(_ context.Context, _, host string) (addrs []netip.Addr, err error) {
		if a, err := netip.ParseAddr(host); err == nil {
			return []netip.Addr{a}, nil
		}
		leads := names[host][0]
		if later := names[host][1]; later != nil && asked[host] > 0 {
			leads = later
		}
		asked[host]++
		for _, a := range leads {
			addrs = append(addrs, netip.MustParseAddr(a))
		}
		if addrs == nil {
			err = errors.New("no such host")
		}
		return addrs, err
	}
}

// attempt is a run under test.
type attempt struct {
	name     string
	target   string            // empty: the embedded endpoint
	env      map[string]string // of proxies and metrics
	resolve  string            // as --resolve has it
	permit   string            // the host of a permit for the very scenario; empty: none
	other    bool              // the permit is one for another scenario
	redirect string            // what every request is answered with; empty: 200
	want     string            // why nothing was sent; empty: it was
	reached  string            // the address that all was sent to then
}

// TestNoWayOut: no scenario, flag or environment lets a byte leave this machine
// without a permit that names the host and binds the scenario; and with one only its
// own host is reached. What is refused is refused before a connection is opened.
func TestNoWayOut(t *testing.T) { // not parallel, for its environments
	const permitNeeded = "anything else needs a permit"
	for _, a := range []attempt{
		{name: "an address", target: "http://203.0.113.7:8010", want: permitNeeded},
		{name: "IPv6", target: "http://[2001:db8::1]:8010", want: permitNeeded},
		{name: "IPv4 in IPv6", target: "http://[::ffff:203.0.113.7]:8010", want: permitNeeded},
		{name: "any address", target: "http://0.0.0.0:8010", want: permitNeeded},
		{name: "any address of IPv6", target: "http://[::]:8010", want: permitNeeded},
		{name: "a private network", target: "http://10.0.0.1:8010", want: permitNeeded},
		{name: "the network's own services", target: "http://169.254.169.254", want: permitNeeded},
		{name: "a name", target: "http://capture.example", want: permitNeeded},
		{name: "a name and this machine's address", target: "http://both.example", want: permitNeeded},
		{name: "a name that is mapped", target: "http://mapped.example", want: permitNeeded},
		{name: "a name that is none", target: "http://nowhere.example", want: "cannot find target"},
		{name: "below localhost", target: "http://evil.localhost", want: permitNeeded},
		{name: "a number", target: "http://2130706433:8010", want: permitNeeded},
		{name: "hexadecimal", target: "http://0x7f.1:8010", want: permitNeeded},
		{name: "an address in a name", target: "http://127.0.0.1.nip.io", want: permitNeeded},
		{name: "a user that looks like a host",
			target: "http://127.0.0.1:80@203.0.113.7", want: "must not hold a user"},
		{name: "encrypted", target: "https://203.0.113.7", want: permitNeeded},
		{name: "resolved elsewhere", target: "http://here.example",
			resolve: "here.example:80:203.0.113.7", want: permitNeeded},
		{name: "resolved to many", target: "http://here.example",
			resolve: "here.example:80:127.0.0.1,203.0.113.7", want: permitNeeded},
		{name: "a name that turns", target: "http://turning.example"},
		{name: "a redirect", target: "http://127.0.0.1:8010",
			redirect: "http://203.0.113.7/batch/", reached: "127.0.0.1:8010"},
		{name: "this machine", target: "http://localhost:8010", reached: "127.0.0.1:8010"},
		{name: "this machine, by its name of the root", target: "http://localhost.:8010", reached: "127.0.0.1:8010"},
		{name: "this machine by IPv6", target: "http://[::1]:8010", reached: "[::1]:8010"},
		{name: "a name of this machine", target: "http://here.example", reached: "127.0.0.1:80"},

		{name: "a proxy", target: "http://here.example",
			env: proxied("http://proxy.example:3128"), want: "through the proxy proxy.example:3128"},
		{name: "a proxy here", target: "http://here.example",
			env: proxied("http://127.0.0.1:3128"), want: "through the proxy 127.0.0.1:3128"},
		{name: "SOCKS", target: "http://here.example",
			env: proxied("socks5://localhost:1080"), want: "through the proxy localhost:1080"},
		{name: "metrics", target: "http://127.0.0.1:8010",
			env:  map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://metrics.example:4318"},
			want: "refused to push metrics to metrics.example:4318"},
		{name: "metrics to an address", target: "http://127.0.0.1:8010",
			env:  map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://[2001:db8::1]:4318"},
			want: "refused to push metrics"},
	} {
		t.Run(a.name, a.check)
	}
}

// TestNoWayOutOfAPermit: a permit opens the way to what it names, and to nothing else.
func TestNoWayOutOfAPermit(t *testing.T) { // not parallel, for its environments
	for _, a := range []attempt{
		{name: "permitted", target: "http://capture.example", permit: "capture.example", reached: "203.0.113.7:80"},
		{name: "permitted address", target: "http://203.0.113.7:8010",
			permit: "203.0.113.7:8010", reached: "203.0.113.7:8010"},
		{name: "permitted, and redirected", target: "http://capture.example", permit: "capture.example",
			redirect: "http://198.51.100.1/batch/", reached: "203.0.113.7:80"},
		{name: "another host", target: "http://other.example", permit: "capture.example", want: "it is not for"},
		{name: "another port", target: "http://capture.example:8010", permit: "capture.example", want: "it is not for"},
		{name: "the address of a name", target: "http://203.0.113.7", permit: "capture.example", want: "it is not for"},
		{name: "this machine under a permit for another", target: "http://127.0.0.1:8010",
			permit: "capture.example", want: "it is not for"},
		{name: "the embedded endpoint under a permit for another", permit: "capture.example", want: "it is not for"},
		{name: "a permit for another scenario", target: "http://capture.example",
			permit: "capture.example", other: true, want: "scenario"},
		{name: "a name of this machine in a permit", target: "http://here.example",
			permit: "here.example", want: "its address is 127.0.0.1"},
		{name: "permitted, and resolved elsewhere", target: "http://capture.example", permit: "capture.example",
			resolve: "capture.example:80:198.51.100.1", want: "the permit does not name it"},
		{name: "permitted, through a proxy", target: "http://capture.example", permit: "capture.example",
			env: proxied("http://proxy.example:3128"), want: "through the proxy proxy.example:3128"},
		{name: "permitted, with metrics for another", target: "http://capture.example", permit: "capture.example",
			env:  map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://metrics.example:4318"},
			want: "refused to push metrics"},
	} {
		t.Run(a.name, a.check)
	}
}

// proxied is an environment with a proxy.
func proxied(proxy string) map[string]string { return map[string]string{"HTTP_PROXY": proxy} }

// check tries it.
func (a *attempt) check(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "OTEL_EXPORTER_OTLP_ENDPOINT",
		SignersVariable} {
		t.Setenv(name, a.env[name])
		t.Setenv(strings.ToLower(name), "")
	}
	network := &witness{sent: map[string]int{}, redirect: a.redirect}
	o := a.options(t, network)
	run, err := Run(t.Context(), t.Context(), o)
	network.peers.Wait()
	var reached []string
	for addr := range network.sent {
		reached = append(reached, addr)
	}
	switch {
	case a.want != "":
		var wrong strict.Errors
		if err == nil || KindOf(err) != Refused && !errors.As(err, &wrong) || !strings.Contains(err.Error(), a.want) {
			t.Errorf("%v, want it refused: %s", err, a.want)
		}
		if len(reached) > 0 {
			t.Errorf("connections to %v were opened", reached)
		}
	case err != nil:
		t.Error(err)
	case a.reached == "": // it ran, and reached nobody
		if len(reached) > 0 || run.Result.Events.Accepted > 0 {
			t.Errorf("%v were reached, %+v", reached, run.Result.Events)
		}
	case !slices.Equal(reached, []string{a.reached}) || run.Result.Events.Sent == 0:
		t.Errorf("%v were reached, want %s alone; %+v", reached, a.reached, run.Result.Events)
	}
}

// options are those of the run, whose scenario and permit are written to files.
func (a *attempt) options(t *testing.T, network *witness) Options {
	t.Helper()
	p := permitted{}
	if a.permit == "" {
		p.scenario = small("target: {connections: 1}")
	} else {
		url := a.target
		if a.other {
			url = "http://capture.example/other"
		}
		p = permitFor(t, scenarioTo(url), a.permit, time.Hour)
		if a.other {
			p.scenario = scenarioTo(a.target)
		}
	}
	directory := t.TempDir()
	for name, text := range map[string][]byte{
		"s.yaml": p.scenario, "permit.yaml": p.permit, "permit.yaml.sig": p.signature, "signers": p.signers,
	} {
		if err := os.WriteFile(filepath.Join(directory, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o := Options{
		Scenario: filepath.Join(directory, "s.yaml"), Directory: filepath.Join(directory, "out"),
		testNetwork: testNetwork{dial: network.dial, lookup: resolver()},
	}
	if a.resolve != "" {
		o.Network.Resolve = []string{a.resolve}
	}
	if a.permit == "" {
		o.Overrides.Target = a.target
	} else {
		o.Permit = Permit{File: filepath.Join(directory, "permit.yaml"), Signers: filepath.Join(directory, "signers")}
	}
	return o
}
