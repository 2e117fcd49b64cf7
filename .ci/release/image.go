package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nobody is the user that the image runs as: the one of distroless images.
const nobody = 65532

// image writes the image of each linux binary and their index as an OCI layout
// in a tar file, which podman load, ctr image import, skopeo and Docker's containerd store read. It is made
// from nothing: the binary, the roots of Mozilla, an empty /tmp and /results.
func (r release) image(binaries map[platform]string) error {
	index := v1.ImageIndex(mutate.IndexMediaType(empty.Index, types.OCIImageIndex))
	for _, p := range platforms() {
		if p.os != "linux" || binaries[p] == "" {
			continue
		}
		img, err := r.imageOf(p, binaries[p])
		if err != nil {
			return err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{
			Platform: &v1.Platform{OS: p.os, Architecture: p.arch},
		}})
	}
	dir, err := os.MkdirTemp("", "oci")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := r.writeLayout(dir, index); err != nil {
		return err
	}
	if err := readBack(dir); err != nil {
		return err
	}
	return r.write("oci.tar", func(w io.Writer) error { return r.tarOf(dir, w) })
}

// writeLayout writes the image as an OCI layout with one entry, under the names by which
// readers of layouts and containerd know it. The platforms are within that entry, so that a
// reader takes its own.
func (r release) writeLayout(dir string, index v1.ImageIndex) error {
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	return path.AppendIndex(index, layout.WithAnnotations(map[string]string{
		"org.opencontainers.image.ref.name": r.version,
		"io.containerd.image.name":          "docker.io/library/rehearse:" + r.version,
	}))
}

// imageOf is the image of one platform.
func (r release) imageOf(p platform, binary string) (v1.Image, error) {
	content, err := r.layer(binary)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	layer, err := tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.Append(img, mutate.Addendum{Layer: layer, History: v1.History{
		CreatedBy: "release", Created: v1.Time{Time: r.time},
	}})
	if err != nil {
		return nil, err
	}
	return mutate.ConfigFile(img, r.config(p, img))
}

// config says how the image runs.
func (r release) config(p platform, img v1.Image) *v1.ConfigFile {
	was, _ := img.ConfigFile() // of an image in memory: there is one
	c := was.DeepCopy()
	c.OS, c.Architecture, c.Created = p.os, p.arch, v1.Time{Time: r.time}
	c.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", nobody, nobody), Entrypoint: []string{"/usr/bin/rehearse"}, WorkingDir: "/results",
		Env: []string{"PATH=/usr/bin", "HOME=/tmp", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"},
		Labels: map[string]string{
			"org.opencontainers.image.title": "rehearse", "org.opencontainers.image.version": r.version,
			"org.opencontainers.image.licenses": "MIT",
		},
	}
	return c
}

// layer is the image's file system, as a tar file.
func (r release) layer(binary string) ([]byte, error) {
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, dir := range []string{"etc/", "etc/ssl/", "etc/ssl/certs/", "results/", "tmp/", "usr/", "usr/bin/"} {
		h := &tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o755, ModTime: r.time}
		switch dir {
		case "results/":
			h.Uid, h.Gid = nobody, nobody
		case "tmp/": // for whichever user the container is given
			h.Mode = 0o1777
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
	}
	roots := rootsPEM()
	for _, f := range []struct {
		name    string
		mode    int64
		content []byte
	}{{"etc/ssl/certs/ca-certificates.crt", 0o644, roots}, {"usr/bin/rehearse", 0o755, content}} {
		head := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: r.time}
		if err := w.WriteHeader(head); err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil { // which writes the end
		return nil, err
	}
	return b.Bytes(), nil
}

// rootsPEM are the roots that Mozilla trusts without a constraint, as the Go
// project publishes them: a scratch image has no others.
func rootsPEM() []byte {
	var b bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // into memory
		}
	}
	return b.Bytes()
}

// readBack reads the layout as any tool would and checks each digest and size.
func readBack(dir string) error {
	index, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return err
	}
	if err := validate.Index(index); err != nil {
		return fmt.Errorf("the image that was written is not valid: %w", err)
	}
	return nil
}

// tarOf writes a directory as a tar file, sorted by name.
func (r release) tarOf(dir string, w io.Writer) error {
	var names []string
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(names)
	out := tar.NewWriter(w)
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(name, dir+string(filepath.Separator)))
		head := &tar.Header{Name: rel, Mode: 0o644, Size: int64(len(content)), ModTime: r.time}
		if err := out.WriteHeader(head); err != nil {
			return err
		}
		if _, err := out.Write(content); err != nil {
			return err
		}
	}
	return out.Close()
}
