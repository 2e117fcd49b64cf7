package preflight

import (
	_ "embed"
	"slices"
)

//go:embed check.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of what WriteJSON writes.
func Schema() []byte { return slices.Clone(schema) }
