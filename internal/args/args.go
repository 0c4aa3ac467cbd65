// Package args reads the command lines of both programs.
package args

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"runtime/debug"
)

// Parse reads the arguments of a program that takes the option -config, with the
// path of its configuration file, and the options that define adds, if it is not
// nil. It returns the path, and whether an argument named it. Errors and the usage
// go to stderr, the version goes to stdout. If the usage or the version was asked
// for, the error is flag.ErrHelp.
func Parse(program, usage, path string, define func(*flag.FlagSet), args []string, stdout, stderr io.Writer) (chosen string, named bool, err error) {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		fmt.Fprintln(stderr, "\nOpciones:")
		flags.PrintDefaults()
	}
	flags.StringVar(&chosen, "config", path, "`archivo` de configuración")
	version := flags.Bool("version", false, "muestra de qué versión es el programa y termina")
	if define != nil {
		define(flags)
	}
	if err := flags.Parse(args); err != nil {
		return "", false, err
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "%s: argumento inesperado: %q\n", program, flags.Arg(0))
		return "", false, errors.New("unexpected argument")
	}
	if *version {
		info, _ := debug.ReadBuildInfo() // nil if the binary holds none
		fmt.Fprintf(stdout, "%s: %s\n", program, describe(info))
		return "", false, flag.ErrHelp
	}
	flags.Visit(func(f *flag.Flag) { named = named || f.Name == "config" })
	return chosen, named, nil
}
