package parquet

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	metadata "github.com/parquet-go/parquet-go/format"

	"rehearse/internal/capture"
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/format"
)

// valueKind is how a value is written in JSON.
type valueKind int

const (
	plainValue    valueKind = iota // as its physical type
	unsignedValue                  // a number
	decimalValue                   // a number
	dateValue                      // "2006-01-02"
	timeValue                      // "15:04:05.999"
	momentValue                    // "2006-01-02T15:04:05.999Z", without the Z where it is local
	uuidValue                      // "018a981f-…"
	jsonValue                      // what it says
	halfValue                      // a number (FLOAT16)
	intervalValue                  // "P1M2DT3.004S" (ISO 8601)
	textValue                      // a text
	opaqueValue                    // cannot be read
)

// leaf builds the node of a column without others below; nil: it cannot be read.
func (b *parquetBuilder) leaf(c *parquet.Column, e *metadata.SchemaElement, n *ParquetNode) *ParquetNode {
	l := &ParquetLeaf{index: c.Index(), path: strings.Join(c.Path(), ".")}
	what := l.classify(c, e)
	if l.value == opaqueValue {
		b.omit(c, what)
		return nil
	}
	n.leaf = l
	return n
}

// classify tells how the values of a column are written: by its logical type, or the
// converted type of older files, which the library turns into one where it can.
func (l *ParquetLeaf) classify(c *parquet.Column, e *metadata.SchemaElement) (what string) {
	if _, half := e.LogicalType.Value.(*metadata.Float16Type); half {
		l.value = halfValue
		return ""
	}
	if e.ConvertedType.Valid && e.ConvertedType.V == deprecated.Interval {
		l.value = intervalValue
		return ""
	}
	logical := c.Type().LogicalType()
	if logical == nil {
		return ""
	}
	switch t := logical.Value.(type) {
	case *metadata.TimestampType:
		l.value, l.unit, l.zoned = momentValue, int64(time.Second/t.Unit.Value.Duration()), t.IsAdjustedToUTC
	case *metadata.TimeType:
		l.value, l.unit = timeValue, int64(time.Second/t.Unit.Value.Duration())
	case *metadata.DateType:
		l.value = dateValue
	case *metadata.DecimalType:
		l.value, l.unit = decimalValue, int64(t.Scale)
	case *metadata.IntType:
		if !t.IsSigned {
			l.value = unsignedValue
		}
	case *metadata.UUIDType:
		l.value = uuidValue
	case *metadata.JsonType:
		l.value = jsonValue
	case *metadata.StringType, *metadata.EnumType:
		l.value = textValue
	case *metadata.BsonType:
		l.value, what = opaqueValue, "BSON"
	case *metadata.GeometryType, *metadata.GeographyType:
		l.value, what = opaqueValue, "a geometry"
	}
	return what
}

// appendValue appends the next value, which is not null, as JSON.
func (l *ParquetLeaf) appendValue(dst []byte) []byte {
	v := &l.batch[0]
	switch l.value {
	case unsignedValue:
		return strconv.AppendUint(dst, unsigned(v), 10)
	case decimalValue:
		return l.appendDecimal(dst, v)
	case dateValue:
		day := time.Unix(int64(v.Int32())*86400, 0).UTC()
		return append(day.AppendFormat(append(dst, '"'), time.DateOnly), '"')
	case timeValue:
		return l.appendTime(dst, whole(v), "15:04:05.999999999")
	case momentValue:
		if l.zoned {
			return l.appendTime(dst, whole(v), time.RFC3339Nano)
		}
		return l.appendTime(dst, whole(v), "2006-01-02T15:04:05.999999999")
	}
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.AppendBool(dst, v.Boolean())
	case parquet.Int32, parquet.Int64:
		return strconv.AppendInt(dst, whole(v), 10)
	case parquet.Int96:
		return appendInt96(dst, v.Int96())
	case parquet.Float:
		return appendFloat(dst, float64(v.Float()), 32)
	case parquet.Double:
		return appendFloat(dst, v.Double(), 64)
	}
	return l.appendBytes(dst, v.ByteArray())
}

// appendBytes appends a value that is a string of bytes. A text that is an object of
// JSON becomes one: so exports write properties.
func (l *ParquetLeaf) appendBytes(dst, text []byte) []byte {
	switch {
	case l.value == uuidValue && len(text) == len(capture.UUID{}):
		return append(capture.AppendUUID(append(dst, '"'), capture.UUID(text)), '"')
	case l.value == halfValue && len(text) == 2:
		return appendFloat(dst, half(binary.LittleEndian.Uint16(text)), 32)
	case l.value == intervalValue && len(text) == 12:
		return appendInterval(dst, text)
	case !utf8.Valid(text):
		l.binary = true
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), text)
		return append(dst, '"')
	case jsonscan.IsObject(text), l.value == jsonValue && format.IsSound(text):
		return appendJSON(dst, text)
	}
	return capture.AppendString(dst, text)
}

// appendJSON appends a text that is JSON as such, and another one as a text.
func appendJSON(dst, text []byte) []byte {
	if format.IsSound(text) {
		return append(dst, text...)
	}
	return capture.AppendString(dst, text)
}

// appendKey appends the next value as the name of a member, and takes it.
func (l *ParquetLeaf) appendKey(dst []byte) ([]byte, error) {
	v, err := l.peek()
	if err != nil || v == nil {
		return dst, errFewValues
	}
	from := len(dst)
	if v.IsNull() {
		dst = append(dst, `""`...)
	} else if dst = l.appendValue(dst); dst[from] != '"' {
		name := string(dst[from:])
		dst = capture.AppendString(dst[:from], name)
	}
	l.take()
	return dst, nil
}

// whole is a number of 32 or 64 bits.
func whole(v *parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

// unsigned is the same without a sign.
func unsigned(v *parquet.Value) uint64 {
	if v.Kind() == parquet.Int32 {
		return uint64(uint32(v.Int32()))
	}
	return uint64(v.Int64())
}

// appendTime appends a time of so many units after 1970, or midnight, began.
func (l *ParquetLeaf) appendTime(dst []byte, n int64, layout string) []byte {
	t := time.Unix(n/l.unit, n%l.unit*(int64(time.Second)/l.unit)).UTC()
	return append(t.AppendFormat(append(dst, '"'), layout), '"')
}

// julianEpoch is the Julian day of 1970-01-01.
const julianEpoch = 2440588

// appendInt96 appends the time of older writers: nanoseconds of the day, and its Julian
// number.
func appendInt96(dst []byte, n deprecated.Int96) []byte {
	t := time.Unix((int64(n[2])-julianEpoch)*86400, int64(uint64(n[1])<<32|uint64(n[0]))).UTC()
	return append(t.AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
}

// appendDecimal appends a number with a point, which is stored without.
func (l *ParquetLeaf) appendDecimal(dst []byte, v *parquet.Value) []byte {
	digits := new(big.Int)
	switch v.Kind() {
	case parquet.Int32, parquet.Int64:
		digits.SetInt64(whole(v))
	default: // in two's complement, the highest byte first
		text := v.ByteArray()
		if digits.SetBytes(text); len(text) > 0 && text[0] >= 0x80 {
			digits.Sub(digits, new(big.Int).Lsh(big.NewInt(1), uint(8*len(text))))
		}
	}
	text := digits.String()
	if text[0] == '-' {
		dst, text = append(dst, '-'), text[1:]
	}
	scale := int(min(max(l.unit, 0), 1000))
	if missing := scale + 1 - len(text); missing > 0 {
		text = strings.Repeat("0", missing) + text
	}
	dst = append(dst, text[:len(text)-scale]...)
	if scale > 0 {
		dst = append(append(dst, '.'), text[len(text)-scale:]...)
	}
	return dst
}

// appendInterval appends months, days and milliseconds.
func appendInterval(dst, parts []byte) []byte {
	millis := binary.LittleEndian.Uint32(parts[8:])
	dst = strconv.AppendUint(append(dst, `"P`...), uint64(binary.LittleEndian.Uint32(parts)), 10)
	dst = strconv.AppendUint(append(dst, 'M'), uint64(binary.LittleEndian.Uint32(parts[4:])), 10)
	dst = strconv.AppendFloat(append(dst, `DT`...), float64(millis)/1000, 'f', -1, 64)
	return append(dst, `S"`...)
}

// half is a number of 16 bits (IEEE 754, binary16).
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	x := 0.0
	switch exponent {
	case 0:
		x = math.Ldexp(fraction, -24)
	case 0x1f:
		x = math.Inf(1)
		if fraction > 0 {
			x = math.NaN()
		}
	default:
		x = math.Ldexp(1024+fraction, exponent-25)
	}
	if bits >= 1<<15 {
		x = -x
	}
	return x
}

// appendFloat appends a number. What JSON cannot say is null.
func appendFloat(dst []byte, x float64, bits int) []byte {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, x, 'g', -1, bits)
}
