package capture

import "encoding/base64"

// unwrap2024 returns the JSON text that r carries. Whether it is gzip its first
// bytes say, whatever is announced. That generation set no limit to what comes
// out; this one must.
func (u *unwrapper) unwrap2024(r *Request, limit int) ([]byte, *Refusal) {
	payload := r.Body
	if r.isForm() {
		var refusal *Refusal
		if payload, refusal = readForm2024(payload); refusal != nil {
			return nil, refusal
		}
	}
	if isGzip(payload) {
		text, refusal := u.gunzip(payload, limit)
		if refusal != nil && refusal.Status == 400 {
			return nil, refuse(400, textDecode+detailGzipText)
		}
		return text, refusal
	}
	if refusal := checkText(payload, limit); refusal != nil {
		if refusal.Status == 400 {
			return nil, refuse(400, textDecode+detailText2024)
		}
		return nil, refusal
	}
	return payload, nil
}

// readForm2024 returns what the one data field of a form encodes.
func readForm2024(form []byte) ([]byte, *Refusal) {
	found := 0
	var data string
	for name, value := range pairs(form) {
		if name == "data" {
			data = value
			found++
		}
	}
	if found != 1 {
		return nil, refuse(400, textDecode+detailForm2024)
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(data)
	if err != nil {
		return nil, refuse(400, textDecode+detailFormData2024)
	}
	return payload, nil
}
