package progress

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
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

// Feed hands a line on, and says whether it was one of Nix' own.
func (n *Nom) Feed(line string) bool {
	if !strings.HasPrefix(line, prefix) {
		return false
	}
	// Its end is no reason to end the build; its lines are shown no more then.
	_, err := io.WriteString(n.in, line+"\n")
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
