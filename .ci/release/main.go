// Command release builds what a release consists of, from the commit that is
// checked out, into one directory:
//
//	rehearse_VERSION_OS_ARCH.tar.gz   linux, darwin; amd64, arm64 (windows: .zip)
//	rehearse_VERSION_ARCH.deb, .rpm   linux
//	rehearse_VERSION_oci.tar          an image for linux/amd64 and linux/arm64, as an OCI layout
//	rehearse_VERSION_sbom.json        CycloneDX: the modules that are linked in
//	SHA256SUMS
//
//	cd .ci/release && go run . -out ../../dist
//	go run . -image BINARY -out DIR   only the image of one binary, for a try
//
// The version is that of the tree. The same commit gives the same bytes: each time is that of the
// commit, and nothing is taken from the machine but the Go toolchain.
package main

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A release is what all of its files are made of.
type release struct {
	root    string // of the repository
	out     string
	version string
	time    time.Time // of the commit
	beside  []string  // files that lie beside the binary, relative to root
	printed []entry   // what the program prints of itself: manual pages, completions
}

// A platform is what a binary is built for, in the words of the go command.
type platform struct{ os, arch string }

// platforms are those that archives are made for.
func platforms() []platform {
	return []platform{
		{"linux", "amd64"}, {"linux", "arm64"},
		{"darwin", "amd64"}, {"darwin", "arm64"},
		{"windows", "amd64"}, {"windows", "arm64"},
	}
}

func main() {
	out := flag.String("out", "dist", "the `directory` to write to; it must not exist or be empty")
	only := flag.String("only", "", "a `platform` such as linux/amd64, instead of all: for a try")
	binary := flag.String("image", "", "build only an image for this machine, of version test, of a `binary` built before")
	flag.Parse()
	do := func() error { return run(*out, *only) }
	if *binary != "" {
		do = func() error { return imageAlone(*out, *binary) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// run builds a release.
func run(out, only string) error {
	r, err := prepare(out)
	if err != nil {
		return err
	}
	wanted := platforms()
	if only != "" {
		wanted = slices.DeleteFunc(wanted, func(p platform) bool { return p.os+"/"+p.arch != only })
		if len(wanted) == 0 {
			return fmt.Errorf("-only %s: no such platform; there are %v", only, platforms())
		}
	}
	binaries := map[platform]string{}
	temp, err := os.MkdirTemp("", "release")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	if r.printed, err = r.man(temp); err != nil {
		return err
	}
	completions, err := r.completions(temp)
	if err != nil {
		return err
	}
	r.printed = append(r.printed, completions...)
	for _, p := range wanted {
		if binaries[p], err = r.build(p, temp); err != nil {
			return err
		}
		if err := r.archive(p, binaries[p]); err != nil {
			return err
		}
		if p.os == "linux" {
			if err := r.distroPackages(p, binaries[p]); err != nil {
				return err
			}
		}
	}
	if err := r.image(binaries); err != nil {
		return err
	}
	if err := r.sbom(binaries[wanted[0]]); err != nil {
		return err
	}
	return r.sums()
}

// imageAlone builds the image of one binary.
func imageAlone(out, binary string) error {
	r := release{out: out, version: "test", time: time.Unix(0, 0).UTC()}
	return r.image(map[platform]string{{runtime.GOOS, runtime.GOARCH}: binary})
}

// prepare finds out what is released and makes the directory.
func prepare(out string) (release, error) {
	root, err := git(".", "rev-parse", "--show-toplevel")
	if err != nil {
		return release{}, err
	}
	changed, err := git(root, "status", "--porcelain")
	if err != nil {
		return release{}, err
	}
	if changed != "" {
		return release{}, fmt.Errorf("the tree is not that of a commit, so the build could not be repeated:\n%s", changed)
	}
	version, err := versionOf(root)
	if err != nil {
		return release{}, err
	}
	stamp, err := git(root, "log", "-1", "--format=%ct")
	if err != nil {
		return release{}, err
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return release{}, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return release{}, err
	}
	if there, err := os.ReadDir(out); err != nil || len(there) > 0 {
		return release{}, fmt.Errorf("-out %s is not empty (%v)", out, err)
	}
	beside, err := git(root, "ls-files", "README.md", "CHANGELOG.md", "LICENSE", "docs", "scenarios")
	if err != nil {
		return release{}, err
	}
	return release{
		root: root, out: out, version: version,
		time: time.Unix(seconds, 0).UTC(), beside: strings.Fields(beside),
	}, nil
}

// man writes the manual pages, with the time of the commit.
func (r release) man(temp string) ([]entry, error) {
	dir := filepath.Join(temp, "man")
	if _, err := r.rehearse("man", "-o", dir); err != nil {
		return nil, err
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		return nil, err
	}
	var list []entry
	for _, page := range pages {
		list = append(list, entry{page, "man/" + filepath.Base(page), 0o644})
	}
	return list, nil
}

// completions writes what completes commands and flags, under the names by which each shell
// finds it.
func (r release) completions(temp string) ([]entry, error) {
	var list []entry
	for shell, name := range map[string]string{"bash": "rehearse", "zsh": "_rehearse", "fish": "rehearse.fish"} {
		text, err := r.rehearse("completion", shell)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(temp, shell)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return nil, err
		}
		list = append(list, entry{path, "completions/" + shell + "/" + name, 0o644})
	}
	slices.SortFunc(list, func(a, b entry) int { return strings.Compare(a.to, b.to) })
	return list, nil
}

// rehearse runs the program of the tree and returns what it prints.
func (r release) rehearse(args ...string) ([]byte, error) {
	c := exec.Command("go", append([]string{"run", "./cmd/rehearse"}, args...)...)
	c.Dir, c.Stderr = r.root, os.Stderr
	c.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.time.Unix()))
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("rehearse %s: %w", args[0], err)
	}
	return out, nil
}

// versionOf is what the tree says that it becomes. If its commit has the tag of a
// version, that is the same one.
func versionOf(root string) (string, error) {
	c := exec.Command("go", "run", "./cmd/rehearse", "version")
	c.Dir, c.Stderr = root, os.Stderr
	out, err := c.Output()
	fields := strings.Fields(string(out))
	if err != nil || len(fields) < 2 {
		return "", fmt.Errorf("rehearse version: %q, %w", out, err)
	}
	tags, err := git(root, "tag", "--points-at", "HEAD", "v*")
	if err != nil {
		return "", err
	}
	if tags != "" && !slices.Contains(strings.Fields(tags), "v"+fields[1]) {
		return "", fmt.Errorf("the commit has the tag %s, and the tree says that it is version %s", tags, fields[1])
	}
	return fields[1], nil
}

// git runs git in a directory and returns what it prints.
func git(dir string, args ...string) (string, error) {
	c := exec.Command("git", args...)
	c.Dir = dir
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}

// build compiles the command for a platform: static, without paths of this
// machine, stamped with version and commit.
func (r release) build(p platform, dir string) (string, error) {
	name := filepath.Join(dir, p.os+"_"+p.arch, "rehearse")
	if p.os == "windows" {
		name += ".exe"
	}
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", name, "./cmd/rehearse")
	c.Dir = r.root
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOAMD64=v1", "GOFLAGS=-mod=readonly")
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("build for %s/%s: %w", p.os, p.arch, err)
	}
	return name, nil
}

// path is that of a file of the release.
func (r release) path(rest string) string {
	return filepath.Join(r.out, "rehearse_"+r.version+"_"+rest)
}

// sbom lists the modules that are linked in, by CycloneDX's own program, which
// reads them out of a binary: all platforms are built of the same.
func (r release) sbom(binary string) error {
	c := exec.Command("go", "tool", "cyclonedx-gomod", "bin", "-json", "-version", "v"+r.version,
		"-output", absolute(r.path("sbom.json")), "-noserial", binary)
	c.Stderr = os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("sbom: %w", err)
	}
	return r.stamp(r.path("sbom.json"))
}

// stamp replaces the time at which a list of modules was made.
func (r release) stamp(name string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	made := regexp.MustCompile(`"timestamp": "[^"]*"`)
	stamped := made.ReplaceAll(text, fmt.Appendf(nil, `"timestamp": %q`, r.time.Format(time.RFC3339)))
	return os.WriteFile(name, stamped, 0o644)
}

// absolute is a path that holds in any directory.
func absolute(name string) string {
	whole, err := filepath.Abs(name)
	if err != nil {
		return name
	}
	return whole
}

// sums writes the checksum of each file, as sha256sum -c reads it.
func (r release) sums() error {
	files, err := os.ReadDir(r.out)
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, f := range files {
		sum, err := sha256Of(filepath.Join(r.out, f.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", sum, f.Name())
	}
	fmt.Print(text.String())
	return os.WriteFile(filepath.Join(r.out, "SHA256SUMS"), []byte(text.String()), 0o644)
}

// sha256Of is the checksum of a file.
func sha256Of(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return h.Sum(nil), err
}
