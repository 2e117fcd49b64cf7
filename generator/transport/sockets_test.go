package transport

import (
	"testing"
	"time"

	"rehearse/results"
)

// TestSocketCounts: a connection that is closed has said how much it sent, once.
func TestSocketCounts(t *testing.T) {
	t.Parallel()
	endpoint, end := stagedOnLoopback(t)
	defer end()
	var all SocketCounter
	c, err := all.Over(Loopback(time.Minute))(t.Context(), endpoint.addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("GET /_rehearse/stats HTTP/1.1\r\nHost: x\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 16)); err != nil || (all.Sum() != results.Sockets{}) {
		t.Fatalf("%v, %+v", err, all.Sum())
	}
	c.Close()
	first := all.Sum()
	c.Close()
	if first.Segments < 2 || first.Again != 0 || first.Drops != 0 || all.Sum() != first {
		t.Errorf("%+v, then %+v", first, all.Sum())
	}
}
