package permit

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"

	"rehearse/scenario"
	"rehearse/scenario/strict"
)

// sameMeaning tells whether two armoured signatures are of one key over one thing
// with the same numbers.
func sameMeaning(a, b []byte) bool {
	x, err := sshsig.Unarmor(a)
	if err != nil {
		return false
	}
	y, err := sshsig.Unarmor(b)
	return err == nil && slices.Equal(x.Marshal(), y.Marshal())
}

// load parses a scenario that keeps to the permit of testdata.
func load(t *testing.T, more string) *scenario.Scenario {
	t.Helper()
	text := "name: acme\ntarget: {url: https://capture.staging.example}\nload: {profile: \"const(1000, 10s)\"}\ntraffic: {events: {$pageview: 90, $identify: 10}}\n" + more
	s, err := scenario.Parse("acme.yaml", []byte(text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestJudge: each way in which a run can fall outside its permit has its reason,
// and all that apply are told at once.
func TestJudge(t *testing.T) {
	t.Parallel()
	s := load(t, "")
	fits := Claim{At: window, Target: target(t, s.Target.URL), Scenario: s, Load: LoadOf(s, Load{Events: 10_000, Peak: 1000})}
	for _, c := range []struct {
		name   string
		change func(*Permit, *Claim)
		want   []string
	}{
		{"it fits", func(*Permit, *Claim) {}, nil},
		{"the window opens at its first instant", func(p *Permit, c *Claim) { c.At = p.Terms.From }, nil},
		{"too early", func(p *Permit, c *Claim) { c.At = p.Terms.From.Add(-time.Second) }, []string{"not open yet: it begins at 2026-12-01 10:00:00 +01:00 (2026-12-01 09:00:00 UTC), in 1s"}},
		{"too late", func(p *Permit, c *Claim) { c.At = p.Terms.Until }, []string{"is closed: it ended at 2026-12-01 16:00:00 +01:00 (2026-12-01 15:00:00 UTC), 0s ago"}},
		{"another host", func(_ *Permit, c *Claim) { c.Target = target(t, "https://capture.example") }, []string{"not for capture.example:443 but for capture.staging.example, [2001:db8::1]:8010"}},
		{"another port", func(_ *Permit, c *Claim) { c.Target = target(t, "https://capture.staging.example:8443") }, []string{"not for capture.staging.example:8443"}},
		{"the usual port", func(_ *Permit, c *Claim) { c.Target = target(t, "https://capture.staging.example:8443") }, []string{"(a host without a port is meant on the usual one, 80 or 443)"}},
		{"the embedded endpoint", func(_ *Permit, c *Claim) { c.Target, c.Own = target(t, ""), true }, []string{"not for embedded but for"}},
		{"another scenario", func(p *Permit, _ *Claim) { p.Terms.Scenario = strings.Repeat("0", 64) }, []string{"for another scenario: acme.yaml, or a recording"}},
		{"another token", func(p *Permit, _ *Claim) { p.Terms.Tokens = []string{"sha256:0123456789abcdef"} }, []string{"not for token 1 of the scenario (sha256:942a4137897a7c46)"}},
		{"tokens as recorded", func(_ *Permit, c *Claim) { c.Load.Recorded = true }, []string{"not for token 1 of the scenario (recorded) but for sha256:942a"}},
		{"a peak over the cap", func(_ *Permit, c *Claim) { c.Load.Peak = 5000.5 }, []string{"has 5,000.5 events a second at its peak, the permit allows 5,000"}},
		{"too many events", func(_ *Permit, c *Claim) { c.Load.Events = 3_000_001 }, []string{"has 3,000,001 events, the permit allows 3,000,000"}},
		{"too large requests", func(_ *Permit, c *Claim) { c.Load.Batch = 101 }, []string{"has 101 events in its largest request, the permit allows 100"}},
		{"too many merges", func(_ *Permit, c *Claim) { c.Load.Merges = 20_001 }, []string{"has 20,001 merges, the permit allows 20,000"}},
		{"uncounted merges", func(_ *Permit, c *Claim) { c.Load.Merges = -1 }, []string{"those of the recording have not been counted"}},
		{"a request over a second's worth", func(p *Permit, _ *Claim) { p.Terms.Bounds.Peak = 99 }, []string{"allows 99", "more than the permit allows in a whole second (99)"}},
		{"not signed", func(p *Permit, _ *Claim) { p.Signature = nil }, []string{"permit.yaml.sig is missing"}},
		{"a garbled signature", func(p *Permit, _ *Claim) {
			p.Signature = []byte("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")
		}, []string{"cannot be read"}},
		{"an unknown approver", func(p *Permit, _ *Claim) { p.Terms.Approver = "mallory@example.com" }, []string{"mallory@example.com is not among the allowed signers"}},
		{"changed and too late", func(p *Permit, c *Claim) { p.Text, c.At = append(p.Text, '\n'), p.Terms.Until }, []string{"changed after it was signed", "is closed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, claim := fixture(t, "ed25519"), fits
			c.change(p, &claim)
			reasons := p.Judge(allowed(t), claim)
			if len(reasons) != len(c.want) {
				t.Fatalf("%d reasons, want %d: %q", len(reasons), len(c.want), reasons)
			}
			for i, want := range c.want {
				if !strings.Contains(reasons[i], want) {
					t.Errorf("reason %d is %q, want %q", i+1, reasons[i], want)
				}
			}
		})
	}
}

func target(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestLoadOf: 10 of 100 events are merges.
func TestLoadOf(t *testing.T) {
	t.Parallel()
	want := Load{Events: 10_001, Peak: 1000, Batch: 100, Merges: 1001} // a tenth, rounded up
	if got := LoadOf(load(t, ""), Load{Events: 10_001, Peak: 1000}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestTokens: where a scenario names several tokens, each needs to be allowed.
func TestTokens(t *testing.T) {
	t.Parallel()
	s := load(t, "")
	s.Traffic.Tokens = []scenario.TokenShare{{Token: strict.NewSecret("phc_one")}, {Token: strict.NewSecret("phc_two")}, {Token: strict.NewSecret("phc_one")}}
	if got := Tokens(s, false); len(got) != 2 || got[0] != strict.NewSecret("phc_one").Fingerprint() {
		t.Errorf("%q", got)
	}
	p := fixture(t, "ed25519")
	if reasons := p.judgeScenario(s, false); len(reasons) != 2 {
		t.Errorf("want a reason for each of the two tokens: %q", reasons)
	}
}
