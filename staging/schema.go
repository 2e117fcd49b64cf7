package staging

import (
	_ "embed"
	"slices"
)

//go:embed stage.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of Stats.
func Schema() []byte { return slices.Clone(schema) }
