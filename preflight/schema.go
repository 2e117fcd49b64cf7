package preflight

import (
	_ "embed"
	"slices"
)

//go:embed check.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of what WriteJSON writes.
func Schema() []byte { return slices.Clone(schema) }

//go:embed pipeline.schema.json
var factsSchema []byte

// FactsSchema returns the JSON Schema (draft 2020-12) of the files that LoadFacts
// reads. It accepts every file that LoadFacts accepts.
func FactsSchema() []byte { return slices.Clone(factsSchema) }
