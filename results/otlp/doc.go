// Package otlp pushes the metrics of a run, while it goes and once more at its
// end, to a collector that speaks the OpenTelemetry protocol over HTTP.
//
// It is set up by the standard variables of the environment alone ([FromEnv]) and
// does nothing without an endpoint among them. The metrics are those that a live
// run serves to Prometheus, under the names that Prometheus makes of what it is
// pushed: rehearse.requests becomes rehearse_requests_total.
//
// A push never slows a run down: it is put together at the tick, once an export
// interval, and waits in a queue that drops what does not fit. It never fails a
// run either: the first failure is a warning, the others are counted. Nothing is
// sent again, because all numbers count from the start of the run and the next
// push says more. Headers may hold a key; they are in no message.
//
// The messages are the protocol's own, in protobuf or JSON; only the posting is
// done here. The official exporter links gRPC, which would make the program half
// as large again, and has no JSON.
package otlp
