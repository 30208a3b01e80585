package machine

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
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
	r := reader{system.Of(os.DirFS(root))}
	var p Person
	p.Authorized, p.Keys = r.keys(u.Home)
	// The second overrides the first, as in git-config(1).
	for _, file := range []string{".config/git/config", ".gitconfig"} {
		system.ParseSections(r.Text(filepath.Join(u.Home, file)), func(section, key, value string) {
			switch strings.ToLower(section + "." + key) {
			case "user.name":
				p.GitName = strings.Trim(value, `"`)
			case "user.email":
				p.GitEmail = strings.Trim(value, `"`)
			}
		})
	}
	return p
}

func (r reader) keys(home string) (authorized, all []string) {
	files := []string{"authorized_keys"}
	for _, name := range r.List(filepath.Join(home, ".ssh")) {
		if strings.HasSuffix(name, ".pub") && !strings.HasSuffix(name, "-cert.pub") {
			files = append(files, name)
		}
	}
	seen := map[string]bool{}
	for i, file := range files {
		file = filepath.Join(home, ".ssh", file)
		if info, err := r.Stat(file); err != nil || info.Size() > 1<<20 {
			continue
		}
		for _, key := range system.ParseKeys(r.Text(file)) {
			// A profile cannot say how a key is restricted.
			if key.Restricted || !slices.Contains(keyKinds, key.Kind) || seen[key.Blob] {
				continue
			}
			seen[key.Blob] = true
			all = append(all, key.Line)
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
