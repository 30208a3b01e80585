package fleet

import (
	"context"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
)

// WavePlan is what deploying a wave would do.
type WavePlan struct {
	Name  string      `json:"name"`
	Hosts []*HostPlan `json:"hosts"`
}

// HostPlan is a machine in a plan.
type HostPlan struct {
	Host   string `json:"host"`
	Target string `json:"target"`
	// State is what is known from earlier runs.
	State string `json:"state"`
	// Steps are what will run; none where the last run left the machine as it should be.
	Steps []deploy.Planned `json:"steps"`
}

// Plan says what Deploy would do, from the journals and by the tools that the machines have. It changes nothing.
func (f *Fleet) Plan(ctx context.Context) []WavePlan {
	out := []WavePlan{}
	var all []*HostPlan
	for _, w := range f.Waves {
		p := WavePlan{Name: w.Name}
		for _, name := range w.Hosts {
			p.Hosts = append(p.Hosts, &HostPlan{Host: name, Target: f.Hosts[name].Target.String()})
		}
		out, all = append(out, p), append(all, p.Hosts...)
	}
	each(f, all, func(p *HostPlan) { f.plan(ctx, f.Hosts[p.Host], p) })
	return out
}

func (f *Fleet) plan(ctx context.Context, h *Host, p *HostPlan) {
	state, err := f.state(h.Name)
	p.State, p.Steps = "not deployed from here yet", []deploy.Planned{}
	switch {
	case err != nil:
		p.State = err.Error()
	case state.Last != nil && !state.Last.Verdict.OK():
		p.State = "last: " + string(state.Last.Verdict)
	case state.Deployed == h.Fingerprint:
		p.State = "deployed as it is; will be checked"
	case state.Deployed != "":
		p.State = "changed since it was deployed"
	}
	if state.upToDate(h) && !f.Again {
		return
	}
	if p.Steps, err = f.deployer(h, "", nil).Steps(ctx, f.goal(h)); err != nil {
		p.State += "; its tools are not known: " + err.Error()
	}
}
