package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"rehearse/internal/capacity"
	"rehearse/internal/preflight"
	"rehearse/internal/preflight/whatif"
	"rehearse/internal/reference"
	"rehearse/internal/verify"
	"rehearse/rehearsal"
	"rehearse/results/compare"
	"rehearse/results/rundir"
	"rehearse/scenario"
	"rehearse/staging"
)

// newSchema makes the verb schema.
func newSchema(e env) *cobra.Command {
	var markdown bool
	c := &cobra.Command{
		Use:   "schema [scenario|result|pipeline|check|what-if|compare|verify|stage|capacity]",
		Short: "Print the JSON Schema of a file that rehearse reads or writes",
		Long: `schema prints the JSON Schema (draft 2020-12) of scenario files, so that
editors complete and check them; that of a run's result.json; that of the
pipeline's facts which check reads; that of what check, check --what-if, compare
or verify prints as JSON; that of what the staging endpoint has counted (endpoint.json); or that
of capacity.json.`,
		Example: `  rehearse schema > rehearse.schema.json
  rehearse schema --markdown | less
  # and as the first line of a scenario:
  # yaml-language-server: $schema=rehearse.schema.json`,
		ValidArgs: []string{
			"scenario", "result", "pipeline", "check", "what-if", "compare", "verify", "stage", "capacity",
		},
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError(c, fmt.Errorf("%s wants one name at most, not %d", c.CommandPath(), len(args)))
			}
			if len(args) == 1 && !slices.Contains(c.ValidArgs, args[0]) {
				return usageError(c, fmt.Errorf("there is no schema %q: want one of %s", args[0],
					strings.Join(c.ValidArgs, ", ")))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if markdown {
				return reference.WriteMarkdown(e.stdout, schemaOf(args))
			}
			_, err := fmt.Fprintf(e.stdout, "%s", schemaOf(args))
			return err
		},
	}
	c.Flags().BoolVar(&markdown, "markdown", false, "print the fields as tables in Markdown")
	return c
}

// schemaOf is the schema that is asked for, that of scenarios if none is.
func schemaOf(args []string) []byte {
	switch {
	case slices.Equal(args, []string{"result"}):
		return rundir.Schema()
	case slices.Equal(args, []string{"pipeline"}):
		return preflight.FactsSchema()
	case slices.Equal(args, []string{"check"}):
		return preflight.Schema()
	case slices.Equal(args, []string{"what-if"}):
		return whatif.Schema()
	case slices.Equal(args, []string{"compare"}):
		return compare.Schema()
	case slices.Equal(args, []string{"verify"}):
		return verify.Schema()
	case slices.Equal(args, []string{"capacity"}):
		return capacity.Schema()
	case slices.Equal(args, []string{"stage"}):
		return staging.Schema()
	}
	return scenario.Schema()
}

// newVersion makes the verb version.
func newVersion(e env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, and the commit that it was built from",
		Args:  nothing,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(e.stdout, "rehearse %s\n", version())
			return err
		},
	}
}

// newManual makes the verb man, which packagers use.
func newManual(e env) *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:    "man",
		Short:  "Write the manual pages, one a command, as man reads them",
		Hidden: true,
		Args:   nothing,
		RunE: func(*cobra.Command, []string) error {
			if err := os.MkdirAll(output, 0o755); err != nil {
				return err
			}
			head := doc.GenManHeader{Section: "1", Source: "rehearse " + rehearsal.Version, Manual: "User Commands"}
			root := newRoot(e)
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &head, output)
		},
	}
	c.Flags().StringVarP(&output, "output", "o", ".", "write the pages into `DIR`")
	return c
}

// version is the release with what it was built from, as far as the go command knew.
func version() string {
	from := []string{runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}
	if info, known := debug.ReadBuildInfo(); known {
		from = append(builtFrom(info.Settings), from...)
	}
	return fmt.Sprintf("%s (%s)", rehearsal.Version, strings.Join(from, ", "))
}

// builtFrom is the commit that a binary was built from, and its time; nothing if
// it was built outside a repository, or by go run.
func builtFrom(settings []debug.BuildSetting) []string {
	of := map[string]string{}
	for _, s := range settings {
		of[s.Key] = s.Value
	}
	if of["vcs.revision"] == "" {
		return nil
	}
	commit := "commit " + of["vcs.revision"][:min(12, len(of["vcs.revision"]))]
	if of["vcs.modified"] == "true" {
		commit += " and changes"
	}
	return []string{commit, of["vcs.time"]}
}
