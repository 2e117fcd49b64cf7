package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"rehearse/permit"
	"rehearse/rehearsal"
)

// newPermitSign makes the verb permit sign.
func newPermitSign(e env) *cobra.Command {
	var key string
	c := &cobra.Command{
		Use:   "sign PERMIT",
		Short: "Sign a permit with an SSH key",
		Long: `sign writes the signature of a permit beside it, as PERMIT.sig. The key is a
private key file (its passphrase is asked for on the terminal), or a public one
whose private half the agent at SSH_AUTH_SOCK holds. Keys on a security key sign
with ssh-keygen -Y sign -n rehearse-permit.`,
		Example: `  rehearse permit sign -k ~/.ssh/id_ed25519 permit.yaml`,
		Args:    exactly("permit"),
		RunE: func(_ *cobra.Command, args []string) error {
			if key == "" {
				return exitError{exitUsage, errors.New("cannot sign without a key: name it, as in --key ~/.ssh/id_ed25519")}
			}
			return signPermit(e, args[0], key)
		},
	}
	c.Flags().StringVarP(&key, "key", "k", "", "the private key `file`, or the public one of a key in the agent")
	return c
}

// signPermit signs the permit in a file and says how it is checked.
func signPermit(e env, path, key string) error {
	p, err := permit.Read(path)
	if err != nil {
		return &rehearsal.Misread{What: "permit", Err: err}
	}
	signer, err := permit.Signer(key, os.Getenv("SSH_AUTH_SOCK"), func() ([]byte, error) { return askPassphrase(e, key) })
	if err != nil {
		return err
	}
	signature, err := permit.Sign(p.Text, signer)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+permit.SignatureSuffix, signature, 0o666); err != nil {
		return fmt.Errorf("cannot write the signature: %w", err)
	}
	fmt.Fprintf(e.stderr, "signed as %s: %s%s\nthe line by which allowed signers know that key:\n", p.Terms.Approver, path, permit.SignatureSuffix)
	_, err = fmt.Fprintln(e.stdout, permit.SignerLine(p.Terms.Approver, signer.PublicKey()))
	return err
}

// askPassphrase asks for the passphrase of a key on the terminal.
func askPassphrase(e env, key string) ([]byte, error) {
	in, ok := e.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, fmt.Errorf("cannot ask for the passphrase of %s: there is no terminal (add the key to an agent and name its public half)", key)
	}
	fmt.Fprintf(e.stderr, "passphrase of %s: ", key)
	shown, err := term.GetState(int(in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("cannot ask for the passphrase: %w", err)
	}
	secret, err := unlessStopped(e, func() ([]byte, error) { return term.ReadPassword(int(in.Fd())) })
	fmt.Fprintln(e.stderr)
	if errors.Is(err, errSignal) {
		return nil, errors.Join(err, term.Restore(int(in.Fd()), shown))
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the passphrase: %w", err)
	}
	return secret, nil
}
