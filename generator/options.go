package generator

import "github.com/quick-deploy/quick-deploy/generator/mapping"

// HostOptions are the options that the profile sets on a host: those of NixOS,
// whose User is empty, and those of each home. An option to which several
// places of the profile add stands there several times.
type HostOptions struct {
	Host    string
	Options []mapping.Assignment
}

// Options tells which options Generate sets for the profile's sake, by host in
// the order of the profile. It works them out anew, for those who must explain
// a flake; the settings of hardware-configuration.nix and of the catalogue's
// modules are not among them. Errors are those of Generate.
func Options(in Input) ([]HostOptions, error) {
	fleet, err := readFleet(in.Profile)
	if err != nil {
		return nil, err
	}
	in.engine = fleet.Engine
	hosts, err := buildHosts(in, func(*host) {})
	if err != nil {
		return nil, err
	}
	out := make([]HostOptions, len(hosts))
	for i, h := range hosts {
		out[i] = HostOptions{Host: h.profile.Name, Options: h.system}
		for _, user := range sortedKeys(h.homes) {
			out[i].Options = append(out[i].Options, h.homes[user]...)
		}
	}
	return out, nil
}
