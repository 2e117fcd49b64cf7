package staging

import (
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// open are the connections that clients have open.
type open struct {
	mu  sync.Mutex // guards all
	all map[net.Conn]struct{}
}

// follow is told whenever the state of a connection changes.
func (o *open) follow(c net.Conn, now fasthttp.ConnState) {
	switch now {
	case fasthttp.StateNew:
		o.mu.Lock()
		o.all[c] = struct{}{}
		o.mu.Unlock()
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		o.mu.Lock()
		delete(o.all, c)
		o.mu.Unlock()
	}
}

// count is how many there are.
func (o *open) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.all)
}

// hush ends what is still being read: a request that is not here by now is not
// waited for. Answers may still be written.
func (o *open) hush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for c := range o.all {
		c.SetReadDeadline(time.Now()) // of one that broke, reading has ended anyway
	}
}
