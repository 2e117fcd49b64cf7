package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/sys/unix"
)

// paces are the rates at which requests of an event are paced, a second.
var paces = []int{100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000}

// What a round of pacing is. The first second is not looked at: connections are opened.
const (
	pacedFor  = 6
	unlooked  = 1
	arrivals  = "/arrivals"
	skewCount = 1_000 // of distinct_ids: planning more of them costs time before the run
)

// paced is how a program kept to a rate.
type paced struct {
	p50, p99 float64 // ms after the due time at which a request arrived
	cost     float64 // µs of CPU a request
	service  float64 // ms, the median as the program measured it; the loop measures none
}

// pacing measures when paced requests arrive at an endpoint that writes down the time, and
// what a request costs, beside a loop that sleeps until a request is due and writes it.
func (m *meter) pacing() error {
	if !m.wants("pacing") || m.only == "" {
		return nil
	}
	address, stop, err := endpoint()
	if err != nil {
		return err
	}
	defer stop()
	fmt.Printf("\n%9s  %-9s %9s %9s %9s %11s\n", "a second", "", "p50 ms", "p99 ms", "us CPU", "service ms")
	for _, rate := range paces {
		var loops, runs []paced
		for range max(m.times, 1) {
			loop, err := m.pacedLoop(rate, address)
			if err != nil {
				return err
			}
			run, err := m.pacedRun(rate, address)
			if err != nil {
				return err
			}
			loops, runs = append(loops, loop), append(runs, run)
		}
		for _, o := range []struct {
			name string
			of   []paced
		}{{"bare loop", loops}, {"rehearse", runs}} {
			of := func(figure func(paced) float64) float64 {
				all := make([]float64, len(o.of))
				for i := range o.of {
					all[i] = figure(o.of[i])
				}
				return median(all)
			}
			fmt.Printf("%9d  %-9s %9.3f %9.3f %9.1f %11.3f\n", rate, o.name, of(func(p paced) float64 { return p.p50 }),
				of(func(p paced) float64 { return p.p99 }), of(func(p paced) float64 { return p.cost }),
				of(func(p paced) float64 { return p.service }))
		}
	}
	return nil
}

// pacedRun has rehearse send at a rate.
func (m *meter) pacedRun(rate int, address string) (p paced, err error) {
	w := work{name: "pacing", events: 1, rate: rate, coding: "none", seconds: pacedFor, ids: skewCount}
	result, state, err := m.runOnce(w, address)
	if err != nil {
		return p, err
	}
	var said struct {
		Run struct {
			StartedAt time.Time `json:"started_at"`
		}
		Service struct{ P50 float64 } `json:"service_ms"`
		Events  struct{ Accepted int }
	}
	if err := json.Unmarshal(result, &said); err != nil {
		return p, err
	}
	if p, err = deviation(rate, address, said.Run.StartedAt); err != nil {
		return p, err
	}
	p.cost, p.service = microseconds(state, said.Events.Accepted), said.Service.P50
	return p, nil
}

// pacedLoop runs this program as a bare loop that paces.
func (m *meter) pacedLoop(rate int, address string) (p paced, err error) {
	self, err := os.Executable()
	if err != nil {
		return p, err
	}
	c := pinned(0, self, "-loop", address, "-pace", strconv.Itoa(rate))
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return p, fmt.Errorf("bare loop: %w", err)
	}
	began, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return p, err
	}
	if p, err = deviation(rate, address, time.Unix(0, began)); err != nil {
		return p, err
	}
	p.cost = microseconds(c.ProcessState, rate*pacedFor)
	return p, nil
}

// deviation asks the endpoint when the requests of a run came that began at a time.
func deviation(rate int, address string, began time.Time) (p paced, err error) {
	answer, err := http.Get("http://" + address + arrivals)
	if err != nil {
		return p, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return p, err
	}
	var late []float64
	for i := unlooked * rate; i < len(text)/8; i++ {
		at := int64(binary.LittleEndian.Uint64(text[8*i:])) - began.UnixNano()
		late = append(late, (float64(at)-float64(i)*1e9/float64(rate))/1e6)
	}
	if len(late) == 0 {
		return p, fmt.Errorf("nothing arrived at a rate of %d", rate)
	}
	slices.Sort(late)
	return paced{p50: late[len(late)/2], p99: late[len(late)*99/100]}, nil
}

// clock is a handler of the endpoint that writes down when requests come.
type clock struct {
	mu sync.Mutex
	at []byte
}

// note is told of a request; the times go to who asks for them, and are forgotten.
func (c *clock) note(r *fasthttp.RequestCtx) (asked bool) {
	now := time.Now().UnixNano()
	c.mu.Lock()
	defer c.mu.Unlock()
	if asked = string(r.Path()) == arrivals; asked {
		r.SetBody(c.at)
		c.at = c.at[:0]
		return true
	}
	c.at = binary.LittleEndian.AppendUint64(c.at, uint64(now))
	return false
}

// pacedLoopOf sends requests at a rate, with one thread that sleeps until each is due, and
// prints when it began, in ns.
func pacedLoopOf(address string, rate int) error {
	idle := make(chan net.Conn, connections)
	for range connections {
		c, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		idle <- c
	}
	request := requestOf(address)
	runtime.LockOSThread()
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	wrote, answered := make(chan net.Conn, connections), sync.WaitGroup{}
	for range connections {
		go func() {
			for answer := make([]byte, 4096); ; {
				c := <-wrote
				c.Read(answer)
				idle <- c
				answered.Done()
			}
		}()
	}
	began := time.Now().Add(100 * time.Millisecond)
	for i := range rate * pacedFor {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(rate))
		c := <-idle
		for ahead := time.Until(due); ahead > 0; ahead = time.Until(due) {
			t := unix.NsecToTimespec(int64(ahead))
			unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &t, nil)
		}
		answered.Add(1)
		if _, err := c.Write(request); err != nil {
			return err
		}
		wrote <- c
	}
	answered.Wait()
	fmt.Println(began.UnixNano())
	return nil
}

// scenarioOf is a scenario of the work.
func (w work) scenarioOf(address string) string {
	return fmt.Sprintf(`name: load
target: {url: "http://%s", endpoint: %s, compression: %s, connections: %d}
load: {profile: "const(%d, %ds)", late: queue}
batching: {events: %d}
traffic:
  distinct_ids: {count: %d, skew: 1.1}
  events: {view: {weight: 70, from: server}, purchase: {weight: 10, from: server}, $set: {weight: 2, from: server}}
`, address, map[bool]string{true: "capture", false: "batch"}[w.events == 1], w.coding, connections, w.rate, w.seconds,
		w.events, w.ids)
}

// runOnce runs rehearse and returns its result.
func (m *meter) runOnce(w work, address string) (result []byte, state *os.ProcessState, err error) {
	scenario := filepath.Join(m.dir, "load.yaml")
	if err := os.WriteFile(scenario, []byte(w.scenarioOf(address)), 0o644); err != nil {
		return nil, nil, err
	}
	run := filepath.Join(m.dir, "run")
	os.RemoveAll(run)
	c := pinned(0, m.rehearse, "run", scenario, "--quiet", "--json", "--out", run)
	c.Env, c.Stderr = append(os.Environ(), "GOMAXPROCS=1"), nil
	result, err = c.Output() // the verdict does not matter: more is offered than can be sent
	if err != nil && !isVerdict(c.ProcessState.ExitCode()) {
		return nil, nil, fmt.Errorf("load %s: %w", w.name, err)
	}
	return result, c.ProcessState, nil
}
