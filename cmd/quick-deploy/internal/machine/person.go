package machine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Person is what the files in a home directory tell. A home that may not be
// read tells nothing.
type Person struct {
	// GitName and GitEmail are user.name and user.email of the user's own git configuration.
	GitName, GitEmail string
	// Authorized are the public ssh keys that may log in, Keys these and then
	// the user's own, each once.
	Authorized, Keys []string
}

// ReadPerson reads the home directory of u below root.
func ReadPerson(root string, u User) Person {
	if !filepath.IsAbs(u.Home) {
		return Person{}
	}
	r := reader(filepath.Join(root, u.Home))
	var p Person
	p.Authorized, p.Keys = r.keys()
	// The second overrides the first, as in git-config(1).
	for _, file := range []string{".config/git/config", ".gitconfig"} {
		for key, value := range gitUser(r.text(file)) {
			switch key {
			case "name":
				p.GitName = value
			case "email":
				p.GitEmail = value
			}
		}
	}
	return p
}

// gitUser returns the settings of the section user.
func gitUser(text string) map[string]string {
	out := map[string]string{}
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.ToLower(strings.Trim(line, "[]"))
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || section != "user" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		out[strings.ToLower(strings.TrimSpace(key))] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	return out
}

func (r reader) keys() (authorized, all []string) {
	dir := filepath.Join(string(r), ".ssh")
	files := []string{".ssh/authorized_keys"}
	// A pattern without an error in it; a folder that is not there has no files.
	own, _ := filepath.Glob(filepath.Join(dir, "*.pub"))
	for _, file := range own {
		if name := filepath.Base(file); !strings.HasSuffix(name, "-cert.pub") {
			files = append(files, filepath.Join(".ssh", name))
		}
	}
	seen := map[string]bool{}
	for i, file := range files {
		if info, err := os.Stat(filepath.Join(string(r), file)); err != nil || info.Size() > 1<<20 {
			continue
		}
		for line := range strings.Lines(r.text(file)) {
			kind, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			blob, _, _ := strings.Cut(rest, " ")
			// Lines that begin with options (sshd(8)) restrict a key, which a profile cannot say.
			if !slices.Contains(keyKinds, kind) || seen[blob] {
				continue
			}
			seen[blob] = true
			all = append(all, strings.TrimSpace(line))
		}
		if i == 0 {
			authorized = slices.Clone(all)
		}
	}
	return authorized, all
}

// keyKinds are the names that sshd(8) gives to public keys.
var keyKinds = []string{
	"ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
	"sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
}
