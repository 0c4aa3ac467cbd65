// Package args reads the command line that both programs have.
package args

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// Parse reads the arguments of a program that takes one option, -config
// with the path of its configuration file. It returns the path, and whether an
// argument named it. What is wrong, or the usage if that was asked for, it says
// on stderr; the error is flag.ErrHelp if it was.
func Parse(program, usage, path string, args []string, stderr io.Writer) (chosen string, named bool, err error) {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		fmt.Fprintln(stderr, "\nOpciones:")
		flags.PrintDefaults()
	}
	flags.StringVar(&chosen, "config", path, "`archivo` de configuración")
	if err := flags.Parse(args); err != nil {
		return "", false, err
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "%s: argumento inesperado: %q\n", program, flags.Arg(0))
		return "", false, errors.New("unexpected argument")
	}
	flags.Visit(func(*flag.Flag) { named = true })
	return chosen, named, nil
}
