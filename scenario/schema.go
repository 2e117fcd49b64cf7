package scenario

import (
	_ "embed"
	"slices"
)

//go:embed scenario.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of scenario files, for editors.
// It accepts every file that Load accepts. Load refuses more: what two fields
// mean together, bounds of values written as text, and files that are not there.
func Schema() []byte { return slices.Clone(schema) }
