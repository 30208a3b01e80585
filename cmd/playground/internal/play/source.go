package play

import (
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/cleartext"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// profileName is what the profile is called in messages, and what a file beside it is relative to.
const profileName = "quick-deploy.yaml"

// source is the profile in the editor, the files that the page was given with it, and the presets. It keeps what was
// read, for the lines that messages show.
type source struct {
	mu      sync.Mutex // hosts are built at once
	files   map[string][]byte
	presets profile.FS
	seen    []profile.Content
}

func newSource(text string, beside map[string]string) *source {
	s := &source{files: map[string][]byte{}, presets: profile.FS{Presets: schema.Presets()}}
	for name, text := range beside {
		s.files[path.Clean(name)] = []byte(text)
	}
	s.files[profileName] = []byte(text)
	return s
}

// ReadFile implements profile.Source.
func (s *source) ReadFile(name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.files[name]
	if !ok {
		var err error
		if data, err = s.presets.ReadFile(name); err != nil { // which has no files but presets
			return nil, err
		}
		s.files[name] = data
	}
	s.seen = append(s.seen, profile.Content{Name: name, Data: data})
	return data, nil
}

// MayExtend implements profile.Bounded: as for the program, what is beside the profile or below.
func (s *source) MayExtend(_, name string) error {
	if !strings.HasPrefix(name, profile.PresetPrefix) && !fs.ValidPath(name) {
		return profile.ErrOutside
	}
	return nil
}

// render words problems as the program does, each with its line, without the secrets in them.
func (s *source) render(root *schema.Node, problems profile.Problems) (profile.Problems, []string, error) {
	var at []profile.Pos
	for _, p := range problems {
		if p.Code == profile.CodeSecret {
			at = append(at, p.Pos)
		}
	}
	veil := cleartext.NewVeil(root, s.seen, at)
	problems = veil.Problems(problems)
	shown := func(name string) ([]byte, error) {
		if data, ok := s.files[name]; ok {
			return veil.Source(data), nil
		}
		return nil, fs.ErrNotExist
	}
	texts := make([]string, len(problems))
	for i := range problems {
		var b strings.Builder
		if err := problems[i:i+1].Render(&b, shown, false); err != nil {
			return nil, nil, err
		}
		texts[i] = b.String()
	}
	return problems, texts, nil
}
