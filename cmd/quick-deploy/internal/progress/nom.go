package progress

import (
	"context"
	"io"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Nom hands Nix' progress to nix-output-monitor, for those who like its tree better.
type Nom struct {
	in    *io.PipeWriter
	ended chan error
}

// StartNom starts nix-output-monitor with its output on w, a terminal.
func StartNom(r run.Runner, w io.Writer) *Nom {
	out, in := io.Pipe()
	n := &Nom{in: in, ended: make(chan error, 1)}
	go func() {
		_, err := r.Run(context.Background(), run.Command{
			Name: "nom", Args: []string{"--json"}, Stdin: out, Stdout: w, Stderr: w, Terminal: true,
		})
		out.Close() // nobody reads the lines that are still to come
		n.ended <- err
	}()
	return n
}

// escapes matches what JSON writes for a backslash, and for control characters but line ends and tabs.
var escapes = lazyregexp.New(`(?i)\\\\|\\u00(?:0[0-8bcef]|1[0-9a-f]|7f|[89][0-9a-f])|\\[bf]`)

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
	n.in.Close()
	return <-n.ended
}
