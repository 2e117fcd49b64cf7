package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/deb" // registers the format
	"github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// An entry is a file of an archive.
type entry struct {
	from, to string
	mode     os.FileMode
}

// entries are what an archive holds: the binary and what should lie beside it.
func (r release) entries(binary string) []entry {
	list := []entry{{binary, filepath.Base(binary), 0o755}}
	for _, name := range r.beside {
		list = append(list, entry{filepath.Join(r.root, name), name, 0o644})
	}
	return append(list, r.printed...)
}

// archive writes the archive of a platform: what people unpack, in a folder of its own, so
// that nothing of theirs is overwritten.
func (r release) archive(p platform, binary string) error {
	name := p.os + "_" + p.arch
	list := r.entries(binary)
	for i := range list {
		list[i].to = filepath.Base(r.path(name)) + "/" + list[i].to
	}
	if p.os == "windows" {
		return r.write(name+".zip", func(w io.Writer) error { return r.zip(w, list) })
	}
	return r.write(name+".tar.gz", func(w io.Writer) error { return r.tar(w, list) })
}

// write makes a file of the release.
func (r release) write(rest string, fill func(io.Writer) error) error {
	f, err := os.Create(r.path(rest))
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return f.Close()
}

// tar writes a compressed tar archive.
func (r release) tar(w io.Writer, list []entry) error {
	gz, _ := gzip.NewWriterLevel(w, gzip.BestCompression) // the level is right
	out := tar.NewWriter(gz)
	for _, e := range list {
		content, err := os.ReadFile(e.from)
		if err != nil {
			return err
		}
		head := &tar.Header{
			Name: e.to, Mode: int64(e.mode), Size: int64(len(content)), ModTime: r.time, Format: tar.FormatUSTAR,
		}
		if err := out.WriteHeader(head); err != nil {
			return err
		}
		if _, err := out.Write(content); err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	return gz.Close()
}

// zip writes a zip archive.
func (r release) zip(w io.Writer, list []entry) error {
	out := zip.NewWriter(w)
	for _, e := range list {
		content, err := os.ReadFile(e.from)
		if err != nil {
			return err
		}
		head := &zip.FileHeader{Name: e.to, Method: zip.Deflate, Modified: r.time}
		head.SetMode(e.mode)
		to, err := out.CreateHeader(head)
		if err != nil {
			return err
		}
		if _, err := to.Write(content); err != nil {
			return err
		}
	}
	return out.Close()
}

// distroPackages writes the packages of Debian and of Red Hat.
func (r release) distroPackages(p platform, binary string) error {
	for _, format := range []string{"deb", "rpm"} {
		packager, err := nfpm.Get(format)
		if err != nil {
			return err
		}
		info := nfpm.WithDefaults(r.info(p, binary))
		if err := nfpm.PrepareForPackager(info, format); err != nil {
			return err
		}
		err = r.write(p.arch+"."+format, func(w io.Writer) error { return packager.Package(info, w) })
		if err != nil {
			return err
		}
	}
	return nil
}

// info describes a package.
func (r release) info(p platform, binary string) *nfpm.Info {
	list := files.Contents{{
		Source: binary, Destination: "/usr/bin/rehearse",
		FileInfo: &files.ContentFileInfo{Mode: 0o755, MTime: r.time},
	}}
	for _, e := range r.entries(binary)[1:] {
		list = append(list, &files.Content{
			Source: e.from, Destination: installed(e.to),
			FileInfo: &files.ContentFileInfo{Mode: e.mode, MTime: r.time},
		})
	}
	return &nfpm.Info{
		Name: "rehearse", Arch: p.arch, Platform: "linux", Version: r.version, MTime: r.time,
		Section: "utils", Priority: "optional", License: "MIT",
		Maintainer:   "the authors of rehearse <rehearse@localhost>",
		Description:  "Load tests and traffic replay for event-capture endpoints.",
		Overridables: nfpm.Overridables{Contents: list, RPM: nfpm.RPM{BuildHost: "localhost"}},
	}
}

// installed is where a package puts a file of an archive.
func installed(name string) string {
	for folder, system := range map[string]string{
		"man/":              "/usr/share/man/man1/",
		"completions/bash/": "/usr/share/bash-completion/completions/",
		"completions/zsh/":  "/usr/share/zsh/vendor-completions/",
		"completions/fish/": "/usr/share/fish/vendor_completions.d/",
	} {
		if rest, is := strings.CutPrefix(name, folder); is {
			return system + rest
		}
	}
	return "/usr/share/doc/rehearse/" + name
}
