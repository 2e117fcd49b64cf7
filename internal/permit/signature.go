package permit

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"rehearse/internal/units"
)

// namespace keeps signatures of permits apart from all others that a key makes.
const namespace = "rehearse-permit"

// minRSA is how long an RSA key must be, in bits.
const minRSA = 2048

// keyDSA is a type of key that OpenSSH itself gave up.
const keyDSA = "ssh-dss"

// verify returns the reasons why the signature does not bind the approver at a
// time, none if it does.
func (p *Permit) verify(signers Signers, now time.Time) []string {
	if len(p.Signature) == 0 {
		return []string{fmt.Sprintf("it is not signed: %s%s is missing (rehearse permit sign makes it)", p.File,
			SignatureSuffix)}
	}
	s, err := sshsig.Unarmor(p.Signature)
	if err != nil {
		return []string{fmt.Sprintf("its signature %s%s cannot be read: %v", p.File, SignatureSuffix, err)}
	}
	var reasons []string
	if err := genuine(p.Text, s); err != nil {
		reasons = append(reasons, err.Error())
	}
	return append(reasons, signers.vouch(p.Terms.Approver, s.PublicKey, now)...)
}

// genuine is an error unless s is a signature of text for the purpose of permits,
// by whatever key.
func genuine(text []byte, s *sshsig.Signature) error {
	if s.Namespace != namespace {
		return fmt.Errorf("its signature was made for another purpose: the namespace is %q, not %q",
			units.Clip(s.Namespace),
			namespace)
	}
	if err := strong(s.PublicKey); err != nil {
		return err
	}
	if err := sshsig.Verify(bytes.NewReader(text), s, s.PublicKey, s.HashAlgorithm, namespace); err != nil {
		return errors.New("its signature is not one of this text: the permit was changed after it was signed (a " +
			"changed " +
			"line end counts)")
	}
	return nil
}

// strong is an error for keys that do not prove anything any more.
func strong(key ssh.PublicKey) error {
	if key.Type() == keyDSA {
		return errors.New("its signature is by a DSA key, which is too weak")
	}
	raw, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return nil
	}
	if k, ok := raw.CryptoPublicKey().(*rsa.PublicKey); ok && k.N.BitLen() < minRSA {
		return fmt.Errorf("its signature is by an RSA key of %d bits, which is too weak: %d at least", k.N.BitLen(),
			minRSA)
	}
	return nil
}

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
			return nil, fmt.Errorf("cannot open the key %s: the passphrase is wrong, or the key is of a kind that "+
				"only "+
				"ssh-keygen can use%s", path, byHand(path))
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot use the key %s: %w%s", path, err, byHand(path))
	}
	return signer, nil
}

// byHand says how ssh-keygen signs with a key that we cannot use.
func byHand(path string) string {
	return fmt.Sprintf(" (a security key signs with: ssh-keygen -Y sign -n %s -f %s permit.yaml)", namespace, path)
}

// fromAgent finds the private half of a key in an agent.
func fromAgent(public ssh.PublicKey, socket string) (ssh.Signer, error) {
	if socket == "" {
		return nil, errors.New("cannot sign with a public key: SSH_AUTH_SOCK names no agent that holds its private " +
			"half " +
			"(name the private key)")
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
	return nil, fmt.Errorf("cannot sign: the agent does not hold %s (ssh-add it, or name the private key)",
		ssh.FingerprintSHA256(public))
}

// Sign returns the armoured signature of a permit's text.
func Sign(text []byte, key ssh.Signer) ([]byte, error) {
	if err := strong(key.PublicKey()); err != nil {
		return nil, fmt.Errorf("cannot sign the permit: %s",
			strings.Replace(err.Error(), "its signature is by", "this is", 1))
	}
	s, err := sshsig.SignWithRand(bytes.NewReader(text), rand.Reader, key, sshsig.HashSHA512, namespace)
	if err != nil {
		return nil, fmt.Errorf("cannot sign the permit: %w", err)
	}
	return sshsig.Armor(s), nil
}

// SignerLine is the line by which a file of allowed signers knows the approver.
func SignerLine(approver string, key ssh.PublicKey) string {
	return fmt.Sprintf("%s namespaces=%q %s", approver, namespace, bytes.TrimSpace(ssh.MarshalAuthorizedKey(key)))
}
