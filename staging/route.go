package staging

import (
	"bytes"

	"rehearse/capture"
)

// route is one of the paths that the endpoint knows.
type route uint8

const (
	noRoute route = iota
	index         // /, /_readiness, /_liveness
	statistics
	metrics
	batchRoute // from here on: event routes
	eRoute
	singleRoute
	captureRoute
	trackRoute
	engageRoute
	v1Route
)

// routeOf returns the route of a path, which may have a trailing slash. The
// event routes are those of capture's router.rs; one handler serves them all.
func routeOf(path []byte) route {
	if len(path) > 1 {
		path = bytes.TrimSuffix(path, []byte("/"))
	}
	switch string(path) {
	case "/", "/_readiness", "/_liveness":
		return index
	case "/_rehearse/stats":
		return statistics
	case "/metrics":
		return metrics
	case "/batch":
		return batchRoute
	case "/e":
		return eRoute
	case "/i/v0/e":
		return singleRoute
	case "/capture":
		return captureRoute
	case "/track":
		return trackRoute
	case "/engage":
		return engageRoute
	}
	if capture.IsV1(string(path)) {
		return v1Route
	}
	return noRoute
}

// of returns what r is to an endpoint: the generation of 2024 had three event
// routes only (hog-rs router.rs), and v1 is there where it was set up.
func (r route) of(c *Config) route {
	if c.Generation == capture.Generation2024 && r > singleRoute || c.NoV1 && r == v1Route {
		return noRoute
	}
	return r
}

func (r route) takesEvents() bool { return r >= batchRoute }

// String returns the path of r, without trailing slash.
func (r route) String() string {
	switch r {
	case index:
		return "/"
	case statistics:
		return "/_rehearse/stats"
	case metrics:
		return "/metrics"
	case batchRoute:
		return "/batch"
	case eRoute:
		return "/e"
	case singleRoute:
		return "/i/v0/e"
	case captureRoute:
		return "/capture"
	case trackRoute:
		return "/track"
	case engageRoute:
		return "/engage"
	case v1Route:
		return capture.PathV1
	}
	return "other"
}
