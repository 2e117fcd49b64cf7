package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// work is a kind of load that is sent as fast as it can be.
type work struct {
	name, what string
	events     int // a request
	rate       int // events a second that are offered: more than can be sent
	coding     string
	seconds    int // for how long they are offered; it takes longer to send them
	ids        int // distinct_ids
}

// works are those that docs/performance.md tells of.
var works = []work{
	{"A", "one event a request", 1, 300_000, "none", loadFor, 100_000},
	{"C", "100 events a request", 100, 4_000_000, "none", loadFor, 100_000},
	{"D", "100 events a request, gzip", 100, 1_500_000, "gzip", loadFor, 100_000},
}

const (
	loadFor     = 2
	connections = 64
)

// loads measures what sending costs, against an endpoint that answers everything and
// looks at nothing, beside a bare loop over as many connections: user and system time
// of the sending process, an event. Rounds alternate, so that what else the machine
// does falls on all.
func (m *meter) loads() error {
	if !m.wants("load") {
		return nil
	}
	address, stop, err := endpoint()
	if err != nil {
		return err
	}
	defer stop()
	costs, memory := map[string][]float64{}, map[string]float64{}
	for range max(m.times, 1) {
		loop, err := m.loop(address)
		if err != nil {
			return err
		}
		costs["loop"] = append(costs["loop"], loop)
		for _, w := range works {
			cost, most, err := m.send(w, address)
			if err != nil {
				return err
			}
			costs[w.name], memory[w.name] = append(costs[w.name], cost), max(memory[w.name], most)
		}
	}
	loop := median(costs["loop"])
	fmt.Printf("\n%-34s %11s %9s %9s %8s %8s\n", "sending", "us an event", "least", "most", "of loop", "MiB")
	fmt.Printf("%-34s %11.3f %9.3f %9.3f\n", "bare loop, one event a request", loop,
		slices.Min(costs["loop"]), slices.Max(costs["loop"]))
	for _, w := range works {
		c := costs[w.name]
		fmt.Printf("load %s: %-26s %11.3f %9.3f %9.3f %8.2f %8.1f\n", w.name, w.what,
			median(c), slices.Min(c), slices.Max(c), median(c)/loop, memory[w.name])
	}
	return nil
}

// median of some numbers.
func median(n []float64) float64 {
	n = slices.Sorted(slices.Values(n))
	return n[len(n)/2]
}

// pinned makes a command run on one processor, where taskset is there and another is
// left for the endpoint.
func pinned(cpu int, program string, args ...string) *exec.Cmd {
	if path, err := exec.LookPath("taskset"); err == nil {
		return exec.Command(path, append([]string{"-c", strconv.Itoa(cpu), program}, args...)...)
	}
	return exec.Command(program, args...)
}

// endpoint starts this program as an endpoint, in a process of its own.
func endpoint() (address string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	c := pinned(1, self, "-endpoint")
	out, err := c.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	address, err = bufio.NewReader(out).ReadString('\n')
	return strings.TrimSpace(address), func() { c.Process.Kill(); c.Wait() }, err
}

// serve answers every request that it is all right, and prints where.
func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	arrived := &clock{}
	s := fasthttp.Server{MaxRequestBodySize: 64 << 20, NoDefaultServerHeader: true, Handler: func(c *fasthttp.RequestCtx) {
		if arrived.note(c) {
			return
		}
		c.SetContentType("application/json")
		c.SetBodyString(`{"status":"Ok"}`)
	}}
	return s.Serve(l)
}

// loop runs this program as a bare loop and returns what a request cost, in µs.
func (m *meter) loop(address string) (float64, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	c := pinned(0, self, "-loop", address)
	c.Env, c.Stderr = append(os.Environ(), "GOMAXPROCS=1"), os.Stderr
	out, err := c.Output()
	if err != nil {
		return 0, fmt.Errorf("bare loop: %w", err)
	}
	sent, err := strconv.Atoi(strings.TrimSpace(string(out)))
	return microseconds(c.ProcessState, sent), err
}

// requestOf is a request of an event of 350 bytes.
func requestOf(address string) []byte {
	body := `{"api_key":"phc_rehearsal","event":"view","properties":{"note":"` + strings.Repeat("x", 285) + `"}}`
	return fmt.Appendf(nil, "POST /i/v0/e/ HTTP/1.1\r\nUser-Agent: loop\r\nHost: %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", address, len(body), body)
}

// bareLoop sends one request of an event of 350 bytes after the other over all
// connections, with a write and a read for each, and prints how many.
func bareLoop(address string) error {
	request := requestOf(address)
	until, sent := time.Now().Add(2*loadFor*time.Second), make(chan int)
	for range connections {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		go func() {
			defer c.Close()
			n := 0
			for answer := make([]byte, 4096); time.Now().Before(until); n++ {
				if _, err := c.Write(request); err != nil {
					break
				}
				if _, err := c.Read(answer); err != nil {
					break
				}
			}
			sent <- n
		}()
	}
	all := 0
	for range connections {
		all += <-sent
	}
	fmt.Println(all)
	return nil
}

// send runs rehearse and returns what an event cost that was accepted, in µs, and the most
// memory that was resident, in MiB.
func (m *meter) send(w work, address string) (cost, most float64, err error) {
	result, state, err := m.runOnce(w, address)
	if err != nil {
		return 0, 0, err
	}
	var said struct {
		Events struct{ Accepted int }
	}
	if err := json.Unmarshal(result, &said); err != nil || said.Events.Accepted == 0 {
		return 0, 0, fmt.Errorf("load %s: nothing was accepted: %w", w.name, err)
	}
	return microseconds(state, said.Events.Accepted), resident(state), nil
}

// resident is the most memory of a process that is over, in MiB.
func resident(p *os.ProcessState) float64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" { // bytes, elsewhere KiB: getrusage(2)
		return float64(usage.Maxrss) / (1 << 20)
	}
	return float64(usage.Maxrss) / (1 << 10)
}

// microseconds is what each of n cost a process that is over.
func microseconds(p *os.ProcessState, n int) float64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok || n == 0 {
		return 0
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e3 / float64(n)
}
