package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/permit"
	"rehearse/scenario"
)

// verifyFlags are what a permit is held against, besides a scenario.
type verifyFlags struct {
	signers, target, token, tokenFile, at string
	set                                   []string
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
	c.Flags().StringVar(&f.signers, "allowed-signers", "", "whose signatures count: a `file` as ssh-keygen has it (default: $"+signersVariable+")")
	c.Flags().StringVar(&f.target, "target", "", "the run sends to this `URL` instead of the scenario's target")
	c.Flags().StringVar(&f.token, "token", "", "the run uses this project `token`")
	c.Flags().StringVar(&f.tokenFile, tokenFileFlag, "", "the run uses the project token that this `file` holds")
	c.Flags().StringArrayVar(&f.set, "set", nil, "the run overrides a field (repeatable)")
	c.Flags().StringVar(&f.at, "at", "", "the run starts at this `time` (default: now)")
	return c
}

// openPermit reads a permit and those whose signatures count.
func openPermit(path, signers string) (*permit.Permit, permit.Signers, error) {
	if signers == "" {
		signers = os.Getenv(signersVariable)
	}
	if signers == "" {
		return nil, permit.Signers{}, exitError{exitUsage, errors.New("cannot verify a permit without allowed signers: name their file with --allowed-signers or $" + signersVariable)}
	}
	p, err := permit.Read(path)
	if err != nil {
		return nil, permit.Signers{}, exitError{exitRefused, misread{"permit", err}}
	}
	allowed, err := permit.ReadSigners(signers)
	if err != nil {
		return nil, permit.Signers{}, exitError{exitRefused, misread{"file of allowed signers", err}}
	}
	return p, allowed, nil
}

// verifyPermit judges a permit and prints what came of it.
func verifyPermit(e env, args []string, f verifyFlags) error {
	p, signers, err := openPermit(args[0], f.signers)
	if err != nil {
		return err
	}
	if err := readToken(&f.token, f.tokenFile); err != nil {
		return err
	}
	claim, err := f.claim(args[1:])
	if err != nil {
		return err
	}
	if reasons := p.Judge(signers, claim); len(reasons) > 0 {
		return refusal(p, reasons)
	}
	_, err = fmt.Fprintf(e.stdout, "permit %s is valid, and signed by %s; it ends at %s\n", p.Terms.ID, p.Terms.Approver, p.Terms.Until.Format(time.RFC3339))
	return err
}

// refusal is the error that lists why a permit is none.
func refusal(p *permit.Permit, reasons []string) error {
	list := strings.Join(reasons, "\n  - ")
	return exitError{exitRefused, fmt.Errorf("refused: permit %s does not cover this, because\n  - %s", p.Terms.ID, list)}
}

// claim is what the permit is asked to cover.
func (f *verifyFlags) claim(scenarios []string) (c permit.Claim, err error) {
	c.At = time.Now()
	if f.at != "" {
		if c.At, err = permit.ParseMoment(f.at, time.Local); err != nil {
			return c, exitError{exitUsage, err}
		}
	}
	target := f.target
	if len(scenarios) > 0 {
		run := runFlags{target: f.target, token: f.token, set: f.set}
		c.Scenario, err = scenario.LoadWith(scenarios[0], scenario.Options{LookupEnv: os.LookupEnv, Set: run.overrides()})
		if err != nil {
			return c, err
		}
		if c.Load, err = claimOf(c.Scenario); err != nil {
			return c, err
		}
		target = c.Scenario.Target.URL
		c.Own = target == ""
	}
	if target != "" || c.Own {
		if c.Target, err = url.Parse(target); err != nil {
			return c, exitError{exitUsage, fmt.Errorf("cannot read --target as a URL")}
		}
	}
	return c, nil
}
