package play

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// link is a profile as the fragment of a link: RFC 1951, then base64url without padding (RFC 4648).
type link struct {
	Fragment string `json:"fragment"`
}

// opened is a profile out of a link.
type opened struct {
	Profile string `json:"profile"`
}

// share refuses a profile that has secrets in clear text, and one that is not YAML, since nobody can tell. What is
// wrong otherwise may be what is to be shown.
func (p *Page) share(q question) (link, error) {
	text := []byte(q.Profile)
	root, err := profile.Parse(profileName, text)
	if err != nil {
		return link{}, err
	}
	secrets := generator.ClearSecrets(profile.Content{Name: profileName, Data: text}, root, p.schema)
	if len(secrets) > 0 {
		return link{}, secrets
	}
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return link{}, err
	}
	if _, err := w.Write(text); err != nil {
		return link{}, err
	}
	if err := w.Close(); err != nil {
		return link{}, err
	}
	return link{base64.RawURLEncoding.EncodeToString(out.Bytes())}, nil
}

// maxOpened is the size in bytes of the largest profile that comes out of a link: somebody else may have made it.
const maxOpened = 256 << 10

func open(l link) (opened, error) {
	damaged := func(err error) (opened, error) { return opened{}, fmt.Errorf("the link is damaged: %w", err) }
	data, err := base64.RawURLEncoding.DecodeString(l.Fragment)
	if err != nil {
		return damaged(err)
	}
	text, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data)), maxOpened+1))
	switch {
	case err != nil:
		return damaged(err)
	case len(text) > maxOpened:
		return damaged(fmt.Errorf("its profile is larger than %d KiB", maxOpened>>10))
	case !utf8.Valid(text):
		return damaged(errors.New("its profile is not text"))
	}
	return opened{string(text)}, nil
}
