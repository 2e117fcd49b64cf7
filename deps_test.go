package rehearse

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// owners are the libraries and the packages that may use them.
func owners() map[string][]string {
	return map[string][]string{
		"github.com/valyala/fasthttp":                {"rehearse/generator", "rehearse/staging"},
		"github.com/HdrHistogram/hdrhistogram-go":    {"rehearse/results"},
		"golang.org/x/perf/benchmath":                {"rehearse/results/compare"},
		"github.com/spf13/cobra":                     {"rehearse/cmd/rehearse"},
		"github.com/spf13/pflag":                     {"rehearse/cmd/rehearse"},
		"github.com/vbauerster/mpb/v8":               {"rehearse/cmd/rehearse"},
		"github.com/hiddeco/sshsig":                  {"rehearse/permit"},
		"golang.org/x/crypto/ssh":                    {"rehearse/permit"},
		"golang.org/x/net/proxy":                     {"rehearse/generator"},
		"golang.org/x/net/http/httpproxy":            {"rehearse/cmd/rehearse"},
		"go.yaml.in/yaml/v4":                         {"rehearse/scenario"},
		"github.com/parquet-go/parquet-go":           {"rehearse/recording"},
		"github.com/santhosh-tekuri/jsonschema/v6":   {}, // tests only
		"github.com/posthog/posthog-go":              {},
		"pgregory.net/rapid":                         {},
		"github.com/rogpeppe/go-internal/testscript": {},

		"go.opentelemetry.io/proto/otlp/metrics/v1":           {"rehearse/results/otlp"},
		"go.opentelemetry.io/proto/otlp/common/v1":            {"rehearse/results/otlp"},
		"go.opentelemetry.io/proto/otlp/resource/v1":          {"rehearse/results/otlp"},
		"go.opentelemetry.io/proto/otlp/collector/metrics/v1": {}, // links gRPC
		"google.golang.org/protobuf/proto":                    {"rehearse/results/otlp"},
		"google.golang.org/protobuf/encoding/protojson":       {"rehearse/results/otlp"},
		"google.golang.org/protobuf/encoding/protodelim":      {"rehearse/results/metrics"},
		"github.com/prometheus/client_model/go":               {"rehearse/results/metrics"},
	}
}

// The imports run one way, and each library has one owner. A rule that is only
// written down is soon broken; this one is run.
func TestImports(t *testing.T) {
	t.Parallel()
	allowed := map[string][]string{
		"rehearse/capture":           {"rehearse/capture/serdejson"},
		"rehearse/capture/serdejson": {},
		"rehearse/internal/jsonfuzz": {}, // tests only
		"rehearse/capture/pipeline":  {},
		"rehearse/scenario":          {"rehearse/capture", "rehearse/capture/pipeline"},
		"rehearse/results":           {"rehearse/capture", "rehearse/scenario", "rehearse/results/rundir"},
		"rehearse/results/rundir":    {},
		"rehearse/recording":         {"rehearse/capture", "rehearse/capture/serdejson", "rehearse/scenario"},
		"rehearse/profile":           {"rehearse/capture", "rehearse/scenario", "rehearse/recording"},
		"rehearse/intake":            {"rehearse/scenario", "rehearse/profile"},
		"rehearse/permit":            {"rehearse/scenario"},
		"rehearse/preflight":         {"rehearse/capture", "rehearse/capture/pipeline", "rehearse/scenario", "rehearse/generator/traffic"},
		"rehearse/results/compare":   {"rehearse/results"},
		"rehearse/results/metrics":   {"rehearse/results"},
		"rehearse/results/otlp":      {"rehearse/results", "rehearse/results/metrics"},
		"rehearse/results/report":    {"rehearse/capture", "rehearse/capture/pipeline", "rehearse/scenario", "rehearse/results", "rehearse/results/rundir", "rehearse/results/compare", "rehearse/results/metrics"},
		"rehearse/generator":         {"rehearse/capture", "rehearse/scenario", "rehearse/results", "rehearse/recording", "rehearse/generator/traffic"},
		"rehearse/generator/traffic": {"rehearse/capture", "rehearse/scenario"},
		"rehearse/staging":           {"rehearse/capture", "rehearse/capture/pipeline"},
		"rehearse/internal/measure":  {},
		"rehearse/cmd/rehearse":      {"rehearse/capture", "rehearse/capture/pipeline", "rehearse/scenario", "rehearse/results", "rehearse/results/rundir", "rehearse/results/report", "rehearse/results/compare", "rehearse/results/metrics", "rehearse/results/otlp", "rehearse/recording", "rehearse/profile", "rehearse/intake", "rehearse/permit", "rehearse/preflight", "rehearse/generator", "rehearse/staging"},
	}
	owners := owners()
	seen := 0
	for name, imports := range importsOf(t) {
		mine, known := allowed[name]
		if !known {
			t.Errorf("package %s has no place in the house: give it one here and in DESIGN.md", name)
			continue
		}
		seen++
		for _, i := range imports {
			if strings.HasPrefix(i, "rehearse/") && !slices.Contains(mine, i) {
				t.Errorf("%s imports %s; it may import %v", name, i, mine)
			}
			if owner, owned := owners[i]; owned && !slices.Contains(owner, name) {
				t.Errorf("%s imports %s, which belongs to %v", name, i, owner)
			}
		}
	}
	if seen != len(allowed) {
		t.Errorf("found %d of %d packages", seen, len(allowed))
	}
}

// importsOf asks the go command what each package imports outside its tests.
func importsOf(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if fields[0] != "rehearse" {
			found[fields[0]] = fields[1:]
		}
	}
	return found
}
