package capture

import "encoding/base64"

// ContentForm is the content type of a form. The endpoint wants it to the letter.
const ContentForm = "application/x-www-form-urlencoded"

// FormEncoder writes bodies as pages send them that cannot send anything else: a
// form whose field data holds the payload in digits of base64 (posthog-js
// request.ts encodePostData; lz64 in versions of old). The zero value is ready to
// use; it is for one goroutine, and reuses its memory.
type FormEncoder struct {
	lz64   LZ64Encoder
	digits []byte
}

// AppendBase64 appends a form that holds plain in base64.
func (f *FormEncoder) AppendBase64(dst, plain []byte) []byte {
	f.digits = base64.StdEncoding.AppendEncode(f.digits[:0], plain)
	return appendField(dst, f.digits)
}

// AppendLZ64 appends a form that holds plain as lz-string's compressToBase64
// makes it.
func (f *FormEncoder) AppendLZ64(dst, plain []byte) []byte {
	f.digits = f.lz64.Append(f.digits[:0], plain)
	return appendField(dst, f.digits)
}

// appendField appends the field data, escaped as encodeURIComponent does.
func appendField(dst, digits []byte) []byte {
	dst = append(dst, "data="...)
	for _, d := range digits {
		switch d {
		case '+':
			dst = append(dst, "%2B"...)
		case '/':
			dst = append(dst, "%2F"...)
		case '=':
			dst = append(dst, "%3D"...)
		default:
			dst = append(dst, d)
		}
	}
	return dst
}
