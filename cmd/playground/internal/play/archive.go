package play

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
)

// Archive is the flake of the profile as it is now: what quick-deploy generate writes into an empty folder. Format is
// "tar", "tgz" or "zip".
func (p *Page) Archive(format string) ([]byte, error) {
	if p.current != nil {
		return nil, p.current
	}
	entries, err := p.valid.entries(p.version)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	switch format {
	case "tar":
		err = writeTar(&out, entries)
	case "tgz":
		zip := gzip.NewWriter(&out)
		if err = writeTar(zip, entries); err == nil {
			err = zip.Close()
		}
	case "zip":
		err = writeZip(&out, entries)
	default:
		err = fmt.Errorf("unknown format %q", format)
	}
	if err != nil {
		return nil, fmt.Errorf("make the archive: %w", err)
	}
	return out.Bytes(), nil
}

// entry is a file or, without data, a folder.
type entry struct {
	path string
	mode fs.FileMode
	data []byte
}

// entries are the files of the state and the manifest, each folder before what is in it.
func (s *state) entries(version string) ([]entry, error) {
	m := manifest.New(manifest.Meta{Tool: version, Profile: manifest.HashProfile(s.sources)})
	var out []entry
	there := map[string]bool{".": true}
	add := func(name string, data []byte) {
		at := len(out)
		for dir := path.Dir(name); !there[dir]; dir = path.Dir(dir) {
			there[dir] = true
			out = append(out[:at], append([]entry{{dir, fs.ModeDir | manifest.DirPerm, nil}}, out[at:]...)...)
		}
		out = append(out, entry{name, manifest.FilePerm, data})
	}
	for _, f := range s.tree.Files {
		m.Add(f.Path, encode.Hash(f.Data), f.Once)
	}
	text, err := m.Encode()
	if err != nil {
		return nil, err
	}
	add(manifest.Path, text)
	for _, f := range s.tree.Files {
		add(f.Path, f.Data)
	}
	return out, nil
}

// archived is when everything in an archive was changed: the same flake makes the same archive. It is the first time
// that zip can tell.
var archived = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func writeTar(to io.Writer, entries []entry) error {
	w := tar.NewWriter(to)
	for _, e := range entries {
		h := &tar.Header{Name: e.path, Mode: int64(e.mode.Perm()), ModTime: archived, Typeflag: tar.TypeReg}
		h.Size = int64(len(e.data))
		if e.mode.IsDir() {
			h.Name, h.Typeflag = e.path+"/", tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			return err
		}
		if _, err := w.Write(e.data); err != nil {
			return err
		}
	}
	return w.Close()
}

func writeZip(to io.Writer, entries []entry) error {
	w := zip.NewWriter(to)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.path, Method: zip.Deflate, Modified: archived}
		if e.mode.IsDir() {
			h.Name, h.Method = e.path+"/", zip.Store
		}
		h.SetMode(e.mode)
		f, err := w.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(e.data); err != nil {
			return err
		}
	}
	return w.Close()
}
