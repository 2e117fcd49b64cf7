package permit

import (
	"crypto/ed25519"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// TestAgent: a public key signs through the agent that holds its private half.
func TestAgent(t *testing.T) {
	t.Parallel()
	directory, err := os.MkdirTemp("", "agent") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(directory)
	socket, held, other := filepath.Join(directory, "s"), filepath.Join(directory, "held.pub"), filepath.Join(directory, "other.pub")
	ring := agent.NewKeyring()
	for i, path := range []string{held, other} {
		public, private, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ssh.NewPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, ssh.MarshalAuthorizedKey(key))
		if i == 0 {
			if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
				t.Fatal(err)
			}
		}
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for c, err := listener.Accept(); err == nil; c, err = listener.Accept() {
			go agent.ServeAgent(ring, c) // ends with the connection
		}
	}()
	signer, err := Signer(held, socket, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := fixture(t, "ed25519")
	if p.Signature, err = Sign(p.Text, signer); err != nil {
		t.Fatal(err)
	}
	s, err := parseSigners("signers", []byte(SignerLine(p.Terms.Approver, signer.PublicKey())), nil)
	if err != nil {
		t.Fatal(err)
	}
	if reasons := p.verify(s, window); reasons != nil {
		t.Errorf("%q", reasons)
	}
	for path, want := range map[string]string{other: "the agent does not hold", filepath.Join(directory, "none"): "cannot read the key"} {
		if _, err := Signer(path, socket, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	if _, err := Signer(held, filepath.Join(directory, "nobody"), nil); err == nil || !strings.Contains(err.Error(), "cannot reach the agent") {
		t.Errorf("%v", err)
	}
}

// TestKeysThatCannotSign say what to do instead.
func TestKeysThatCannotSign(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	write(t, path, []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"))
	if _, err := Signer(path, "", nil); err == nil || !strings.Contains(err.Error(), "ssh-keygen -Y sign -n rehearse-permit") {
		t.Errorf("%v", err)
	}
}
