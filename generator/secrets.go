package generator

import (
	"cmp"
	"fmt"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/cleartext"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Secret is where a machine finds a secret. The program never reads one.
type Secret struct {
	Name string
	// File is an absolute path on the machine, for a secret that the user put there.
	File string
	// SopsKey is the key in the host's sops file otherwise.
	SopsKey string
	// For is the service that reads it, "" for none of the catalogue.
	For string
}

type secret struct {
	Secret
	node *profile.Node
}

// sopsName is the name that the host's encrypted file has in the flake.
const sopsName = "secrets.yaml"

func (h *host) readSecrets() {
	h.secrets = map[string]secret{}
	for name, n := range h.node.Get("secrets").All() {
		s := secret{Secret: Secret{Name: name, File: n.Get("file").Str()}, node: n}
		if sops := n.Get("sops"); sops != nil {
			s.SopsKey = cmp.Or(sops.Str(), name)
		}
		h.secrets[name] = s
	}
}

// secretPath is the expression for the run-time path of a secret.
func (h *host) secretPath(name string, ref *profile.Node) (nix.Expr, error) {
	s, ok := h.secrets[name]
	if !ok && h.node.Known("secrets", name) {
		if near := profile.Nearest(name, sortedKeys(h.secrets)); near != "" {
			return nil, ref.Problem(ref.Path(), fmt.Sprintf("unknown secret %q", name),
				"the value is the name of an entry of secrets:, never the secret itself", profile.Meant(near))
		}
		at, example := secretKeyOf(ref)
		if name == example { // as messages propose; it is not shown, like any value here that is not declared
			return nil, ref.Problem(ref.Path(), at+" names a secret that host "+h.profile.Name+" does not have", "",
				fmt.Sprintf("add it under %s, by the name written here: secrets: {NAME: {file: /path}}", h.profile.Name))
		}
		// What is no name may be the secret itself.
		p := ref.Problem(ref.Path(), at+" must be the name of a secret of host "+h.profile.Name, "",
			fmt.Sprintf("add secrets: {%s: {file: /path}} under %s, and write %[1]s here", example, h.profile.Name))
		p.Code = profile.CodeSecret
		return nil, p
	}
	if s.For == "" {
		s.For = serviceOf(ref)
		h.secrets[name] = s
	}
	if s.File != "" {
		return nix.Str(s.File), nil
	}
	return nix.Ref{"config", "sops", "secrets", name, "path"}, nil
}

// secretKeyOf is what a message calls the place of a reference to a secret, and a name for the secret.
func secretKeyOf(ref *profile.Node) (at, example string) {
	parts := strings.Split(ref.Path(), ".")
	last := parts[len(parts)-1]
	switch {
	case len(parts) > 1 && strings.HasSuffix(parts[len(parts)-2], "Secrets") && secretName.MatchString(last):
		kind := strings.TrimSuffix(parts[len(parts)-2], "Secrets")
		return parts[len(parts)-2] + "." + last, last + "-" + hyphened(kind)
	case strings.HasSuffix(last, "Secret"):
		example = hyphened(strings.TrimSuffix(last, "Secret"))
		if owner := cmp.Or(serviceOf(ref), parts[max(0, len(parts)-2)]); secretName.MatchString(owner) {
			example = owner + "-" + example
		}
		return last, example
	}
	return "this", "NAME"
}

// hyphened is a key as a name in lower case: admin-password for adminPassword.
func hyphened(key string) string {
	return strings.ToLower(upper.ReplaceAllString(key, "-$0"))
}

var upper = lazyregexp.New(`[A-Z]`)

// secretName is a part of the name of a secret.
var secretName = lazyregexp.New(`^[a-z][a-z0-9-]*$`)

// serviceOf is the service that a node of the profile belongs to, "" outside of services.
func serviceOf(n *profile.Node) string {
	_, below, _ := strings.Cut(n.Pointer, "/services/")
	name, _, _ := strings.Cut(below, "/")
	return name
}

// secretFiles declares the secrets that sops-nix decrypts and copies their encrypted file.
func (h *host) secretFiles() error {
	var names []string
	for _, name := range sortedKeys(h.secrets) {
		h.summary.Secrets = append(h.summary.Secrets, h.secrets[name].Secret)
		if h.secrets[name].SopsKey != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	h.inputs["sops-nix"] = true
	h.imports = append(h.imports, nix.Ref{"inputs", "sops-nix", "nixosModules", "sops"})
	for _, name := range names {
		s := h.secrets[name]
		body := nix.Attrs{}
		if s.SopsKey != name {
			body.Body = append(body.Body, bind(nix.Str(s.SopsKey), "key"))
		}
		owner := s.node.Get("owner")
		if h.ofPassword(name) {
			// It is there before the accounts are made; others come after them, since they may belong to one.
			body.Body = append(body.Body, bind(nix.Bool(true), "neededForUsers"))
			if owner != nil && owner.Str() != "root" {
				h.problem(owner, fmt.Sprintf("secret %s cannot have an owner", name),
					"it is the password of a user, and there before any user is",
					"delete owner, or keep the password as a secret of its own")
			}
		} else if owner != nil {
			body.Body = append(body.Body, bind(nix.Str(owner.Str()), "owner"))
		}
		h.set(s.node, body, "sops", "secrets", name)
	}
	sops := h.node.Get("sops")
	if sops.Get("ageKeyFile") == nil {
		h.set(h.node, nix.Str("/var/lib/sops-nix/key.txt"), "sops", "age", "keyFile")
	}
	file := sops.Get("file")
	if file == nil && !h.node.Known("sops", "file") {
		return nil
	}
	if file == nil {
		h.problem(h.secrets[names[0]].node, "sops.file is missing",
			fmt.Sprintf("secret %s is kept with sops, but no encrypted file is named", names[0]),
			"add sops: {file: ./secrets.yaml}")
		return nil
	}
	return h.copySops(file, names)
}

// ofPassword tells whether a secret that sops-nix decrypts is the password of an account.
func (h *host) ofPassword(name string) bool {
	return slices.ContainsFunc(h.system, func(a mapping.Assignment) bool {
		n := len(a.Path)
		return n == 4 && a.Path[0] == "users" && a.Path[3] == "hashedPasswordFile" &&
			reflect.DeepEqual(a.Value, nix.Ref{"config", "sops", "secrets", name, "path"})
	})
}

// copySops copies the encrypted file into the flake, after a look at whether
// it is encrypted and has every key. The keys of a sops file are readable, the values are not.
func (h *host) copySops(file *profile.Node, names []string) error {
	name := file.Str()
	data, err := readBeside(file, h.in.Files)
	if err != nil {
		h.problem(file, "sops.file cannot be read", err.Error(), "make it with: sops "+name)
		return nil
	}
	keys, err := encryptedKeys(data)
	if err != nil {
		h.problem(file, "sops.file is not an encrypted file", err.Error(), "encrypt it with: sops encrypt -i "+name)
		return nil
	}
	for _, n := range names {
		key := h.secrets[n].SopsKey
		if !slices.Contains(keys, strings.Split(key, "/")[0]) {
			h.problem(h.secrets[n].node, fmt.Sprintf("secret %s is not in %s", n, name),
				fmt.Sprintf("the file has no key %q", key), "add it with: sops "+name)
		}
	}
	h.files = append(h.files, File{Path: "hosts/" + h.profile.Name + "/" + sopsName, Data: data})
	h.sopsFile, h.sopsKeys = ruleName(name), recipients(h.node.Get("sops"))
	h.set(file, nix.Path("./"+sopsName), "sops", "defaultSopsFile")
	return nil
}

// ruleName is what of a file's name a rule of .sops.yaml can go by wherever the
// profile lies: with its folders, so that files of one name keep their own keys.
func ruleName(name string) string {
	name = strings.TrimPrefix(path.Clean(name), "/")
	for strings.HasPrefix(name, "../") {
		name = strings.TrimPrefix(name, "../")
	}
	return name
}

// recipients are the keys that may read a host's encrypted file.
func recipients(sops *profile.Node) []string {
	keys := sops.Get("recipients").Texts()
	if own := sops.Get("hostKey"); own != nil {
		keys = append([]string{own.Str()}, keys...)
	}
	return keys
}

// sopsConfig is .sops.yaml: for each encrypted file the keys of the hosts that read it.
func sopsConfig(hosts []*host) []File {
	readers := map[string][]string{}
	for _, h := range hosts {
		if h.sopsFile == "" {
			continue
		}
		for _, key := range h.sopsKeys {
			if !slices.Contains(readers[h.sopsFile], key) {
				readers[h.sopsFile] = append(readers[h.sopsFile], key)
			}
		}
	}
	if len(readers) == 0 {
		return nil
	}
	var text strings.Builder
	text.WriteString("# Written by quick-deploy from the keys in the profile:\n" +
		"# sops --config .sops.yaml FILE\ncreation_rules:\n")
	files := sortedKeys(readers)
	// The first rule that fits counts: a/secrets.yaml goes before secrets.yaml.
	slices.SortStableFunc(files, func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	for _, file := range files {
		// A single quote is doubled in single-quoted YAML; keys are checked by the schema.
		pattern := strings.ReplaceAll(regexp.QuoteMeta(file), "'", "''")
		fmt.Fprintf(&text, "  - path_regex: '(^|/)%s$'\n    age: %s\n", pattern, strings.Join(readers[file], ","))
	}
	return []File{{Path: ".sops.yaml", Data: []byte(text.String())}}
}

// encryptedKeys are the top-level keys of a sops file in YAML. A value that is
// not encrypted is an error: the file would carry it into the store.
func encryptedKeys(data []byte) ([]string, error) {
	root, err := profile.Parse("secrets", data)
	if err != nil {
		return nil, err
	}
	if root.Get("sops") == nil {
		return nil, fmt.Errorf("it has no sops block")
	}
	var keys []string
	for _, f := range root.Fields {
		if f.Key == "sops" {
			continue
		}
		if clearText(f.Value) {
			return nil, fmt.Errorf("the value of %s is in clear text", f.Key)
		}
		keys = append(keys, f.Key)
	}
	return keys, nil
}

func clearText(n *profile.Node) bool {
	for _, inside := range n.All() {
		if clearText(inside) {
			return true
		}
	}
	return n.Scalar != nil && !cleartext.Sealed(n.Str())
}
