package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"rehearse/permit"
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
		Example: `  rehearse permit new import.yaml --host capture.staging.example --from 2026-12-01T10:00 --until 2026-12-01T16:00 --zone Europe/Berlin --approver jo@pipeline.example --purpose "import of 400 M events" -o permit.yaml
  rehearse permit sign -k ~/.ssh/id_ed25519 permit.yaml
  rehearse permit verify permit.yaml import.yaml --allowed-signers allowed_signers
  rehearse run import.yaml --target https://capture.staging.example --permit permit.yaml --allowed-signers allowed_signers`,
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
		Args:    exactly("permit"),
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
