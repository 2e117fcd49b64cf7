package rehearsal

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"pgregory.net/rapid"

	"rehearse/internal/permit"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// witness is a network in memory. It notes what is sent where, and answers as a
// capture endpoint does.
type witness struct {
	mu      sync.Mutex
	sent    map[string]int // bytes, by address
	headers []string       // of the requests: what they say of the rehearsal

	redirect string // what is answered, as a redirect; empty: that it was accepted
	peers    sync.WaitGroup
}

// dial opens a connection to nowhere.
func (r *witness) dial(_ context.Context, addr string) (net.Conn, error) {
	client, server := net.Pipe()
	r.peers.Go(func() { r.serve(server) })
	return &recorded{client, r, addr}, nil
}

// serve answers requests until the client has enough.
func (r *witness) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		request, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		io.Copy(io.Discard, request.Body)
		r.mu.Lock()
		r.headers = append(r.headers, request.Header.Get("X-Rehearsal"))
		r.mu.Unlock()
		answer := "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{\"status\":1}"
		if r.redirect != "" {
			answer = "HTTP/1.1 307 Temporary Redirect\r\nLocation: " + r.redirect + "\r\nContent-Length: 0\r\n\r\n"
		}
		if _, err := io.WriteString(c, answer); err != nil {
			return
		}
	}
}

// strangers counts the bytes that were sent to other machines than this, except
// to one address.
func (r *witness) strangers(except string) (bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for addr, n := range r.sent {
		if a := netip.MustParseAddrPort(addr); !a.Addr().IsLoopback() && addr != except {
			bytes += n
		}
	}
	return bytes
}

type recorded struct {
	net.Conn
	witness *witness
	addr    string
}

func (c *recorded) Write(p []byte) (int, error) {
	c.witness.mu.Lock()
	c.witness.sent[c.addr] += len(p)
	c.witness.mu.Unlock()
	return c.Conn.Write(p)
}

// permitted is everything that a run under a permit is made of. The addresses are
// of the networks for documentation (RFC 5737): they lead nowhere.
type permitted struct {
	scenario, permit, signature, signers []byte
	overrides                            Overrides // of run and verify alike
	forgotten                            bool      // the permit is not given to run
}

// stranger is the target that the permit allows.
const stranger = "203.0.113.7:8010"

// mutations are what can be wrong with a permit. Each is to be refused.
var mutations = []struct {
	name   string
	change func(*rapid.T, *permitted)
}{
	{"nothing", func(*rapid.T, *permitted) {}},
	{"a byte of the permit", func(r *rapid.T, p *permitted) { p.permit = flipped(r, p.permit) }},
	{"a byte of the signature", func(r *rapid.T, p *permitted) { p.signature = flipped(r, p.signature) }},
	{"a byte of the allowed signers", func(r *rapid.T, p *permitted) { p.signers = flipped(r, p.signers) }},
	{"the permit's end", func(r *rapid.T, p *permitted) {
		p.permit = p.permit[:rapid.IntRange(0, len(p.permit)-1).Draw(r, "end")]
	}},
	{"no signature", func(_ *rapid.T, p *permitted) { p.signature = nil }},
	{"no signers", func(_ *rapid.T, p *permitted) { p.signers = nil }},
	{"no permit", func(_ *rapid.T, p *permitted) { p.forgotten = true }},
	{"a line more", func(_ *rapid.T, p *permitted) { p.permit = append(p.permit, "customer: Mallory\n"...) }},
	{"the window", func(_ *rapid.T, p *permitted) {
		p.permit = bytes.Replace(p.permit, []byte("2026"), []byte("2025"), 1)
	}},
	{"the cap", func(_ *rapid.T, p *permitted) {
		p.permit = bytes.Replace(p.permit, []byte("peak: 1"), []byte("peak: 9"), 1)
	}},
	{"the target", func(r *rapid.T, p *permitted) {
		p.overrides.Target = "http://" +
			rapid.SampledFrom([]string{"203.0.113.8:8010", "203.0.113.7", "203.0.113.7:8011", "198.51.100.1:8010",
				"[2001:db8::1]:8010"}).Draw(r, "target")
	}},
	{"the scenario", func(r *rapid.T, p *permitted) {
		p.overrides.Set = []string{
			rapid.SampledFrom([]string{"load.profile=const(200, 100ms)", "traffic.seed=7", "batching.events=9",
				"target.connections=5"}).Draw(r, "set"),
		}
	}},
	{"a comment in the scenario", func(_ *rapid.T, p *permitted) { p.scenario = append(p.scenario, "# later\n"...) }},
	{"the token", func(_ *rapid.T, p *permitted) { p.overrides.Token = "phc_other" }},
}

func flipped(r *rapid.T, text []byte) []byte {
	changed := slices.Clone(text)
	changed[rapid.IntRange(0, len(text)-1).Draw(r, "place")] ^= byte(rapid.IntRange(1, 255).Draw(r, "bits"))
	return changed
}

// TestNothingLeavesWithoutPermit: whatever is wrong with a permit, if verify
// refuses it then run does not send one byte to another machine; and a permit that
// verify accepts lets bytes reach its own host alone.
func TestNothingLeavesWithoutPermit(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("a hundred runs, and runs under permits are raced elsewhere")
	}
	whole := makePermitted(t, "const(200, 50ms)", time.Hour)
	rapid.Check(t, func(r *rapid.T) {
		p := whole
		m := mutations[rapid.IntRange(0, len(mutations)-1).Draw(r, "mutation")]
		m.change(r, &p)
		directory, err := os.MkdirTemp(t.TempDir(), "")
		if err != nil {
			r.Fatal(err)
		}
		network := &witness{sent: map[string]int{}}
		v := p.try(t, directory, network)
		refused := v.refused || p.forgotten
		except := stranger
		if refused {
			except = ""
		}
		if n := network.strangers(except); n > 0 {
			r.Fatalf("%s: %d bytes left, of a permit that is refused: %v (%v)", m.name, n, v.refused, v.err)
		}
		if refused && v.err == nil || !refused && network.sent[stranger] == 0 {
			r.Fatalf("%s: the permit is refused: %v, and the run came to %v", m.name, v.refused, v.err)
		}
		if !refused && (len(network.headers) == 0 ||
			!strings.Contains(network.headers[0], `permit="p-1", contact="data@acme.example"`)) {
			r.Errorf("the requests say %q", network.headers)
		}
	})
	network := &witness{sent: map[string]int{}}
	if v := whole.try(t, t.TempDir(), network); v.refused || network.sent[stranger] == 0 {
		t.Errorf("the permit as it was signed is refused: %v, and the run came to %v", v.refused, v.err)
	}
}

// try verifies the permit and runs under it.
func (p *permitted) try(t *testing.T, directory string, network *witness) (v verdicts) {
	t.Helper()
	file := func(name string, text []byte) string {
		path := filepath.Join(directory, name)
		if text != nil || name != "permit.yaml.sig" {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return path
	}
	scene, terms, signers := file("s.yaml", p.scenario), file("permit.yaml", p.permit), file("signers", p.signers)
	file("permit.yaml.sig", p.signature)
	o := Options{
		Scenario: scene, Overrides: p.overrides, Permit: Permit{File: terms, Signers: signers},
		Directory: filepath.Join(directory, "out"), testNetwork: testNetwork{dial: network.dial},
	}
	_, reasons, err := Verify(o.Permit, scene, o.Overrides, time.Now())
	v.refused = len(reasons) > 0 || err != nil
	if p.forgotten {
		o.Permit = Permit{}
	}
	v.run, v.err = Run(t.Context(), t.Context(), o)
	network.peers.Wait()
	return v
}

// verdicts are what a permit was found to allow, and what a run under it came to.
type verdicts struct {
	refused bool
	run     *rundir.Run
	err     error
}

// makePermitted makes a scenario for a stranger, and a sound permit for it whose
// window ends so long after this returns.
func makePermitted(t *testing.T, profile string, window time.Duration) permitted {
	t.Helper()
	return permitFor(t, []byte("name: small\ntarget: {url: 'http://"+stranger+"', connections: 2}\nload: {profile: \""+
		profile+"\"}\nbatching: {events: 10}\ntraffic: {}\n"), stranger, window)
}

// small is a scenario of ten events.
func small(more string) []byte {
	return []byte("name: small\nload: {profile: 'const(100, 100ms)'}\nbatching: {events: 5}\ntraffic: {}\n" +
		more + "\n")
}

// scenarioTo is one that is sent to a URL; empty: to the embedded endpoint.
func scenarioTo(url string) []byte {
	if url == "" {
		return small("target: {connections: 1}")
	}
	return small("target: {url: '" + url + "', connections: 1}")
}

// permitFor makes a sound permit for a scenario and a host.
func permitFor(t *testing.T, text []byte, name string, window time.Duration) permitted {
	t.Helper()
	p := permitted{scenario: text}
	s, err := scenario.Parse("s.yaml", p.scenario, scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	load, err := LoadOf(s)
	if err != nil {
		t.Fatal(err)
	}
	host, err := permit.ParseHost(name)
	if err != nil {
		t.Fatal(err)
	}
	terms := permit.Terms{
		ID: "p-1", Issued: time.Now(), Purpose: "a test", Contact: "data@acme.example", Approver: "jo@pipeline.example",
		Hosts: []permit.Host{host}, Tokens: permit.Tokens(s, false),
		Window: permit.Window{From: time.Now().Add(-time.Minute), Until: time.Now().Add(window)},
		Bounds: permit.Bounds{Peak: 1000, Events: load.Events, Batch: load.Batch, Merges: max(load.Merges, 0)},
	}
	if terms.Scenario, err = s.Fingerprint(); err != nil {
		t.Fatal(err)
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	if p.permit, err = permit.Write(&terms); err != nil {
		t.Fatal(err)
	}
	if p.signature, err = permit.Sign(p.permit, key); err != nil {
		t.Fatal(err)
	}
	p.signers = []byte(permit.SignerLine("jo@pipeline.example", key.PublicKey()) + "\n")
	return p
}
