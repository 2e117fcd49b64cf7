package sql

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/verify"
)

// Cleanup returns the SQL that removes the events and persons of a run, with comments. The
// rows of a run are known by the prefix of its ids alone: without one it is an error. Rows
// that were there before since are left alone. The tables are those of PostHog's schema
// (posthog/models in its repository).
func Cleanup(run *verify.Run, since time.Time) (string, error) {
	prefix := run.Prefix()
	if prefix == "" {
		return "", errors.New("its scenario has no traffic.distinct_ids.prefix, by which its rows are told from others")
	}
	query, err := queries.ReadFile("queries/cleanup.sql")
	if err != nil {
		return "", err
	}
	return strings.NewReplacer(
		// The id stands in a comment, and comes from a directory that anybody may have written.
		"{run}", run.Name+", "+text.Printable(run.ID, 100),
		"{start}", run.Start().UTC().Format(time.RFC3339), "{prefix}", Quote(prefix),
		"{from}", fmt.Sprintf("toDateTime('%s', 'UTC')", since.UTC().Truncate(time.Second).Format(time.DateTime)),
	).Replace(string(query)), nil
}
