package permit

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// window is a time within the window of the permit in testdata.
var window = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// fixture reads the permit of testdata with one of its signatures.
func fixture(t *testing.T, signature string) *Permit {
	t.Helper()
	p, err := Read(filepath.Join("testdata", "permit.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if p.Signature, err = os.ReadFile(filepath.Join("testdata", signature+SignatureSuffix)); err != nil {
		t.Fatal(err)
	}
	return p
}

// allowed reads the allowed signers of testdata.
func allowed(t *testing.T) Signers {
	t.Helper()
	s, err := ReadSigners(filepath.Join("testdata", "allowed_signers"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSignaturesOfOpenSSH: what ssh-keygen of OpenSSH 9.2 signed, by each type of
// key, is accepted; what it signed for another purpose, by a stranger or by a weak
// key is not.
func TestSignaturesOfOpenSSH(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ signature, want string }{
		{"ed25519", ""},
		{"ecdsa", ""},
		{"rsa", ""},
		{"other-namespace", `the namespace is "file"`},
		{"stranger", "which does not speak for jo@pipeline.example"},
		{"weak", "an RSA key of 1024 bits, which is too weak"},
	} {
		t.Run(c.signature, func(t *testing.T) {
			t.Parallel()
			reasons := strings.Join(fixture(t, c.signature).verify(allowed(t), window), "\n")
			if c.want == "" && reasons != "" || !strings.Contains(reasons, c.want) {
				t.Errorf("got %q, want %q", reasons, c.want)
			}
		})
	}
}

// TestBothWays: what we sign ssh-keygen verifies, and what it signs we verify,
// where it is installed.
func TestBothWays(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	if _, err := exec.LookPath("ssh-keygen"); err != nil {
		t.Skip("ssh-keygen is not installed; the signatures in testdata stand for it")
	}
	for kind, bits := range map[string]string{"ed25519": "256", "ecdsa": "384", "rsa": "2048"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			key, file, signers := filepath.Join(directory, "key"), filepath.Join(directory, "permit.yaml"), filepath.Join(directory, "signers")
			keygen(t, nil, "-q", "-t", kind, "-b", bits, "-N", "secret", "-f", key)
			p := fixture(t, "ed25519")
			asked := 0
			signer, err := Signer(key, "", func() ([]byte, error) { asked++; return []byte("secret"), nil })
			if err != nil || asked != 1 {
				t.Fatalf("the passphrase was asked for %d times: %v", asked, err)
			}
			if p.Signature, err = Sign(p.Text, signer); err != nil {
				t.Fatal(err)
			}
			write(t, signers, []byte(SignerLine(p.Terms.Approver, signer.PublicKey())+"\n"))
			write(t, file+SignatureSuffix, p.Signature)
			keygen(t, p.Text, "-Y", "verify", "-f", signers, "-I", p.Terms.Approver, "-n", namespace, "-s", file+SignatureSuffix)

			write(t, file, p.Text)
			if err := os.Remove(file + SignatureSuffix); err != nil {
				t.Fatal(err)
			}
			keygen(t, nil, "-q", "-p", "-P", "secret", "-N", "", "-f", key)
			keygen(t, nil, "-q", "-Y", "sign", "-n", namespace, "-f", key, file)
			theirs, err := Read(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := ReadSigners(signers)
			if err != nil {
				t.Fatal(err)
			}
			if reasons := theirs.verify(s, window); len(reasons) > 0 {
				t.Errorf("what ssh-keygen signed was refused: %q", reasons)
			}
		})
	}
}

func keygen(t *testing.T, stdin []byte, args ...string) {
	t.Helper()
	c := exec.Command("ssh-keygen", args...)
	c.Stdin = bytes.NewReader(stdin)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen %q: %v\n%s", args, err, out)
	}
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEveryFlip changes every byte of a permit and of its signature in two ways:
// each is refused, unless the signature still has the same meaning.
func TestEveryFlip(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	whole, signers := fixture(t, "ed25519"), allowed(t)
	for _, bits := range []byte{0x01, 0x20} {
		for i := range whole.Text {
			p := *whole
			p.Text = flip(whole.Text, i, bits)
			if len(p.verify(signers, window)) == 0 {
				t.Errorf("the permit was accepted with %q instead of %q at byte %d", p.Text[i], whole.Text[i], i)
			}
		}
		for i := range whole.Signature {
			p := *whole
			p.Signature = flip(whole.Signature, i, bits)
			if len(p.verify(signers, window)) == 0 && !sameMeaning(p.Signature, whole.Signature) {
				t.Errorf("the signature was accepted with %q instead of %q at byte %d", p.Signature[i], whole.Signature[i], i)
			}
		}
	}
}

func flip(text []byte, i int, bits byte) []byte {
	changed := slices.Clone(text)
	changed[i] ^= bits
	return changed
}
