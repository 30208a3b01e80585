package systemdtest

var systems = []system{
	nixos("old", nil),
	nixos("new", nil),
	nixos("broken", func(s *system) { s.units["fresh.service"] = service("broken", "/bin/false", "") }),
}

var homes = []home{
	{variant: "old", cli: true, files: map[string]string{".config/app.conf": "old", ".config/gone/x": "old"}},
	{variant: "new", cli: true, files: map[string]string{".config/app.conf": "new", ".config/fresh/x": "new"}},
}

func scenarios() []scenario {
	return []scenario{
		{name: "good switch"},
		{name: "failing unit", system: "broken", code: 7, says: []string{"fresh.service"}},
	}
}
