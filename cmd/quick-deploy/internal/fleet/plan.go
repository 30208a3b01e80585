package fleet

// WavePlan is what deploying a wave would do.
type WavePlan struct {
	Name     string     `json:"name"`
	Hosts    []HostPlan `json:"hosts"`
	Commands []string   `json:"commands"`
}

// HostPlan is a machine in a plan.
type HostPlan struct {
	Host   string `json:"host"`
	Target string `json:"target"`
	// State is what is known from earlier runs, without a look at the machine.
	State string `json:"state"`
}

// Plan says what Deploy would do, from the journals alone: it starts nothing.
func (f *Fleet) Plan(waves []Wave, hosts map[string]*Host) []WavePlan {
	out := []WavePlan{}
	for _, w := range waves {
		p := WavePlan{Name: w.Name, Commands: []string{}}
		var members []*Host
		for _, name := range w.Hosts {
			h := hosts[name]
			known, err := f.peek(name)
			state := "not deployed from here yet"
			switch {
			case err != nil:
				state = err.Error()
			case known.Deployed == h.Fingerprint:
				state = "deployed as it is; will be looked at"
			case known.Deployed != "":
				state = "changed since it was deployed"
			}
			if known.Last != nil && !known.Last.Verdict.OK() {
				state = "last: " + string(known.Last.Verdict)
			}
			p.Hosts = append(p.Hosts, HostPlan{Host: name, Target: h.Target.String(), State: state})
			if !f.Settled(h) {
				members = append(members, h)
			}
		}
		if len(members) > 0 {
			for _, v := range []verb{try, settle} {
				for _, o := range f.orders(v, members) {
					p.Commands = append(p.Commands, o.command.String())
				}
			}
		}
		out = append(out, p)
	}
	return out
}

// Settled reports whether the last run from here gave the machine what it should have, and found it well.
func (f *Fleet) Settled(h *Host) bool {
	known, _ := f.peek(h.Name)
	return known.Deployed == h.Fingerprint && (known.Last == nil || known.Last.Verdict.OK())
}
