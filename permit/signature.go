package permit

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"rehearse/internal/units"
)

// Namespace keeps signatures of permits apart from all others that a key makes.
const Namespace = "rehearse-permit"

// minRSA is how long an RSA key must be, in bits.
const minRSA = 2048

// keyDSA is a type of key that OpenSSH itself gave up.
const keyDSA = "ssh-dss"

// verify returns the reasons why the signature does not bind the approver at a
// time, none if it does.
func (p *Permit) verify(signers Signers, now time.Time) []string {
	if len(p.Signature) == 0 {
		return []string{fmt.Sprintf("it is not signed: %s%s is missing (rehearse permit sign makes it)", p.File, SignatureSuffix)}
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
	if s.Namespace != Namespace {
		return fmt.Errorf("its signature was made for another purpose: the namespace is %q, not %q", units.Clip(s.Namespace), Namespace)
	}
	if err := strong(s.PublicKey); err != nil {
		return err
	}
	if err := sshsig.Verify(bytes.NewReader(text), s, s.PublicKey, s.HashAlgorithm, Namespace); err != nil {
		return errors.New("its signature is not one of this text: the permit was changed after it was signed (a changed line end counts)")
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
		return fmt.Errorf("its signature is by an RSA key of %d bits, which is too weak: %d at least", k.N.BitLen(), minRSA)
	}
	return nil
}
