package parquet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	metadata "github.com/parquet-go/parquet-go/format"

	"rehearse/internal/capture"
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/container"
)

// parquetNode is a column, or a group of them, of a Parquet file. How rows are put
// together from their levels is written in "Dremel made simple with Parquet" and in
// LogicalTypes.md of apache/parquet-format.
type ParquetNode struct {
	Name     []byte // as the beginning of a member of JSON
	kind     nodeKind
	leaf     *ParquetLeaf
	children []*ParquetNode // of a group; of a list its element; of a map key and value

	present int // definition level from which on it is not null
	filled  int // of a list or map: from which on it has elements
	again   int // of a list or map: repetition level of an element that is not the first
}

// nodeKind is what a node becomes.
type nodeKind int

const (
	leafNode nodeKind = iota
	groupNode
	listNode
	mapNode
)

// parquetBuilder builds nodes in the order of the schema.
type parquetBuilder struct {
	elements []metadata.SchemaElement // of the schema, still to be built
	rows     *ParquetRows
}

// build builds the node of a column and takes its elements from the schema; nil: it
// cannot be read, as is noted.
func (b *parquetBuilder) build(c *parquet.Column) *ParquetNode {
	e := &b.elements[0]
	b.elements = b.elements[1:]
	n := &ParquetNode{Name: append(capture.AppendString(nil, c.Name()), ':'), present: c.MaxDefinitionLevel()}
	if _, variant := e.LogicalType.Value.(*metadata.VariantType); variant {
		b.omit(c, "a variant")
		b.pass(c)
		return nil
	}
	if c.Leaf() {
		return b.repeat(c, b.leaf(c, e, n))
	}
	for _, child := range c.Columns() {
		if built := b.build(child); built != nil {
			n.children = append(n.children, built)
		}
	}
	n.kind = groupNode
	if len(n.children) == 0 {
		return nil
	}
	switch isList, isMap := annotation(e); {
	case isList:
		n.asList(c)
	case isMap:
		n.asMap(c)
	}
	return b.repeat(c, n)
}

// annotation reports whether a group is a list or a map.
func annotation(e *metadata.SchemaElement) (isList, isMap bool) {
	switch e.LogicalType.Value.(type) {
	case *metadata.ListType:
		return true, false
	case *metadata.MapType:
		return false, true
	}
	if !e.ConvertedType.Valid {
		return false, false
	}
	kind := e.ConvertedType.V
	return kind == deprecated.List, kind == deprecated.Map || kind == deprecated.MapKeyValue
}

// omit notes that a column is left out.
func (b *parquetBuilder) omit(c *parquet.Column, what string) {
	b.rows.omitted = append(b.rows.omitted,
		fmt.Sprintf("the column %q is left out: %s is not read here", strings.Join(c.Path(), "."), what))
}

// pass passes over the elements below a column.
func (b *parquetBuilder) pass(c *parquet.Column) {
	for _, child := range c.Columns() {
		b.elements = b.elements[1:]
		b.pass(child)
	}
}

// repeat makes a list of a node that is repeated without being said to be a list. It is
// never null.
func (b *parquetBuilder) repeat(c *parquet.Column, n *ParquetNode) *ParquetNode {
	if n == nil || !c.Repeated() {
		return n
	}
	return &ParquetNode{
		Name: n.Name, kind: listNode, children: []*ParquetNode{n},
		present: 0, filled: c.MaxDefinitionLevel(), again: c.MaxRepetitionLevel(),
	}
}

// asList makes a list of a group that is said to be one: of what its repeated child
// holds, or of that itself, as older writers have it. The child was built as a list.
func (n *ParquetNode) asList(c *parquet.Column) {
	if len(n.children) != 1 || n.children[0].kind != listNode {
		return
	}
	repeated, column := n.children[0], c.Columns()[0]
	element := repeated.children[0]
	single := element.kind == groupNode && len(column.Columns()) == 1
	if single && column.Name() != "array" && column.Name() != c.Name()+"_tuple" {
		element = element.children[0]
	}
	n.kind, n.children = listNode, []*ParquetNode{element}
	n.filled, n.again = repeated.filled, repeated.again
}

// asMap makes an object of a group that is said to be a map: of the keys and values in
// its repeated child.
func (n *ParquetNode) asMap(c *parquet.Column) {
	if len(n.children) != 1 || n.children[0].kind != listNode {
		return
	}
	repeated := n.children[0]
	pair := repeated.children[0]
	if pair.kind != groupNode || len(pair.children) != 2 || pair.children[0].kind != leafNode {
		return
	}
	n.kind, n.children = mapNode, pair.children
	n.filled, n.again = repeated.filled, repeated.again
}

// leavesBelow appends the leaves below a node.
func (n *ParquetNode) LeavesBelow(to []*ParquetLeaf) []*ParquetLeaf {
	if n.leaf != nil {
		return append(to, n.leaf)
	}
	for _, child := range n.children {
		to = child.LeavesBelow(to)
	}
	return to
}

// first is the first leaf below a node, whose levels tell what of it there is.
func (n *ParquetNode) first() *ParquetLeaf {
	for n.leaf == nil {
		n = n.children[0]
	}
	return n.leaf
}

// errFewValues says that a file is damaged.
var errFewValues = errors.New("a column has fewer values than there are rows")

// levels are those of the next value below a node.
func (n *ParquetNode) levels() (definition int, err error) {
	v, err := n.first().peek()
	if err == nil && v == nil {
		err = errFewValues
	}
	if err != nil {
		return 0, err
	}
	return v.DefinitionLevel(), nil
}

// skip takes a value from each leaf below a node that is null or has no elements.
func (n *ParquetNode) skip() error {
	if n.leaf != nil {
		v, err := n.leaf.peek()
		if err == nil && v == nil {
			err = errFewValues
		}
		if err == nil {
			n.leaf.take()
		}
		return err
	}
	for _, child := range n.children {
		if err := child.skip(); err != nil {
			return err
		}
	}
	return nil
}

// append appends what a node holds in the current row as JSON.
func (n *ParquetNode) append(dst []byte) (_ []byte, null bool, err error) {
	if len(dst) > container.MaxLine {
		return dst, false, errLongRow
	}
	definition, err := n.levels()
	switch {
	case err != nil:
		return dst, false, err
	case definition < n.present:
		return append(dst, "null"...), true, n.skip()
	case n.kind == leafNode:
		dst = n.leaf.appendValue(dst)
		n.leaf.take()
		return dst, false, nil
	case n.kind == groupNode:
		dst, err = appendMembers(dst, n.children, nil)
		return dst, false, err
	case definition < n.filled:
		return append(dst, n.brackets()...), false, n.skip()
	}
	dst, err = n.appendElements(dst)
	return dst, false, err
}

// brackets are those around the elements of a list or a map.
func (n *ParquetNode) brackets() string {
	if n.kind == mapNode {
		return "{}"
	}
	return "[]"
}

// appendElements appends a list or a map that has elements.
func (n *ParquetNode) appendElements(dst []byte) (_ []byte, err error) {
	dst = append(dst, n.brackets()[0])
	for more := true; more; {
		if n.kind == mapNode {
			if dst, err = n.children[0].leaf.appendKey(dst); err != nil {
				return dst, err
			}
			dst = append(dst, ':')
		}
		if dst, _, err = n.children[len(n.children)-1].append(dst); err != nil {
			return dst, err
		}
		next, err := n.first().peek()
		if err != nil {
			return dst, err
		}
		if more = next != nil && next.RepetitionLevel() >= n.again; more {
			dst = append(dst, ',')
		}
	}
	return append(dst, n.brackets()[1]), nil
}

// appendMembers appends an object of what nodes hold, those that are null left out, and
// notes where its members lie if it is asked to.
func appendMembers(dst []byte, nodes []*ParquetNode, at *[]jsonscan.Spot) ([]byte, error) {
	dst = append(dst, '{')
	for _, n := range nodes {
		before := len(dst)
		if dst[before-1] != '{' {
			dst = append(dst, ',')
		}
		name := len(dst)
		var null bool
		var err error
		if dst, null, err = n.append(append(dst, n.Name...)); err != nil {
			return dst, err
		}
		if null {
			dst = dst[:before]
			continue
		}
		if at != nil {
			*at = append(*at, jsonscan.Spot{Name: name, Value: name + len(n.Name), End: len(dst), Sound: n.isSound()})
		}
	}
	return append(dst, '}'), nil
}

// isSound reports whether what a node appends is a value that the service can read,
// whatever it holds: one that nests may be too deep, a decimal too large.
func (n *ParquetNode) isSound() bool { return n.kind == leafNode && n.leaf.value != decimalValue }
