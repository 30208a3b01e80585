package progress

import (
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Nom hands Nix' progress to nix-output-monitor, for those who like its tree better.
type Nom struct {
	cmd *exec.Cmd
	in  io.WriteCloser
}

// StartNom starts the program at path with its output on w, a terminal.
func StartNom(path string, w io.Writer) (*Nom, error) {
	cmd := exec.Command(path, "--json")
	cmd.Stdout, cmd.Stderr = w, w
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start nix-output-monitor: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start nix-output-monitor: %w", err)
	}
	return &Nom{cmd: cmd, in: in}, nil
}

// escapes matches what JSON writes for a backslash, and for control characters but line ends and tabs.
var escapes = regexp.MustCompile(`(?i)\\\\|\\u00(?:0[0-8bcef]|1[0-9a-f]|7f|[89][0-9a-f])|\\[bf]`)

// harmless is a line in JSON without control characters: nix-output-monitor
// would pass them on to the terminal.
func harmless(line string) string {
	return escapes.ReplaceAllStringFunc(term.Strip(line), func(s string) string {
		if s == `\\` {
			return s
		}
		return ""
	})
}

// Feed hands a line on, and says whether it was one of Nix' own.
func (n *Nom) Feed(line string) bool {
	if !strings.HasPrefix(line, nixlog.Prefix) {
		return false
	}
	// Its end is no reason to end the build; its lines are shown no more then.
	_, err := io.WriteString(n.in, harmless(line)+"\n")
	return err == nil
}

// Close ends the input and waits for the program.
func (n *Nom) Close() error {
	_ = n.in.Close() // a broken pipe here says what Wait will say
	if err := n.cmd.Wait(); err != nil {
		return fmt.Errorf("nix-output-monitor: %w", err)
	}
	return nil
}
