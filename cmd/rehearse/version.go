package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"rehearse/rehearsal"
)

// newVersion makes the verb version.
func newVersion(e env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  nothing,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(e.stdout, "rehearse %s (%s %s/%s)\n", rehearsal.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
