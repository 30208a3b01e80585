//go:build js && wasm

// Command playground is the generator in a browser. It sets globalThis.quickDeploy, which a worker of the page calls:
//
//	call(name, jsonText)  the answer to a question, see package play, as a text of JSON
//	archive(format)       the flake as "tar", "tgz" or "zip", a Uint8Array
//
// What goes wrong is returned as an Error.
package main

import (
	"syscall/js"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/internal/built"
	"github.com/quick-deploy/quick-deploy/cmd/playground/internal/play"
)

// The linker sets them (-X main.version=…): the program's version, and what it was built from, see built.Source. With
// those of a release the page makes what that release makes.
var (
	version   = "dev"
	builtFrom string
)

func main() {
	page, err := play.New(built.Version(version), built.Source(builtFrom), time.Now)
	if err != nil {
		panic(err)
	}
	js.Global().Set("quickDeploy", map[string]any{
		"call": function(func(args []js.Value) (any, error) {
			out, err := page.Call(args[0].String(), []byte(args[1].String()))
			return string(out), err
		}),
		"archive": function(func(args []js.Value) (any, error) {
			data, err := page.Archive(args[0].String())
			if err != nil {
				return nil, err
			}
			out := js.Global().Get("Uint8Array").New(len(data))
			js.CopyBytesToJS(out, data)
			return out, nil
		}),
	})
	select {} // the functions are called from now on
}

// function is f as a function of JavaScript. Go cannot throw, so it returns what went wrong.
func function(f func(args []js.Value) (any, error)) js.Func {
	return js.FuncOf(func(_ js.Value, args []js.Value) any {
		out, err := f(args)
		if err != nil {
			return js.Global().Get("Error").New(err.Error())
		}
		return out
	})
}
