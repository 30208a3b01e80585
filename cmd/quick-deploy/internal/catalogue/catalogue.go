// Package catalogue tells of the services that a profile can switch on.
package catalogue

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
	"github.com/quick-deploy/quick-deploy/modules"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Service is what there is to say about a service.
type Service struct {
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	Summary string        `json:"summary"`
	Ports   []schema.Port `json:"ports"`
	Needs   []string      `json:"needs"`
	Docs    string        `json:"docs,omitempty"`
	// Keys and Module are the details.
	Keys   []Key  `json:"keys,omitempty"`
	Module string `json:"module,omitempty"`

	description string
}

// Key is a key of the profile below a service.
type Key struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Default     any      `json:"default,omitempty"`
	Sets        []string `json:"sets"`
}

// services is the schema of all services, by name.
func services() (*schema.Node, error) {
	root, err := schema.Root()
	if err != nil {
		return nil, err
	}
	return root.Property("host").Property("services"), nil
}

// Known refuses names of services that there are not.
func Known(names ...string) error {
	all, err := services()
	if err != nil {
		return err
	}
	for _, name := range names {
		if all.Properties[name] != nil {
			continue
		}
		known := slices.Sorted(maps.Keys(all.Properties))
		if near := profile.Nearest(name, known); near != "" {
			return fault.New(fault.Usage, "unknown service %q; did you mean %s?", name, near)
		}
		e := fault.New(fault.Usage, "%q is not in the catalogue", name)
		if like := instead(name); all.Properties[like] != nil {
			e = fault.New(fault.Usage, "%q is not in the catalogue; nearest: %s", name, like)
		}
		if options := turnsOn(name); options != "" {
			e = e.Hint("any NixOS service works by its options: nixos: {%s}", options)
		} else if serviceName.MatchString(name) {
			e = e.Hint("quick-deploy search %s looks among all packages and options", name)
		}
		return e.Hint("quick-deploy services list shows the catalogue")
	}
	return nil
}

// turnsOn are the options that turn a service of NixOS on, as a profile has them; "" where there are none.
func turnsOn(name string) string {
	if !serviceName.MatchString(name) {
		return ""
	}
	options := index.Open(release.Default()).List(index.Option)
	if _, ok := options.Lookup("services." + name + ".enable"); !ok {
		return ""
	}
	text := fmt.Sprintf("services.%s.enable: true", name)
	// Without a default there is none to build.
	if e, ok := options.Lookup("services." + name + ".package"); ok && e.Type == "package" && e.Default == "" {
		choice := map[string]string{"mysql": "mariadb"}[name]
		if choice == "" {
			return ""
		}
		text += fmt.Sprintf(", services.%s.package: {$package: %s}", name, choice)
	}
	return text
}

// serviceName is what may be a service of NixOS.
var serviceName = lazyregexp.New(`^[a-z][a-z0-9-]*$`)

// instead is the service of the catalogue that does what another one does, "" if there is none.
func instead(name string) string {
	for service, others := range alike() {
		if slices.Contains(others, name) {
			return service
		}
	}
	return ""
}

// alike are what others know by services of the catalogue that do the same.
func alike() map[string][]string {
	return map[string][]string{
		"postgresql":  {"mysql", "mariadb", "mongodb", "sqlite", "cockroachdb"},
		"nginx":       {"apache", "apache2", "httpd", "caddy", "traefik", "haproxy", "lighttpd"},
		"redis":       {"memcached", "valkey", "keydb"},
		"forgejo":     {"gitlab", "gogs", "git"},
		"vaultwarden": {"bitwarden", "passbolt"},
		"restic":      {"borg", "borgbackup", "backup", "kopia", "duplicity"},
		"tailscale":   {"wireguard", "zerotier", "headscale", "openvpn", "netbird"},
		"syncthing":   {"nextcloud", "dropbox", "seafile", "owncloud"},
		"meilisearch": {"elasticsearch", "opensearch", "solr"},
		"printing":    {"cups", "printer"},
		"libvirt":     {"virtualbox", "qemu", "kvm", "virt-manager"},
		"k3s":         {"kubernetes", "k8s", "nomad", "microk8s"},
		"fail2ban":    {"crowdsec", "sshguard"},
		"netdata":     {"zabbix", "nagios", "munin"},
		"loki":        {"graylog", "elk", "splunk"},
	}
}

// All are the services by name, without details.
func All() ([]Service, error) {
	all, err := services()
	if err != nil {
		return nil, err
	}
	var out []Service
	for name, n := range all.All() {
		out = append(out, newService(name, n))
	}
	return out, nil
}

// Get is a service with its details.
func Get(name string) (Service, error) {
	if err := Known(name); err != nil {
		return Service{}, err
	}
	all, err := services()
	if err != nil {
		return Service{}, err
	}
	n := all.Property(name)
	s := newService(name, n)
	for k, c := range n.All() {
		s.Keys = append(s.Keys, Key{Name: k, Description: c.Description, Default: c.Default, Sets: OptionsSet(c)})
	}
	source, err := modules.Files.ReadFile(name + ".nix")
	if err != nil {
		return s, fmt.Errorf("read the module of %s: %w", name, err)
	}
	s.Module = string(source)
	return s, nil
}

func newService(name string, n *schema.Node) Service {
	out := Service{Name: name, Title: n.Title, Ports: []schema.Port{}, Needs: []string{}, description: n.Description}
	if s := n.Service; s != nil {
		out.Summary, out.Docs = s.Summary, s.Docs
		out.Ports, out.Needs = append(out.Ports, s.Ports...), append(out.Needs, s.Needs...)
	}
	return out
}

// OptionsSet are the options that a key sets, each once.
func OptionsSet(n *schema.Node) []string {
	out := []string{}
	for _, r := range n.Rules {
		if r.Option != "" && !slices.Contains(out, r.Option) {
			out = append(out, r.Option)
		}
	}
	return out
}

// PortList are the numbers of the ports, with commas.
func (s Service) PortList() string {
	var numbers []string
	for _, p := range s.Ports {
		numbers = append(numbers, fmt.Sprint(p.Port))
	}
	return strings.Join(slices.Compact(numbers), ",")
}

// WriteText writes all that there is to say.
func (s Service) WriteText(w io.Writer) {
	fmt.Fprintf(w, "%s: %s\n%s\n", s.Name, s.Title, s.description)
	for _, p := range s.Ports {
		fmt.Fprintf(w, "port %d/%s (%s)\n", p.Port, p.Protocol, p.Name)
	}
	if len(s.Needs) > 0 {
		fmt.Fprintf(w, "needs %s\n", strings.Join(s.Needs, ", "))
	}
	if s.Docs != "" {
		fmt.Fprintf(w, "docs: %s\n", s.Docs)
	}
	fmt.Fprintln(w, "\nkeys:")
	for _, k := range s.Keys {
		fmt.Fprintf(w, "  %s: %s\n", k.Name, k.Description)
		if k.Default != nil {
			fmt.Fprintf(w, "      default %s\n", inYAML(k.Default))
		}
		for _, o := range k.Sets {
			fmt.Fprintf(w, "      sets %s\n", o)
		}
	}
	fmt.Fprintf(w, "\nmodules/%s.nix:\n%s", s.Name, s.Module)
}

// inYAML is a default as a profile says it, on one line.
func inYAML(v any) string {
	text, err := json.Marshal(v)
	if err == nil {
		err = yaml.Unmarshal(text, &v) // numbers are text in the schema
	}
	if err == nil {
		text, err = yaml.MarshalWithOptions(v, yaml.Flow(true))
	}
	if err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(string(text))
}
