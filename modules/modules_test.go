package modules

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var defaultList = regexp.MustCompile(`(mkDefault|mkOverride \d+) \(?\[|(mkDefault|mkOverride \d+) \($`)

// A list that is a default gives way as a whole to any other definition. So it is one only where it is one choice,
// and the line above says so.
func TestDefaultListsAreOneChoice(t *testing.T) {
	err := fs.WalkDir(Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(Files, path)
		if err != nil {
			return err
		}
		lines := strings.Split(string(data), "\n")
		for i, line := range lines {
			isList := defaultList.MatchString(line)
			if strings.HasSuffix(line, "(") {
				isList = isList && i+1 < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+1]), "[")
			}
			if isList && (i == 0 || !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "# One choice:")) {
				t.Errorf("%s:%d: a list by mkDefault is lost beside any other definition; "+
					"make it a plain definition, or say above it that it is \"# One choice:\"", path, i+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A site of nginx may name the services that register as its upstreams, and a target of Prometheus must not have
// the name of a job that a module makes: the schema knows both by pages and job of x-service.
func TestSchemaKnowsWhatRegisters(t *testing.T) {
	upstream := regexp.MustCompile(`services\.nginx\.upstreams = .*\n +([\w-]+)\.servers`)
	makes := regexp.MustCompile(`(?:job_name = |scrape )"([\w-]+)"`)
	var registered, jobs []string
	modules, err := fs.Glob(Files, "*.nix")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range modules {
		text, err := fs.ReadFile(Files, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range upstream.FindAllStringSubmatch(string(text), -1) {
			registered = append(registered, m[1])
		}
		for _, m := range makes.FindAllStringSubmatch(string(text), -1) {
			jobs = append(jobs, m[1])
		}
	}
	var saidPages, saidJobs []string
	services, err := filepath.Glob(filepath.Join("..", "schema", "services", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range services {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var said struct {
			Service struct {
				Pages bool
				Job   string
			} `json:"x-service"`
		}
		if err := json.Unmarshal(data, &said); err != nil {
			t.Fatal(err)
		}
		if said.Service.Pages {
			saidPages = append(saidPages, strings.TrimSuffix(filepath.Base(file), ".json"))
		}
		if said.Service.Job != "" {
			saidJobs = append(saidJobs, said.Service.Job)
		}
	}
	slices.Sort(jobs)
	slices.Sort(saidJobs)
	if diff := cmp.Diff(registered, saidPages); diff != "" {
		t.Errorf("other services have pages in the schema than register with nginx (-modules +schema):\n%s", diff)
	}
	if diff := cmp.Diff(jobs, saidJobs); diff != "" {
		t.Errorf("other jobs of Prometheus are in the schema than are made (-modules +schema):\n%s", diff)
	}
}
