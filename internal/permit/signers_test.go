package permit

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"rehearse/scenario/strict"
)

// aKey is the public key of testdata whose signature is ed25519.sig.
func aKey(t *testing.T) (ssh.PublicKey, string) {
	t.Helper()
	key := allowed(t).entries[0].key
	return key, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// TestVouch: whom a line of allowed signers lets speak, as ssh-keygen(1) has it.
func TestVouch(t *testing.T) {
	t.Parallel()
	key, text := aKey(t)
	for _, c := range []struct{ before, want string }{
		{"jo@pipeline.example ", ""},
		{"ann@x,jo@pipeline.example ", ""},
		{"*@pipeline.example ", ""},
		{"j?@pipeline.example ", ""},
		{"j[o]@pipeline.example ", "not among"}, // no such patterns in OpenSSH
		{"*,!jo@pipeline.example ", "not among"},
		{"\"jo@pipeline.example\" ", ""},
		{"jo ", "not among"},
		{"jo@pipeline.example\tnamespaces=\"file,rehearse-*\" ", ""},
		{"jo@pipeline.example namespaces=\"file,git\" ", "may not sign in the namespace rehearse-permit"},
		{"jo@pipeline.example namespaces=\"*,!rehearse-permit\" ", "may not sign in the namespace"},
		{"jo@pipeline.example valid-after=\"20261201\",valid-before=\"20261202\" ", ""},
		{"jo@pipeline.example valid-after=\"20261201120001Z\" ", "valid only after 2026-12-01 12:00:01 UTC"},
		{"jo@pipeline.example valid-after=\"202612011201\" ", ""}, // 11:01 UTC by the clocks in Berlin
		{"jo@pipeline.example valid-before=\"20261201115959Z\" ", "was valid only before"},
		{"jo@pipeline.example valid-before=\"202612011200Z\" ", ""},
		{"jo@pipeline.example cert-authority ", "certificates are not read here"},
		{"jo@pipeline.example cert-authority,namespaces=\"rehearse-permit\" ", "certificates are not read here"},
	} {
		t.Run(c.before, func(t *testing.T) {
			t.Parallel()
			berlin, err := time.LoadLocation("Europe/Berlin")
			if err != nil {
				t.Fatal(err)
			}
			s, err := parseSigners("signers", []byte("# who may\n\n"+c.before+text+" a comment here\r\n"), berlin)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(s.vouch("jo@pipeline.example", key, window), "\n")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestWrongSigners: every line that is wrong is told with its number.
func TestWrongSigners(t *testing.T) {
	t.Parallel()
	_, text := aKey(t)
	_, bare, _ := strings.Cut(text, " ")
	for _, c := range []struct{ text, want string }{
		{"", "signers: names no allowed signer"},
		{"# nobody\n\n", "names no allowed signer"},
		{"jo\n", "signers:1:1: a line has principals, perhaps options, and a key"},
		{"jo " + bare + "\n", "unknown option"},
		{"jo ssh-ed25519\n", "the key is missing"},
		{"jo ssh-ed25519 AAAA\n", "the key cannot be read"},
		{"jo ssh-rsa " + bare + "\n", "the key cannot be read"},
		{"jo ssh-ed25519-cert-v01@openssh.com " + bare + "\n", "unknown option"},
		{"jo verify-required " + text + "\n", `unknown option "verify-required"`},
		{"jo namespaces=file " + text + "\n", "must stand in quotes"},
		{"jo namespaces=\"file " + text + "\n", "a quote is not closed"},
		{"jo namespaces=\"\" " + text + "\n", "cannot be read"},
		{"jo valid-after=\"20261301\" " + text + "\n", `cannot read "20261301" as a time`},
		{"jo valid-after=\"20261202\",valid-before=\"20261201\" " + text + "\n", "valid at no time"},
		{"jo x\n" + "ok " + text + "\n\njo y\n", "signers:4:1"},
	} {
		t.Run(c.want, func(t *testing.T) {
			t.Parallel()
			_, err := parseSigners("signers", []byte(c.text), time.UTC)
			var wrong strict.Errors
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// FuzzSigners: no text makes the reader panic, and what it reads has a key on
// every line that counts.
func FuzzSigners(f *testing.F) {
	text, err := os.ReadFile("testdata/allowed_signers")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("*,!jo valid-after=\"20261201Z\",cert-authority ssh-rsa AAAA # x"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := parseSigners("signers", text, time.UTC)
		if err != nil {
			return
		}
		for _, e := range s.entries {
			if e.key == nil || e.line == 0 || len(e.principals) == 0 {
				t.Errorf("%+v", e)
			}
			s.vouch("jo@pipeline.example", e.key, window)
		}
	})
}

// FuzzPermit: no permit and no signature makes the judge panic, and none but the
// one that was signed is accepted.
func FuzzPermit(f *testing.F) {
	text, err := os.ReadFile("testdata/permit.yaml")
	if err != nil {
		f.Fatal(err)
	}
	signature, err := os.ReadFile("testdata/ed25519.sig")
	if err != nil {
		f.Fatal(err)
	}
	signers, err := ReadSigners("testdata/allowed_signers")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, signature)
	f.Add([]byte("format: rehearse/permit/v1\nhosts: [\"[::1]:1\"]\nbounds: {peak: 1/s}"), []byte("-----BEGIN SSH SIGNATURE-----"))
	f.Fuzz(func(t *testing.T, changed, sig []byte) {
		terms, err := parseTerms("permit.yaml", changed)
		if err != nil {
			return
		}
		p := &Permit{Terms: terms, Text: changed, Signature: sig}
		if reasons := p.verify(signers, window); len(reasons) == 0 && !bytes.Equal(changed, text) {
			t.Errorf("accepted %q", changed)
		}
	})
}
