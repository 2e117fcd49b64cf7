package parquet

import (
	"bytes"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
)

// TestParquetTypes: each type of LogicalTypes.md of apache/parquet-format, what it
// becomes, or what is said of it.
func TestParquetTypes(t *testing.T) {
	t.Parallel()
	fixed := func(n int) parquet.Type { return parquet.FixedLenByteArrayType(n) }
	bytesOf := func(b ...byte) parquet.Value { return parquet.FixedLenByteArrayValue(b) }
	text := func(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }
	for _, c := range []struct {
		name  string
		node  parquet.Node
		value parquet.Value
		want  string
		said  string
	}{
		{"boolean", parquet.Leaf(parquet.BooleanType), parquet.BooleanValue(true), `true`, ""},
		{"int32", parquet.Leaf(parquet.Int32Type), parquet.Int32Value(-5), `-5`, ""},
		{"int64", parquet.Leaf(parquet.Int64Type), parquet.Int64Value(-1 << 63), `-9223372036854775808`, ""},
		{"int96", parquet.Leaf(parquet.Int96Type),
			parquet.Int96Value(deprecated.Int96{1_000_000_000, 0, julianEpoch + 1}), `"1970-01-02T00:00:01Z"`, ""},
		{"float", parquet.Leaf(parquet.FloatType), parquet.FloatValue(0.1), `0.1`, ""},
		{"double", parquet.Leaf(parquet.DoubleType), parquet.DoubleValue(1e300), `1e+300`, ""},
		{"int8", parquet.Int(8), parquet.Int32Value(-5), `-5`, ""},
		{"uint8", parquet.Uint(8), parquet.Int32Value(255), `255`, ""},
		{"uint32", parquet.Uint(32), parquet.Int32Value(-1), `4294967295`, ""},
		{"uint64", parquet.Uint(64), parquet.Int64Value(-1), `18446744073709551615`, ""},
		{"decimal of int32", parquet.Decimal(2, 9, parquet.Int32Type), parquet.Int32Value(-5), `-0.05`, ""},
		{"decimal of int64", parquet.Decimal(3, 18, parquet.Int64Type), parquet.Int64Value(1234567), `1234.567`, ""},
		{"decimal of bytes", parquet.Decimal(1, 5, fixed(3)), bytesOf(0xff, 0xff, 0x85), `-12.3`, ""},
		{"decimal without a point", parquet.Decimal(0, 9, parquet.Int32Type), parquet.Int32Value(7), `7`, ""},
		{"date", parquet.Date(), parquet.Int32Value(-1), `"1969-12-31"`, ""},
		{"time in ms", parquet.Time(parquet.Millisecond), parquet.Int32Value(3_600_500), `"01:00:00.5"`, ""},
		{"time in µs", parquet.Time(parquet.Microsecond), parquet.Int64Value(1), `"00:00:00.000001"`, ""},
		{"time in ns", parquet.Time(parquet.Nanosecond), parquet.Int64Value(1), `"00:00:00.000000001"`, ""},
		{"timestamp in ms", parquet.Timestamp(parquet.Millisecond), parquet.Int64Value(-1),
			`"1969-12-31T23:59:59.999Z"`, ""},
		{"timestamp in µs", parquet.Timestamp(parquet.Microsecond), parquet.Int64Value(1),
			`"1970-01-01T00:00:00.000001Z"`, ""},
		{"timestamp in ns", parquet.Timestamp(parquet.Nanosecond), parquet.Int64Value(1),
			`"1970-01-01T00:00:00.000000001Z"`, ""},
		{"local timestamp", parquet.TimestampAdjusted(parquet.Millisecond, false), parquet.Int64Value(1500),
			`"1970-01-01T00:00:01.5"`, ""},
		{"string", parquet.String(), text(`a "b"`), `"a \"b\""`, ""},
		{"string of an object", parquet.String(), text(`{"a":1}`), `{"a":1}`, ""},
		{"string of half an object", parquet.String(), text(`{"a":`), `"{\"a\":"`, ""},
		{"enum", parquet.Enum(), text("red"), `"red"`, ""},
		{"JSON", parquet.JSON(), text(`[1,{"a":null}]`), `[1,{"a":null}]`, ""},
		{"JSON that is none", parquet.JSON(), text(`[1`), `"[1"`, ""},
		{"uuid", parquet.UUID(), bytesOf(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16),
			`"01020304-0506-0708-090a-0b0c0d0e0f10"`, ""},
		{"interval", parquet.IntervalNode(), bytesOf(1, 0, 0, 0, 2, 0, 0, 0, 0xbc, 0x0b, 0, 0), `"P1M2DT3.004S"`, ""},
		{"bytes that are a text", parquet.Leaf(parquet.ByteArrayType), text("ü"), `"ü"`, ""},
		{"bytes that are none", parquet.Leaf(parquet.ByteArrayType), text("\xff"), `"/w=="`,
			`"x" has bytes that are no text: they are sent as base64`},
		{"BSON", parquet.BSON(), text("x"), "", `"x" is left out: BSON is not read`},
		{"geometry", parquet.Geometry("OGC:CRS84"), text("x"), "", `"x" is left out: a geometry is not read`},
	} {
		rows, said := rowsOf(t, parquetValues(t, c.node, c.value))
		want := `{"x":` + c.want + `}`
		if c.want == "" {
			want = "{}"
		}
		if len(rows) != 1 || rows[0] != want || !strings.Contains(strings.Join(said, ""), c.said) ||
			(c.said == "") != (len(said) == 0) {
			t.Errorf("%s: rows %s, want %s; said %q", c.name, rows, want, said)
		}
	}
	for bits, want := range map[uint16]float64{0: 0, 0x3c00: 1, 0xc000: -2, 0x3555: 0.333251953125, 1: 0x1p-24,
		0x7bff: 65504} {
		if got := half(bits); got != want {
			t.Errorf("half %#x is %v, want %v", bits, got, want)
		}
	}
}

// parquetValues writes a file of one column of a type, with a null if it is optional.
func parquetValues(t *testing.T, node parquet.Node, values ...parquet.Value) string {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewWriter(&b, parquet.NewSchema("row", parquet.Group{"x": node}))
	for _, v := range values {
		if _, err := w.WriteRows([]parquet.Row{{v.Level(0, 0, 0)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
