package generator

import (
	"rehearse/capture"
)

// early is what an endpoint says that has read the head of a request and no more,
// and what that comes to. It holds half a request: a yes means nothing.
var early = []struct {
	said   string
	want   capture.Reason
	status int
}{
	{"413 Payload Too Large", capture.PayloadTooLarge, 413},
	{"429 Too Many Requests", capture.RateLimited, 429},
	{"401 Unauthorized", capture.Unauthorized, 401},
	{"503 Service Unavailable", capture.Unavailable, 503},
	{"200 OK", capture.UnknownAnswer, 200},
	{"", capture.BrokenWhileSending, 0},
}
