package system

import (
	"cmp"
	"encoding/json"
	"strings"
)

// Account is an account that a system declares, or one of /etc/passwd.
type Account struct {
	Name  string
	Group string // the primary one
	Home  string
	Shell string // absolute, "" if it is left as it is
	// UID, Description and Groups, the primary one among them, are known of an account of /etc/passwd.
	UID         int
	Description string
	Groups      []string
	// Person says that it is a normal user, not one of a service.
	Person bool
	// Password says that one is declared. It is kept as what tells whether two
	// are the same, and for nothing else.
	Password password
	// PasswordFile is the file that its hash is read from at activation.
	PasswordFile string
}

// password is never printed, encoded or logged.
type password string

func (password) String() string               { return "(a password)" }
func (password) GoString() string             { return "(a password)" }
func (password) MarshalText() ([]byte, error) { return nil, nil }

// Accounts is what a system declares of users and groups.
type Accounts struct {
	// Mutable is users.mutableUsers: what was made by hand stays, passwords too.
	Mutable bool
	// Userborn says that services.userborn makes them. It disables accounts
	// that are gone, where update-users-groups.pl removes them.
	Userborn bool
	Users    map[string]Account
	Groups   map[string][]string // members that are declared, without those whose primary group it is
}

// declaration is users-groups.json (nixos/modules/config/users-groups.nix) and
// userborn.json (nixos/modules/services/system/userborn.nix).
type declaration struct {
	Mutable bool `json:"mutableUsers"`
	Users   []struct {
		Name         string `json:"name"`
		UID          *int   `json:"uid"`
		Group        string `json:"group"`
		Home         string `json:"home"`
		Shell        string `json:"shell"`        // null, as the others: ""
		System       *bool  `json:"isSystemUser"` // of update-users-groups.pl
		Normal       bool   `json:"isNormal"`     // of userborn
		Password     string `json:"password"`
		Hash         string `json:"hashedPassword"`
		PasswordFile string `json:"hashedPasswordFile"`
	} `json:"users"`
	Groups []struct {
		Name    string   `json:"name"`
		Members []string `json:"members"`
	} `json:"groups"`
}

// Accounts reads the accounts that a system declares. The activation script
// names the file for update-users-groups.pl, the unit of userborn its own.
// False where there is neither, as with systemd-sysusers.
func (t Toplevel) Accounts() (Accounts, bool) {
	a := Accounts{Users: map[string]Account{}, Groups: map[string][]string{}}
	file := findNamed(t.Text("activate"), "-users-groups.json")
	if file == "" {
		unit := t.Text(unitDir + "/userborn.service")
		file = findNamed(unit, "-userborn.json")
		a.Userborn, a.Mutable = true, strings.Contains(unit, "USERBORN_MUTABLE_USERS=true")
	}
	var d declaration
	if file == "" || json.Unmarshal(t.on.Data(file), &d) != nil {
		return a, false
	}
	a.Mutable = a.Mutable || d.Mutable
	for _, u := range d.Users {
		// root and a few services with fixed numbers are no system users either.
		normal := u.System != nil && !*u.System && u.Home != "/var/empty" && (u.UID == nil || isPerson(*u.UID))
		a.Users[u.Name] = Account{
			Name: u.Name, Group: u.Group, Home: u.Home, Shell: u.Shell, PasswordFile: u.PasswordFile,
			Person: normal || u.Normal, Password: password(cmp.Or(u.PasswordFile, u.Hash, u.Password)),
		}
	}
	for _, g := range d.Groups {
		a.Groups[g.Name] = g.Members
	}
	return a, true
}
