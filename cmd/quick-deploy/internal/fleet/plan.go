package fleet

import "github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"

// WavePlan is what deploying a wave would do.
type WavePlan struct {
	Name  string     `json:"name"`
	Hosts []HostPlan `json:"hosts"`
}

// HostPlan is a machine in a plan.
type HostPlan struct {
	Host   string `json:"host"`
	Target string `json:"target"`
	// State is what is known from earlier runs, without a look at the machine.
	State string `json:"state"`
	// Steps are what will run; none where the last run left the machine as it should be.
	Steps []deploy.Planned `json:"steps"`
}

// Plan says what Deploy would do, from the journals alone: it starts nothing.
func (f *Fleet) Plan(waves []Wave, hosts map[string]*Host, o Options) []WavePlan {
	out := []WavePlan{}
	for _, w := range waves {
		p := WavePlan{Name: w.Name}
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
			plan := HostPlan{Host: name, Target: h.Target.String(), State: state, Steps: []deploy.Planned{}}
			if o.Again || !f.Settled(h) {
				plan.Steps, err = f.deployer(h, "", nil).Steps(ctx, f.goal(h, o))
			}
			p.Hosts = append(p.Hosts, plan)
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
