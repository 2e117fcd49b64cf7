package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"rehearse/internal/permit"
	"rehearse/rehearsal"
)

// newPermit makes the verb permit.
func newPermit(e env) *cobra.Command {
	c := &cobra.Command{
		Use:   "permit",
		Short: "Allow a load test: write, sign, show and verify permits",
		Long: `A permit is what load to anything but this machine needs: a small readable
file that says who may send how much to which hosts and when, signed with the
SSH key that its approver already has. run --permit obeys it.

The signature is OpenSSH's own, so that ssh-keygen makes and checks it as well:
  ssh-keygen -Y sign -n rehearse-permit -f ~/.ssh/id_ed25519 permit.yaml
  ssh-keygen -Y verify -f allowed_signers -I APPROVER -n rehearse-permit -s permit.yaml.sig < permit.yaml`,
		Example: permitExample + `
  rehearse permit sign -k ~/.ssh/id_ed25519 permit.yaml
  rehearse permit verify permit.yaml import.yaml --allowed-signers allowed_signers
  rehearse run import.yaml --target https://capture.staging.example --permit permit.yaml --allowed-signers ` +
			`allowed_signers`,
		Args: noSuchVerb,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(stoppable(e, newPermitNew(e)), newPermitSign(e), newPermitShow(e), stoppable(e, newPermitVerify(e)))
	return c
}

// newPermitShow makes the verb permit show.
func newPermitShow(e env) *cobra.Command {
	return &cobra.Command{
		Use:     "show PERMIT",
		Short:   "Show what a permit allows, and for how long",
		Long:    `show prints the terms of a permit, signed or not. It does not judge them.`,
		Example: `  rehearse permit show permit.yaml`,
		Args:    exactly("PERMIT"),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := permit.Read(args[0])
			if err != nil {
				return &rehearsal.Misread{What: "permit", Err: err}
			}
			if err := p.WriteText(e.stdout, time.Now(), time.Local); err != nil {
				return fmt.Errorf("cannot print the permit: %w", err)
			}
			if p.Signature == nil {
				fmt.Fprintf(e.stderr, "note: it is not signed\n")
			}
			return nil
		},
	}
}

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
		Args:    exactly("PERMIT"),
		RunE: func(_ *cobra.Command, args []string) error {
			if key == "" {
				return exitError{exitUsage,
					errors.New("cannot sign without a key: name it, as in --key ~/.ssh/id_ed25519")}
			}
			return signPermit(e, args[0], key)
		},
	}
	c.Flags().StringVarP(&key, "key", "k", "", "the private key `FILE`, or the public one of a key in the agent")
	return c
}

// signPermit signs the permit in a file and says how it is checked.
func signPermit(e env, path, key string) error {
	p, err := permit.Read(path)
	if err != nil {
		return &rehearsal.Misread{What: "permit", Err: err}
	}
	signer, err := permit.Signer(key, os.Getenv("SSH_AUTH_SOCK"),
		func() ([]byte, error) { return askPassphrase(e, key) })
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
	fmt.Fprintf(e.stderr, "signed as %s: %s%s\nadd this line to the allowed_signers file:\n", p.Terms.Approver,
		path, permit.SignatureSuffix)
	_, err = fmt.Fprintln(e.stdout, permit.SignerLine(p.Terms.Approver, signer.PublicKey()))
	return err
}

// askPassphrase asks for the passphrase of a key on the terminal.
func askPassphrase(e env, key string) ([]byte, error) {
	in, ok := e.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, fmt.Errorf("cannot ask for the passphrase of %s: there is no terminal (add the key to an agent "+
			"and name its public half)", key)
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

// verifyFlags are what a permit is held against, besides a scenario.
type verifyFlags struct {
	signers, tokenFile, at string
	overrides              rehearsal.Overrides
}

// newPermitVerify makes the verb permit verify.
func newPermitVerify(e env) *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify PERMIT [SCENARIO]",
		Short: "Say whether a permit covers a run, or every reason why not",
		Long: `verify judges the signature, the signer and the window of a permit; with a
scenario also its target, tokens and load. It exits with 0 or, with every reason
why not, with 121, as run --permit would.`,
		Example: `  rehearse permit verify permit.yaml --allowed-signers allowed_signers
  rehearse permit verify permit.yaml import.yaml --target https://capture.staging.example --at ` +
			`2026-12-01T10:00:00+01:00`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError(c, fmt.Errorf("%s wants a permit and perhaps a scenario file", c.CommandPath()))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return verifyPermit(e, args, f) },
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&f.signers, "allowed-signers", "",
		"whose signatures count: a `FILE` as ssh-keygen has it (default: $"+rehearsal.SignersVariable+")")
	c.Flags().StringVar(&f.overrides.Target, "target", "",
		"the run sends to this `URL` instead of the scenario's target")
	c.Flags().StringVar(&f.overrides.Token, "token", "", "the run uses this project `TOKEN`")
	c.Flags().StringVar(&f.tokenFile, tokenFileFlag, "", "the run uses the project token that this `FILE` holds")
	c.Flags().StringArrayVar(&f.overrides.Set, "set", nil, "the run overrides a field: `FIELD=VALUE` (repeatable)")
	c.Flags().StringVar(&f.at, "at", "", "the run starts at this `TIME` (default: now)")
	return c
}

// verifyPermit judges a permit and prints what came of it.
func verifyPermit(e env, args []string, f verifyFlags) error {
	at := time.Now()
	if f.at != "" {
		var err error
		if at, err = permit.ParseMoment(f.at, time.Local); err != nil {
			return exitError{exitUsage, err}
		}
	}
	if err := readToken(&f.overrides.Token, tokenFileFlag, f.tokenFile); err != nil {
		return err
	}
	p, reasons, err := rehearsal.Verify(rehearsal.Permit{File: args[0], Signers: f.signers}, first(args[1:]),
		f.overrides, at)
	if err != nil {
		return err
	}
	if len(reasons) > 0 {
		return rehearsal.Refusal(p, reasons)
	}
	_, err = fmt.Fprintf(e.stdout, "permit %s is valid, and signed by %s; it ends at %s\n",
		p.Terms.ID, p.Terms.Approver, p.Terms.Until.Format(time.RFC3339))
	return err
}
