package reference

import (
	"encoding/json"
	"strings"
	"testing"

	"rehearse/scenario"
)

// Every field of the schema has a row, in a table of the object that holds it.
func TestMarkdownHasEveryField(t *testing.T) {
	var b strings.Builder
	if err := WriteMarkdown(&b, scenario.Schema()); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	var tree map[string]any
	if err := json.Unmarshal(scenario.Schema(), &tree); err != nil {
		t.Fatal(err)
	}
	var walk func(node any)
	rows := 0
	walk = func(node any) {
		object, _ := node.(map[string]any)
		fields, _ := object["properties"].(map[string]any)
		for name, below := range fields {
			rows++
			if !strings.Contains(page, "| `"+name+"`") {
				t.Errorf("the page has no row of %s", name)
			}
			walk(below)
		}
		for key, below := range object {
			if list, ok := below.([]any); ok {
				for _, one := range list {
					walk(one)
				}
			} else if key != "$defs" && key != "properties" {
				walk(below)
			}
		}
	}
	walk(tree)
	if got := strings.Count(page, "\n| `"); got < rows {
		t.Errorf("%d rows for %d fields", got, rows)
	}
}

func TestMarkdown(t *testing.T) {
	const text = `{"title": "T", "description": "D", "required": ["b"], "properties": {
		"b": {"description": "a|b", "default": "", "anyOf": [{"type": "string"}, {"$ref": "#/$defs/reference"}]},
		"a": {"type": "array", "items": {"type": "object", "properties": {"x": {"$ref": "#/$defs/rate", "examples": ["5/s"]}}}}
	}, "$defs": {"rate": {"description": "R"}}}`
	const want = `# T

D

Each table has the fields of one object.

## Fields

| field | value | default | meaning |
|---|---|---|---|
| ` + "`b`" + ` (required) | string | empty | a\|b |
| ` + "`a`" + ` | list of [object](#a) |  |  |

## a

| field | value | default | meaning |
|---|---|---|---|
| ` + "`x`" + ` | [rate](#rate) |  | As in ` + "`5/s`" + `. |

## Values

### rate

R
`
	var b strings.Builder
	if err := WriteMarkdown(&b, []byte(text)); err != nil || b.String() != want {
		t.Errorf("%v, got\n%s", err, b.String())
	}
	if err := WriteMarkdown(&b, []byte("[]")); err == nil {
		t.Error("a list is taken for a schema")
	}
}
