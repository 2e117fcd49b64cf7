package permit

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// answers is a stop URL in memory: what it says depends on how long it has been
// asked.
type answers func(since time.Duration) (status int, text string, err error)

// script makes a watch whose stop URL answers so.
func (a answers) watch() *watch {
	w := newWatch(&Permit{Terms: Terms{Stop: Stop{URL: "http://stop.example"}}})
	begun := time.Now()
	w.client.Transport = tripper(func(*http.Request) (*http.Response, error) {
		status, text, err := a(time.Since(begun))
		if err != nil {
			return nil, err
		}
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(text)), Header: http.Header{"Location": {"http://elsewhere.example"}}}, nil
	})
	return w
}

type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestStopURL: what lets a run go on, what ends it, and when.
func TestStopURL(t *testing.T) {
	t.Parallel()
	errDown := errors.New("down")
	for _, c := range []struct {
		name string
		says answers
		want string        // why it ends; empty: it goes on
		at   time.Duration // when, at the latest
	}{
		{"go", func(time.Duration) (int, string, error) { return 200, "go\n", nil }, "", 0},
		{"go from a proxy that adds nothing", func(time.Duration) (int, string, error) { return 203, " go ", nil }, "", 0},
		{"stop", func(time.Duration) (int, string, error) { return 200, "stop", nil }, `answered 200 "stop" instead of go`, 0},
		{"a page", func(time.Duration) (int, string, error) { return 200, "<html>go</html>", nil }, "instead of go", 0},
		{"nothing", func(time.Duration) (int, string, error) { return 204, "", nil }, "instead of go", 0},
		{"gone", func(time.Duration) (int, string, error) { return 404, "go", nil }, "answered 404", 0},
		{"a redirect", func(time.Duration) (int, string, error) { return 302, "go", nil }, "answered 302", 0},
		{"stop after ten seconds", func(d time.Duration) (int, string, error) {
			if d < 10*time.Second {
				return 200, "go", nil
			}
			return 200, "no", nil
		}, `"no" instead of go`, 10*time.Second + every},
		{"down from the third second on", func(d time.Duration) (int, string, error) {
			if d < 3*time.Second {
				return 200, "go", nil
			}
			return 0, "", errDown
		}, "was silent for 5s", 8*time.Second + every},
		{"overloaded", func(time.Duration) (int, string, error) { return 503, "go", nil }, "was silent for 5s", 5*time.Second + every},
		{"down now and then", func(d time.Duration) (int, string, error) {
			if d%(5*time.Second) < 4*time.Second {
				return 0, "", errDown
			}
			return 200, "go", nil
		}, "", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				begun := time.Now()
				select {
				case err := <-c.says.watch().pollURL(ctx):
					if c.want == "" || !strings.Contains(err.Error(), c.want) || time.Since(begun) > c.at {
						t.Errorf("%v after %v, want %q", err, time.Since(begun), c.want)
					}
				case <-time.After(time.Minute):
					if c.want != "" {
						t.Errorf("it goes on, want %q", c.want)
					}
				}
			})
		})
	}
}

// TestStopFile: a run ends within a second of the file being there, and does not
// begin while it is.
func TestStopFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "stop")
	synctest.Test(t, func(t *testing.T) {
		p := &Permit{Terms: Terms{Window: Window{Until: time.Now().Add(time.Hour)}, Stop: Stop{File: path}}}
		if err := p.Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		time.AfterFunc(10*time.Second, func() { write(t, path, nil) })
		err := p.Watch(t.Context())
		if took := time.Since(begun); err == nil || !strings.Contains(err.Error(), "stopped by the permit's stop file") || took < 10*time.Second || took > 11*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		if err := p.Ready(t.Context()); err == nil {
			t.Errorf("a run may begin though the stop file is there")
		}
	})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	p := &Permit{Terms: Terms{Stop: Stop{File: filepath.Join(path, "\x00")}}}
	if err := p.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot be looked for") {
		t.Errorf("a stop file that cannot be looked for: %v", err)
	}
}

// TestWindowCloses to the instant, and not at all for a run that ends before.
func TestWindowCloses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		p := &Permit{Terms: Terms{Window: Window{Until: begun.Add(90 * time.Minute)}}}
		err := p.Watch(t.Context())
		if time.Since(begun) != 90*time.Minute || err == nil || !strings.Contains(err.Error(), "window closed") {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		p.Terms.Until = time.Now().Add(time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.Watch(ctx); err != nil {
			t.Errorf("the run was over before: %v", err)
		}
	})
}

// TestDrifted: a clock that is slewed is none that was set.
func TestDrifted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		passed, shown time.Duration
		ok            bool
	}{
		{time.Hour, time.Hour, true},
		{time.Hour, time.Hour + 5*time.Second, true},
		{time.Hour, time.Hour - 5*time.Second, true},
		{time.Hour, time.Hour + 6*time.Second, false},
		{time.Hour, 0, false},
		{time.Hour, -time.Hour, false},
	} {
		if err := drifted(c.passed, c.shown); (err == nil) != c.ok {
			t.Errorf("%v passed, %v shown: %v", c.passed, c.shown, err)
		}
	}
}
