package rehearse

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// owners are the libraries and the packages that may use them, each by its
// directory.
func owners() map[string][]string {
	return map[string][]string{
		"github.com/valyala/fasthttp":                {"generator/transport", "staging"},
		"github.com/HdrHistogram/hdrhistogram-go":    {"results"}, // counts durations
		"golang.org/x/perf/benchmath":                {"results/compare"},
		"github.com/twmb/franz-go/pkg/kgo":           {"internal/verify/kafka"},
		"github.com/twmb/franz-go/pkg/kadm":          {"internal/verify/kafka"},
		"github.com/twmb/franz-go/pkg/sasl/plain":    {"internal/verify/kafka"},
		"github.com/twmb/franz-go/pkg/sasl/scram":    {"internal/verify/kafka"},
		"github.com/twmb/franz-go/pkg/kfake":         {}, // tests only
		"github.com/go-faster/city":                  {"internal/verify/sql"},
		"github.com/spf13/cobra":                     {"cmd/rehearse"},
		"github.com/spf13/pflag":                     {"cmd/rehearse"},
		"github.com/vbauerster/mpb/v8":               {"cmd/rehearse"},
		"github.com/mattn/go-runewidth":              {"internal/text"},
		"github.com/rivo/uniseg":                     {"internal/text"},
		"github.com/dustin/go-humanize":              {"internal/text"},
		"github.com/hiddeco/sshsig":                  {"internal/permit"},
		"golang.org/x/crypto/ssh":                    {"internal/permit"},
		"golang.org/x/net/proxy":                     {"generator/transport"},
		"golang.org/x/net/http/httpproxy":            {"rehearsal"},
		"go.yaml.in/yaml/v4":                         {"scenario/strict", "scenario", "internal/kubernetes"},
		"github.com/parquet-go/parquet-go":           {"internal/recording/parquet"},
		"github.com/santhosh-tekuri/jsonschema/v6":   {}, // tests only
		"github.com/posthog/posthog-go":              {},
		"pgregory.net/rapid":                         {},
		"github.com/rogpeppe/go-internal/testscript": {},

		"go.opentelemetry.io/proto/otlp/metrics/v1":           {"results/otlp"},
		"go.opentelemetry.io/proto/otlp/common/v1":            {"results/otlp"},
		"go.opentelemetry.io/proto/otlp/resource/v1":          {"results/otlp"},
		"go.opentelemetry.io/proto/otlp/collector/metrics/v1": {}, // links gRPC
		"google.golang.org/protobuf/proto":                    {"results/otlp"},
		"google.golang.org/protobuf/encoding/protojson":       {"results/otlp"},
		"google.golang.org/protobuf/encoding/protodelim":      {"results/metrics"},
		"github.com/prometheus/client_model/go":               {"results/metrics"},
	}
}

// house says which packages each package may import, a line a package; anyone may
// import the kits of internal.
const house = `
internal/capacity: results results/judge results/report results/rundir scenario
internal/adhoc: scenario scenario/strict
internal/capture/pipeline:
internal/capture/serdejson:
internal/capture: internal/capture/serdejson
cmd/rehearse: internal/adhoc internal/reference internal/capacity rehearsal internal/verify internal/verify/source internal/verify/kafka internal/verify/sql internal/verify/report internal/kubernetes internal/capture internal/capture/pipeline scenario results results/bundle results/report results/compare internal/recording internal/learn internal/intake internal/permit internal/preflight internal/preflight/whatif generator generator/traffic staging scenario/schedule generator/source scenario/strict results/rundir results/merge internal/recording/container
generator/body: internal/capture scenario internal/recording internal/recording/anonymize generator/traffic internal/recording/event
generator/dryrun: internal/capture scenario internal/recording results generator/body generator/source generator/transport scenario/schedule
generator/redact: internal/capture scenario generator/body
generator/source: internal/capture scenario internal/recording internal/recording/anonymize results generator/traffic generator/body scenario/schedule internal/recording/event
generator/traffic: internal/capture internal/capture/pipeline scenario scenario/schedule
generator/transport: internal/capture scenario internal/recording results generator/body
generator: internal/capture scenario results generator/body generator/redact generator/transport generator/source
internal/intake: scenario internal/learn scenario/schedule scenario/strict
internal/jsonfuzz:
internal/jsonscan: internal/capture/serdejson
internal/measure:
internal/kubernetes:
internal/prometheus: scenario results
internal/permit: scenario scenario/strict scenario/schedule
internal/facts: internal/capture internal/capture/pipeline scenario/strict
internal/preflight/backlog: internal/capture/pipeline scenario/schedule
internal/preflight/cure: scenario scenario/schedule
internal/preflight/whatif: internal/preflight internal/preflight/cure
internal/preflight/storage: internal/capture/pipeline
internal/preflight: internal/preflight/storage internal/preflight/backlog internal/preflight/cure internal/facts internal/capture internal/capture/pipeline scenario generator/traffic scenario/schedule internal/permit scenario/strict
internal/learn: internal/capture scenario internal/recording scenario/schedule internal/recording/event
internal/recording/anonymize: internal/capture scenario internal/recording/event
internal/recording/container: scenario
internal/recording/event: internal/capture internal/capture/pipeline scenario
internal/recording/format: internal/capture internal/capture/pipeline internal/capture/serdejson scenario internal/recording/event internal/recording/container
internal/recording/parquet: internal/capture scenario internal/recording/container internal/recording/format
internal/recording: internal/capture internal/capture/pipeline scenario internal/recording/event internal/recording/container internal/recording/format internal/recording/parquet
rehearsal: internal/capacity internal/prometheus internal/verify internal/verify/kafka internal/verify/sql scenario/schedule internal/capture internal/capture/pipeline scenario results results/rundir results/report results/otlp results/metrics internal/recording internal/permit internal/preflight generator staging generator/source generator/transport generator/dryrun scenario/strict results/judge
results/bundle: results/rundir
results/compare: results results/rundir
results/judge: internal/capture results scenario scenario/schedule
results/merge: staging/stats internal/capture results results/rundir results/judge scenario scenario/schedule
results/runtest: internal/capture results scenario
results/metrics: results
results/otlp: results results/metrics
results/report: staging/stats internal/verify internal/verify/report internal/capture internal/capture/pipeline internal/preflight scenario results results/rundir results/compare results/metrics results/judge
results/rundir: staging/stats internal/capture results results/judge
results: internal/capture scenario scenario/schedule
scenario/schedule:
scenario: internal/facts internal/capture internal/capture/pipeline scenario/schedule scenario/strict
scenario/strict:
internal/reference:
internal/strptime: internal/units
staging/stats: internal/capture/pipeline
staging: staging/stats internal/capture internal/capture/pipeline
internal/verify/recorded: internal/capture
internal/verify: internal/verify/recorded internal/capture internal/capture/pipeline scenario scenario/schedule results generator/traffic
internal/verify/source: internal/verify internal/capture internal/capture/serdejson scenario internal/recording internal/recording/event
internal/verify/kafka: internal/verify internal/verify/source
internal/verify/sql: internal/verify internal/verify/source internal/capture internal/recording/event
internal/verify/report: internal/verify
kits: internal/deflate internal/footprint internal/plot internal/jsonscan internal/rng internal/text internal/topk internal/units internal/strptime internal/schedstat
`

// houseImports reads the house: by package, what it may import.
func houseImports() map[string][]string {
	allowed := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(house)) {
		name, imports, _ := strings.Cut(line, ":")
		allowed[name] = strings.Fields(imports)
	}
	kits := allowed["kits"]
	delete(allowed, "kits")
	for name := range allowed {
		if !slices.Contains(kits, name) {
			allowed[name] = append(allowed[name], kits...)
		}
	}
	for _, name := range kits { // They import what a line of their own says, and nobody else.
		if _, said := allowed[name]; !said {
			allowed[name] = nil
		}
	}
	return allowed
}

// The imports run one way, and each library has one owner. A rule that is only
// written down is soon broken; this one is run.
func TestImports(t *testing.T) {
	t.Parallel()
	allowed := houseImports()
	owners, module := owners(), moduleName(t)
	seen := 0
	for name, imports := range importsOf(t, module) {
		mine, known := allowed[name]
		if !known {
			t.Errorf("package %s has no place in the house: give it one here and in DESIGN.md", name)
			continue
		}
		seen++
		for _, i := range imports {
			local, inside := strings.CutPrefix(i, module+"/")
			if inside && !slices.Contains(mine, local) {
				t.Errorf("%s imports %s; it may import %v", name, local, mine)
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

// moduleName asks the go command what the module is called: nothing in here
// depends on it.
func moduleName(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// importsOf asks the go command what each package imports outside its tests.
// Packages of the module are named by their directory.
func importsOf(t *testing.T, module string) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if name, inside := strings.CutPrefix(fields[0], module+"/"); inside {
			found[name] = fields[1:]
		}
	}
	return found
}
