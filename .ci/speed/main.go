// Command speed measures what sending costs, an event, beside a bare loop of its own
// (load.go), how exactly requests are paced (pacing.go), and how fast recordings are
// read: megabytes a second of processor time, of the whole process, over files that it
// makes itself and removes again.
//
//	go run ./.ci/speed -only load -times 5 what sending costs, the median of five rounds
//	go run ./.ci/speed -only pacing        how late requests arrive at rates that are kept
//	go run ./.ci/speed                     everything, over files of about 250 MB
//	go run ./.ci/speed -only profile       what has this in its name
//	go run ./.ci/speed -size 100 -times 3  smaller files, the best of three
//	go run ./.ci/speed -rehearse FILE      a rehearse that was built before
//
// Megabytes are those of the content once unpacked; of a Parquet file, those of the
// JSON lines with the same events. Beside them stand orjson, which parses the lines,
// and DuckDB, which reads three columns of them, where python3 has them.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	var m meter
	size := flag.Int64("size", 250, "about how many `MB` of lines the files hold")
	flag.StringVar(&m.only, "only", "", "measure what has this `text` in its name")
	flag.IntVar(&m.times, "times", 1, "measure so many `times` and keep the best")
	flag.StringVar(&m.rehearse, "rehearse", "", "the `program` to measure; empty: it is built")
	flag.StringVar(&m.profile, "cpuprofile", "", "run under perf record into this `directory`")
	serving := flag.Bool("endpoint", false, "only answer requests, and print where")
	loop := flag.String("loop", "", "only send requests to this `address`, and print how many")
	pace := flag.Int("pace", 0, "of the -loop: so `many` requests a second")
	make := flag.String("make", "", "only make the files, in this `directory`, and tell of them as JSON")
	flag.Parse()
	if *serving || *loop != "" {
		err := serve
		if *loop != "" {
			err = func() error { return bareLoop(*loop) }
		}
		if *pace > 0 {
			err = func() error { return pacedLoopOf(*loop, *pace) }
		}
		if err := err(); err != nil {
			fmt.Fprintln(os.Stderr, "speed:", err)
			os.Exit(1)
		}
		return
	}
	if *make != "" {
		f, err := makeFiles(*make, *size<<20, m.wants)
		if err != nil || json.NewEncoder(os.Stdout).Encode(f) != nil {
			fmt.Fprintln(os.Stderr, "speed:", err)
			os.Exit(1)
		}
		return
	}
	if err := m.run(*size << 20); err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

// meter runs programs and tells what they cost.
type meter struct {
	dir, rehearse, only, profile string
	times                        int
	files                        files
}

// run makes the files and measures over all of them.
func (m *meter) run(size int64) (err error) {
	if m.dir, err = os.MkdirTemp("", "rehearse-speed-*"); err != nil {
		return err
	}
	defer os.RemoveAll(m.dir)
	if m.rehearse == "" {
		m.rehearse = filepath.Join(m.dir, "rehearse")
		if out, err := exec.Command("go", "build", "-o", m.rehearse, "./cmd/rehearse").CombinedOutput(); err != nil {
			return fmt.Errorf("cannot build rehearse: %w\n%s", err, out)
		}
	}
	if err := m.pacing(); err != nil || m.only == "pacing" {
		return err
	}
	if err := m.loads(); err != nil || strings.HasPrefix(m.only, "load") {
		return err
	}
	if err := m.make(size); err != nil {
		return err
	}
	fmt.Printf("%d events, %d MB of JSON lines\n\n%-28s %9s %8s %8s\n", m.files.Events, m.files.Lines>>20, "", "MB/s core", "CPU s", "RSS MB")
	if err := m.readers(); err != nil {
		return err
	}
	if err := m.replay(); err != nil {
		return err
	}
	m.others()
	return nil
}

// make makes the files in a process of its own: what this one takes of memory counts as
// that of the programs that it starts.
func (m *meter) make(size int64) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(self, "-make", m.dir, "-size", fmt.Sprint(size>>20), "-only", m.only)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("cannot make the files: %w", err)
	}
	return json.Unmarshal(out, &m.files)
}

// readers measures what reads a recording and sends nothing.
func (m *meter) readers() error {
	for _, f := range m.files.All {
		name := filepath.Base(f.Path)
		if err := m.measure("profile "+name, f.Bytes, m.rehearse, "profile", f.Path); err != nil {
			return err
		}
	}
	path, bytes := m.files.Scenario, m.files.Lines
	if err := m.measure("check", bytes, m.rehearse, "check", path); err != nil {
		return err
	}
	return m.measure("sample --survey", bytes, m.rehearse, "sample", "--survey", path)
}

// replay measures a run against an endpoint of its own process.
func (m *meter) replay() error {
	if !m.wants("run") {
		return nil
	}
	stage := exec.Command(m.rehearse, "stage", "--listen", "127.0.0.1:0")
	out, err := stage.StderrPipe()
	if err != nil {
		return err
	}
	if err := stage.Start(); err != nil {
		return err
	}
	defer func() {
		stage.Process.Signal(os.Interrupt)
		stage.Wait()
	}()
	text := make([]byte, 4096)
	n, _ := out.Read(text)
	go func() {
		for buffer := make([]byte, 4096); ; {
			if _, err := out.Read(buffer); err != nil {
				return
			}
		}
	}()
	url := ""
	for _, word := range strings.Fields(string(text[:n])) {
		if strings.HasPrefix(word, "http://") {
			url = strings.TrimRight(word, ".,")
		}
	}
	if url == "" {
		return fmt.Errorf("the endpoint did not say where it listens: %q", text[:n])
	}
	return m.measure("run", m.files.Lines, m.rehearse, "run", m.files.Scenario, "--target", url, "--out", filepath.Join(m.dir, "run"))
}

// others measures programs that others wrote.
func (m *meter) others() {
	path := m.files.path("events.jsonl")
	if path == "" {
		return
	}
	fmt.Println()
	for _, o := range []struct{ name, text string }{
		{"orjson", "import orjson\nfor line in open(%q,'rb'): orjson.loads(line)"},
		{"duckdb read_json", "import duckdb\nduckdb.sql(\"select count(distinct event), count(distinct distinct_id), max(timestamp) from " +
			"read_json('%s', format='newline_delimited', columns={event:'VARCHAR',distinct_id:'VARCHAR',timestamp:'VARCHAR'})\").fetchall()"},
	} {
		if m.measure(o.name, m.files.Lines, "python3", "-c", fmt.Sprintf(o.text, path)) != nil {
			fmt.Printf("%-28s not there (python3 -m pip install orjson duckdb)\n", o.name)
		}
	}
}

// wants reports whether something of this name is to be measured.
func (m *meter) wants(name string) bool { return strings.Contains(name, m.only) }

// measure runs a program and prints what it cost.
func (m *meter) measure(name string, bytes int64, program string, args ...string) error {
	if !m.wants(name) || bytes == 0 {
		return nil
	}
	best, rss := time.Duration(1<<62), int64(0)
	for range max(m.times, 1) {
		os.RemoveAll(filepath.Join(m.dir, "run"))
		c := exec.Command(program, args...)
		if m.profile != "" {
			c = exec.Command("perf", append([]string{"record", "-q", "-g", "-o", filepath.Join(m.profile, strings.ReplaceAll(name, " ", "-")), program}, args...)...)
		}
		out, err := c.CombinedOutput()
		if err != nil && !isVerdict(c.ProcessState.ExitCode()) {
			if program != "python3" {
				fmt.Fprintf(os.Stderr, "%s\n", out)
			}
			return fmt.Errorf("%s: %w", name, err)
		}
		best = min(best, c.ProcessState.UserTime()+c.ProcessState.SystemTime())
		if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
			rss = max(rss, usage.Maxrss)
		}
	}
	fmt.Printf("%-28s %9.0f %8.2f %8d\n", name, float64(bytes)/1e6/best.Seconds(), best.Seconds(), rss>>10)
	return nil
}

// isVerdict reports whether an exit code is the verdict on what was measured, and no
// failure: a threshold, a generator that could not keep up (all is due at once), a load
// that check refuses.
func isVerdict(code int) bool { return code == 99 || code == 120 || code == 121 }
