package protobuf

import (
	"bytes"
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"
)

// TestFieldsAreThoseOfProtowire holds every function to the official writer.
func TestFieldsAreThoseOfProtowire(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.IntRange(1, 1<<20).Draw(t, "field")
		n, signed := rapid.Uint64().Draw(t, "n"), rapid.Int64().Draw(t, "signed")
		x, text := rapid.Float64().Draw(t, "x"), rapid.StringN(1, 300, -1).Draw(t, "text")
		all := rapid.SliceOf(rapid.Uint64()).Draw(t, "all")
		tag := func(kind protowire.Type) []byte {
			return protowire.AppendTag([]byte{1}, protowire.Number(field), kind)
		}
		var packed []byte
		for _, one := range all {
			packed = protowire.AppendFixed64(packed, one)
		}
		for name, c := range map[string]struct{ got, want []byte }{
			"text":    {Text([]byte{1}, field, text), protowire.AppendString(tag(protowire.BytesType), text)},
			"varint":  {Varint([]byte{1}, field, n), protowire.AppendVarint(tag(protowire.VarintType), n)},
			"zigzag":  {Zigzag([]byte{1}, field, signed), protowire.AppendVarint(tag(protowire.VarintType), protowire.EncodeZigZag(signed))},
			"fixed":   {Fixed([]byte{1}, field, n), protowire.AppendFixed64(tag(protowire.Fixed64Type), n)},
			"double":  {Double([]byte{1}, field, x), protowire.AppendFixed64(tag(protowire.Fixed64Type), math.Float64bits(x))},
			"packed":  {Packed([]byte{1}, field, all), protowire.AppendBytes(tag(protowire.BytesType), packed)},
			"message": {Message([]byte{1}, field, func(b []byte) []byte { return append(b, text...) }), protowire.AppendBytes(tag(protowire.BytesType), []byte(text))},
		} {
			if !bytes.Equal(c.got, c.want) {
				t.Errorf("%s: %x, want %x", name, c.got, c.want)
			}
		}
	})
}

func TestEmptyTextIsLeftOut(t *testing.T) {
	t.Parallel()
	if got := Text(nil, 1, ""); len(got) != 0 {
		t.Errorf("%x", got)
	}
}
