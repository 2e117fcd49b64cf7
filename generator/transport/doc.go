// Package transport sends requests to an endpoint over HTTP/1.1 and says what became
// of each: one request at a time and connection, no silent retry, no redirect. Every
// connection is opened by a DialFunc that the caller gives: there is no other way out.
//
// Reading order: destination.go is where requests go, and who may connect there;
// conn.go is one request and its answer; direct.go exchanges those that need no buffers,
// with direct_linux.go and direct_other.go; request.go makes the head of a request;
// answer.go reads the head of the answer, answer_fields.go its fields and
// answer_body.go its body; counting.go keeps the connection and counts its bytes;
// dial.go opens it, proxy.go through a proxy; sockets.go reads what the kernel counted,
// by platform in sockets_linux.go and sockets_other.go, and socket_unix.go and
// socket_other.go look for what was said unasked; sizes.go measures requests that are
// not sent.
package transport
