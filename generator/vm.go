package generator

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// VM is a host as a virtual machine.
type VM struct {
	// Files are those of the module by which the host is extended, by name; module.nix is the module. Its argument
	// flake is the host's flake.
	Files map[string]string
	Pages []VMPage
	// Users can log in with Password, and root.
	Users []string
	// Secrets are the names of those that are replaced.
	Secrets []string
}

// VMPage is a service with web pages, and the port of the virtual machine by which it is reached from outside.
type VMPage struct {
	Port
	Guest int
}

// VMSize is what a virtual machine gets of the machine that it runs on, 0: as much as the host asks for.
type VMSize struct {
	Memory int64 // bytes
	Cores  int
}

// VMPassword is that of each account of a virtual machine. It ends up in the store, and is worth nothing: nobody
// gets in from another machine.
const VMPassword = "throwaway"

// What a virtual machine has at least: a desktop and its programs take more. Its disk grows as it is filled.
const (
	vmMemory, vmDesktopMemory = 2048, 4096 // MiB
	vmServiceMemory           = 256        // MiB, for each service with data of its own
	vmMostMemory              = 8192       // MiB
	vmCores                   = 2
	vmDisk                    = 20480 // MiB
	// vmPage is the first port by which pages are reached from outside. Nothing in the catalogue listens there.
	vmPage = 21000
)

//go:embed vm.nix
var vmModule string

// VM makes a virtual machine of the host.
func (h Host) VM(size VMSize) (VM, error) {
	vm := VM{}
	memory := int64(vmMemory)
	if h.Desktop {
		memory = vmDesktopMemory
	}
	pages, files, sops := nix.Attrs{}, nix.Attrs{}, nix.Attrs{}
	for _, s := range h.Services {
		if len(s.Info.Data) > 0 {
			memory = min(memory+vmServiceMemory, vmMostMemory)
		}
		for _, p := range s.Ports {
			if !s.page(p) {
				continue
			}
			guest := vmPage + len(vm.Pages)
			vm.Pages = append(vm.Pages, VMPage{p, guest})
			pages.Body = append(pages.Body, bind(nix.Int(p.Number), strconv.Itoa(guest)))
		}
	}
	for _, s := range h.Secrets {
		vm.Secrets = append(vm.Secrets, s.Name)
		if s.File != "" {
			files.Body = append(files.Body, bind(nix.Str(s.throwaway()), s.File))
		} else {
			sops.Body = append(sops.Body, bind(nix.Str(s.throwaway()), s.Name))
		}
	}
	homes := nix.List{}
	users := nix.List{nix.Str("root")}
	for _, u := range h.Users {
		vm.Users = append(vm.Users, u.Name)
		users = append(users, nix.Str(u.Name))
		if u.Home {
			homes = append(homes, nix.Str(u.Name))
		}
	}
	// A configuration may ask for more in virtualisation.vmVariant.
	sized := func(asked, otherwise int64) nix.Expr {
		if asked > 0 {
			return nix.Call{Fn: nix.Ref{"lib", "mkForce"}, Args: []nix.Expr{nix.Int(asked)}}
		}
		return nix.Call{Fn: nix.Ref{"lib", "mkDefault"}, Args: []nix.Expr{nix.Int(otherwise)}}
	}
	machine := nix.Attrs{Body: []nix.Binding{
		bind(nix.Str(h.Name), "host"), bind(users, "users"), bind(nix.Str(VMPassword), "password"),
		bind(homes, "homes"), bind(files, "files"), bind(sops, "sops"), bind(pages, "pages"),
		bind(sized((size.Memory+1<<20-1)>>20, memory), "memorySize"), bind(sized(int64(size.Cores), vmCores), "cores"),
		bind(sized(0, vmDisk), "diskSize"),
	}}
	extend := nix.Call{Fn: nix.Ref{"import"}, Args: []nix.Expr{nix.Path("./vm.nix"), machine}}
	module, err := nix.File{
		Header: "The values of this host for vm.nix.",
		Body: nix.Func{Params: []string{"lib"}, Body: nix.Attrs{
			Body: []nix.Binding{bind(nix.List{extend}, "imports")},
		}},
	}.Print()
	if err != nil {
		return vm, err
	}
	vm.Files = map[string]string{"module.nix": string(module.Source), "vm.nix": vmModule}
	return vm, nil
}

// page tells whether a browser gets something at a port of the service.
func (s Service) page(p Port) bool {
	h := s.Info.Health
	return p.Name == "http" || p.Name == "https" || h != nil && h.Port == p.Name && (s.Info.Pages || h.Path != "")
}

// throwaway is a text in the place of a secret, of the kind that its reader takes.
func (s Secret) throwaway() string {
	const salt = "throwaway"
	text := "throwaway-" + s.Name
	switch {
	case s.For == "weaviate": // it does not start without a key, once it asks for one
		return "AUTHENTICATION_APIKEY_ALLOWED_KEYS=" + text + "\nAUTHENTICATION_APIKEY_USERS=throwaway\n"
	case strings.HasSuffix(s.Key, "nvironmentSecret"): // lines NAME=value
		return "THROWAWAY=" + text + "\n"
	case s.For == "jupyter": // jupyter_server, auth/security.py: algorithm, salt, hash of VMPassword and salt
		return fmt.Sprintf("sha256:%s:%x", salt, sha256.Sum256([]byte(VMPassword+salt)))
	case s.For == "meilisearch": // no master key of less than 16 characters
		return text + strings.Repeat("-", max(0, 16-len(text)))
	}
	return text
}
