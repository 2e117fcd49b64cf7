package permit

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// Signer returns the key in a file: a private key as OpenSSH writes it, whose
// passphrase is asked for where it has one; or a public key, whose private half an
// agent holds at the socket. Keys on security keys are refused with what to do.
func Signer(path, socket string, passphrase func() ([]byte, error)) (ssh.Signer, error) {
	text, err := readBounded(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the key: %w", err)
	}
	if public, _, _, _, err := ssh.ParseAuthorizedKey(text); err == nil {
		return fromAgent(public, socket)
	}
	signer, err := ssh.ParsePrivateKey(text)
	var locked *ssh.PassphraseMissingError
	if errors.As(err, &locked) {
		secret, asked := passphrase()
		if asked != nil {
			return nil, asked
		}
		signer, err = ssh.ParsePrivateKeyWithPassphrase(text, secret)
		if err != nil {
			return nil, fmt.Errorf("cannot open the key %s: the passphrase is wrong, or the key is of a kind that only ssh-keygen can use%s", path, byHand(path))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use the key %s: %w%s", path, err, byHand(path))
	}
	return signer, nil
}

// byHand says how ssh-keygen signs with a key that we cannot use.
func byHand(path string) string {
	return fmt.Sprintf(" (a security key signs with: ssh-keygen -Y sign -n %s -f %s permit.yaml)", Namespace, path)
}

// fromAgent finds the private half of a key in an agent.
func fromAgent(public ssh.PublicKey, socket string) (ssh.Signer, error) {
	if socket == "" {
		return nil, errors.New("cannot sign with a public key: SSH_AUTH_SOCK names no agent that holds its private half (name the private key)")
	}
	// The agent lives as long as the program: the connection is not worth a close.
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return nil, fmt.Errorf("cannot reach the agent: %w", err)
	}
	signers, err := agent.NewClient(connection).Signers()
	if err != nil {
		return nil, fmt.Errorf("cannot ask the agent for its keys: %w", err)
	}
	for _, s := range signers {
		if bytes.Equal(s.PublicKey().Marshal(), public.Marshal()) {
			return s, nil
		}
	}
	return nil, fmt.Errorf("cannot sign: the agent does not hold %s (ssh-add it, or name the private key)", ssh.FingerprintSHA256(public))
}

// Sign returns the armoured signature of a permit's text.
func Sign(text []byte, key ssh.Signer) ([]byte, error) {
	if err := strong(key.PublicKey()); err != nil {
		return nil, fmt.Errorf("cannot sign the permit: %s", strings.Replace(err.Error(), "its signature is by", "this is", 1))
	}
	s, err := sshsig.SignWithRand(bytes.NewReader(text), rand.Reader, key, sshsig.HashSHA512, Namespace)
	if err != nil {
		return nil, fmt.Errorf("cannot sign the permit: %w", err)
	}
	return sshsig.Armor(s), nil
}

// SignerLine is the line by which a file of allowed signers knows the approver.
func SignerLine(approver string, key ssh.PublicKey) string {
	return fmt.Sprintf("%s namespaces=%q %s", approver, Namespace, bytes.TrimSpace(ssh.MarshalAuthorizedKey(key)))
}
