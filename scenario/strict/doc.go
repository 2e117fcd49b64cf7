// Package strict reads YAML documents of known fields and gathers every mistake in them,
// each with its place, what is wrong and what to do about it.
//
// [Open] parses a [Document]. From its [Document.Root] a reader walks over [Value]s:
// [Value.Object] takes the fields that a mapping may have and refuses all others, and
// methods such as [Value.Duration] read a scalar within bounds. A reader that fails has
// reported why and returns a zero value, so that nothing is checked twice: in the end
// [Document.Err] says whether what was read may be used.
//
// A scalar may refer to the environment as ${NAME} or ${NAME:-default}; what it stands for
// is not told in errors. A [Secret] prints as [redacted], and copies of a document are
// without it.
//
// To read the package: document.go (a file and what was found in it), copies.go (what may
// be kept of it), overrides.go (fields set from outside), scalars.go (what a scalar says),
// value.go (mappings and lists), environment.go (references), errors.go, secret.go.
package strict
