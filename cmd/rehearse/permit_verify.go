package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"rehearse/permit"
	"rehearse/rehearsal"
)

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
  rehearse permit verify permit.yaml import.yaml --target https://capture.staging.example --at 2026-12-01T10:00:00+01:00`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError(c, fmt.Errorf("%s wants a permit and perhaps a scenario file", c.CommandPath()))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return verifyPermit(e, args, f) },
	}
	c.Flags().SortFlags = false
	c.Flags().StringVar(&f.signers, "allowed-signers", "", "whose signatures count: a `file` as ssh-keygen has it (default: $"+rehearsal.SignersVariable+")")
	c.Flags().StringVar(&f.overrides.Target, "target", "", "the run sends to this `URL` instead of the scenario's target")
	c.Flags().StringVar(&f.overrides.Token, "token", "", "the run uses this project `token`")
	c.Flags().StringVar(&f.tokenFile, tokenFileFlag, "", "the run uses the project token that this `file` holds")
	c.Flags().StringArrayVar(&f.overrides.Set, "set", nil, "the run overrides a field (repeatable)")
	c.Flags().StringVar(&f.at, "at", "", "the run starts at this `time` (default: now)")
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
	if err := readToken(&f.overrides.Token, f.tokenFile); err != nil {
		return err
	}
	p, reasons, err := rehearsal.Verify(rehearsal.Permit{File: args[0], Signers: f.signers}, first(args[1:]), f.overrides, at)
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
