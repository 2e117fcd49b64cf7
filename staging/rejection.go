package staging

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
)

// Rejection makes the endpoint answer a share of the requests with a status,
// whatever they carry.
type Rejection struct {
	Status int
	Share  float64 // 0.01 is 1 %; a multiple of 0.001
}

// ParseRejection reads "429:1%": one request in a hundred is answered 429.
func ParseRejection(text string) (Rejection, error) {
	status, share, found := strings.Cut(text, ":")
	percent, isPercent := strings.CutSuffix(share, "%")
	if !found || !isPercent {
		return Rejection{}, fmt.Errorf("cannot parse rejection %q: want a form like 429:1%%", text)
	}
	number, err := strconv.Atoi(status)
	if err != nil {
		return Rejection{}, fmt.Errorf("cannot parse rejection %q: %w", text, err)
	}
	value, err := strconv.ParseFloat(percent, 64)
	if err != nil {
		return Rejection{}, fmt.Errorf("cannot parse rejection %q: %w", text, err)
	}
	r := Rejection{Status: number, Share: value / 100}
	return r, r.validate()
}

// String returns the form that ParseRejection reads.
func (r Rejection) String() string {
	return fmt.Sprintf("%d:%v%%", r.Status, math.Round(r.Share*cycle)/10)
}

func (r Rejection) validate() error {
	if r.Status < 300 || r.Status > 599 {
		return fmt.Errorf("cannot reject with status %d: want one from 300 to 599", r.Status)
	}
	if !isShare(r.Share) {
		return fmt.Errorf("cannot reject a share of %v%%: want a multiple of 0.1%% from 0%% to 100%%", r.Share*100)
	}
	return nil
}

// isShare reports whether a cycle of requests can hold share exactly.
func isShare(share float64) bool {
	slots := share * cycle
	return slots >= 0 && slots <= cycle && math.Abs(slots-math.Round(slots)) < 1e-6
}

// textOf returns what the service answers with a status of its own (capture
// api.rs), else the name of the status.
func textOf(status int) string {
	switch status {
	case 408:
		return "client stopped sending data"
	case 429:
		return "rate limited"
	case 500:
		return "internal server error"
	case 503:
		return "transient error, please retry"
	}
	return fasthttp.StatusMessage(status)
}
